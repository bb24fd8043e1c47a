-- How much of each estimate has been collected or spent, against last year, by line, unit and level?
with amount as (
    select
        unit_code,
        period_key,
        line_code,
        budget_level,
        measure,
        amount_vnd,
        fact_key,
        form_code
    from {{ ref('fct_budget') }}
    where is_current and outranked_by is null and amount_vnd is not null and {{ only_wanted('unit', 'unit_code') }}
),

-- what came in or went out from 1 January to the end of a period: final where it is settled, reported, or of a whole
-- year or five years only projected yet
stated_outturn as (
    select
        *,
        row_number() over (
            partition by unit_code, period_key, line_code, budget_level
            order by
                case measure when 'settled' then 1 when 'outturn_cumulative' then 2 else 3 end asc,
                fact_key asc
        ) as choice
    from amount
    where measure in ('settled', 'outturn_cumulative', 'projected')
),

estimate as (
    select
        unit_code,
        period_key,
        line_code,
        budget_level,
        max(case when measure = 'estimate_assigned' then amount_vnd end) as estimate_assigned_vnd,
        max(case when measure = 'estimate_assigned' then fact_key end) as assigned_fact_key,
        max(case when measure = 'estimate_council' then amount_vnd end) as estimate_council_vnd,
        max(case when measure = 'estimate_council' then fact_key end) as council_fact_key
    from amount
    where measure in ('estimate_assigned', 'estimate_council')
    group by unit_code, period_key, line_code, budget_level
),

with_outturn as (
    select distinct
        stated_outturn.unit_code,
        cast(period.end_year as varchar) as year_key,
        stated_outturn.line_code,
        stated_outturn.budget_level
    from stated_outturn
    inner join {{ ref('dim_period') }} as period
        on stated_outturn.period_key = period.period_key and period.kind <> 'span'
),

-- an estimate of which nothing is reported yet is a row of its year
outturn as (
    select
        unit_code,
        period_key,
        line_code,
        budget_level,
        measure,
        amount_vnd,
        fact_key,
        form_code
    from stated_outturn
    where choice = 1
    union all
    select
        estimate.unit_code,
        estimate.period_key,
        estimate.line_code,
        estimate.budget_level,
        null as measure,
        null as amount_vnd,
        null as fact_key,
        null as form_code
    from estimate
    left join with_outturn
        on
            estimate.unit_code = with_outturn.unit_code
            and estimate.period_key = with_outturn.year_key
            and estimate.line_code = with_outturn.line_code
            and estimate.budget_level = with_outturn.budget_level
    where with_outturn.unit_code is null
),

line as (
    select * from {{ ref('dim_budget_line') }}
),

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
),

period as (
    select
        period_key,
        kind,
        end_date,
        previous_in_year_key,
        last_year_key,
        cast(end_year as varchar) as year_key
    from {{ ref('dim_period') }}
)

select
    outturn.unit_code,
    unit.name_vi as unit_name_vi,
    unit.level as unit_level,
    outturn.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    line.list_code,
    outturn.line_code,
    line.symbol,
    line.name_vi as line_name_vi,
    line.path_vi as line_path_vi,
    line.depth,
    line.budget_side,
    outturn.budget_level,
    cast(estimate.estimate_assigned_vnd as decimal(24, 2)) as estimate_assigned_vnd,
    cast(estimate.estimate_council_vnd as decimal(24, 2)) as estimate_council_vnd,
    outturn.measure as outturn_measure,
    cast(outturn.amount_vnd as decimal(24, 2)) as outturn_cumulative_vnd,
    cast(outturn.amount_vnd - coalesce(before.amount_vnd, 0) as decimal(24, 2)) as outturn_vnd,
    before.amount_vnd is not null or period.previous_in_year_key is null as is_flow_complete,
    coalesce(outturn.amount_vnd < before.amount_vnd, false) as is_decrease,
    cast(
        100 * outturn.amount_vnd
        / nullif(coalesce(estimate.estimate_assigned_vnd, estimate.estimate_council_vnd), 0)
        as decimal(18, 4)
    ) as outturn_of_estimate_pct,
    cast(last_year.amount_vnd as decimal(24, 2)) as outturn_last_year_vnd,
    cast(100 * outturn.amount_vnd / nullif(last_year.amount_vnd, 0) as decimal(18, 4))
        as outturn_of_last_year_pct,
    outturn.form_code,
    {{ fact_keys([
        'outturn.fact_key', 'estimate.assigned_fact_key', 'estimate.council_fact_key',
        'before.fact_key', 'last_year.fact_key',
    ]) }} as fact_keys
from outturn
inner join period
    on outturn.period_key = period.period_key
left join estimate
    on
        outturn.unit_code = estimate.unit_code
        and period.year_key = estimate.period_key
        and outturn.line_code = estimate.line_code
        and outturn.budget_level = estimate.budget_level
left join outturn as before
    on
        outturn.unit_code = before.unit_code
        and period.previous_in_year_key = before.period_key
        and outturn.line_code = before.line_code
        and outturn.budget_level = before.budget_level
left join outturn as last_year
    on
        outturn.unit_code = last_year.unit_code
        and period.last_year_key = last_year.period_key
        and outturn.line_code = last_year.line_code
        and outturn.budget_level = last_year.budget_level
left join line
    on outturn.line_code = line.line_code
left join unit
    on outturn.unit_code = unit.unit_code
