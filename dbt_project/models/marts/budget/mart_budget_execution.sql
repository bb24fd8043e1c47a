with amount as (
    select
        unit_code,
        period_key,
        line_code,
        budget_level,
        max(case when measure = 'outturn_cumulative' then amount_vnd end) as outturn_cumulative_vnd,
        max(case when measure = 'outturn_cumulative' then form_code end) as form_code
    from {{ ref('fct_budget') }}
    where is_current and statement_no = 1
    group by unit_code, period_key, line_code, budget_level
),

estimate as (
    select
        unit_code,
        period_key,
        line_code,
        budget_level,
        max(case when measure = 'estimate_assigned' then amount_vnd end) as estimate_assigned_vnd,
        max(case when measure = 'estimate_council' then amount_vnd end) as estimate_council_vnd
    from {{ ref('fct_budget') }}
    where is_current and statement_no = 1
    group by unit_code, period_key, line_code, budget_level
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
        cast(year(end_date) as varchar) as year_key
    from {{ ref('dim_period') }}
)

select
    amount.unit_code,
    unit.name_vi as unit_name_vi,
    unit.level as unit_level,
    amount.period_key,
    period.end_date as period_end,
    line.list_code,
    amount.line_code,
    line.symbol,
    line.name_vi as line_name_vi,
    line.depth,
    line.budget_side,
    amount.budget_level,
    cast(estimate.estimate_assigned_vnd as decimal(24, 2)) as estimate_assigned_vnd,
    cast(estimate.estimate_council_vnd as decimal(24, 2)) as estimate_council_vnd,
    cast(amount.outturn_cumulative_vnd as decimal(24, 2)) as outturn_cumulative_vnd,
    cast(
        100 * amount.outturn_cumulative_vnd
        / nullif(coalesce(estimate.estimate_assigned_vnd, estimate.estimate_council_vnd), 0)
        as decimal(18, 4)
    ) as outturn_of_estimate_pct,
    amount.form_code
from amount
inner join period
    on amount.period_key = period.period_key
left join estimate
    on
        amount.unit_code = estimate.unit_code
        and period.year_key = estimate.period_key
        and amount.line_code = estimate.line_code
        and amount.budget_level = estimate.budget_level
left join line
    on amount.line_code = line.line_code
left join unit
    on amount.unit_code = unit.unit_code
where amount.outturn_cumulative_vnd is not null
