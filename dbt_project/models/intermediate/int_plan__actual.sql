with indicator as (
    select
        'fct_indicator' as actual_table,
        fact_key,
        unit_code,
        period_key,
        indicator_code,
        measure,
        kind,
        comparator,
        value,
        value_high,
        value_text,
        stated_unit,
        0 as breakdowns,
        statement_no,
        submission_id,
        cell_ref
    from {{ ref('fct_indicator') }}
    where is_current
),

budget as (
    select
        'fct_budget' as actual_table,
        fact_key,
        unit_code,
        period_key,
        indicator_code,
        measure,
        case measure
            when 'settled' then 'official'
            when 'projected' then 'projected'
            else 'reported'
        end as kind,
        comparator,
        amount_vnd as value,
        null as value_high,
        value_text,
        stated_unit,
        case when budget_level = 'all' then 0 else 1 end as breakdowns,
        statement_no,
        submission_id,
        cell_ref
    from {{ ref('fct_budget') }}
    where is_current
),

investment as (
    select
        'fct_investment' as actual_table,
        fact_key,
        unit_code,
        period_key,
        indicator_code,
        measure,
        kind,
        comparator,
        coalesce(amount_vnd, amount_usd, quantity) as value,
        null as value_high,
        value_text,
        stated_unit,
        case when source_code = 'all' then 0 else 1 end as breakdowns,
        statement_no,
        submission_id,
        cell_ref
    from {{ ref('fct_investment') }}
    where is_current
),

trade as (
    select
        'fct_trade' as actual_table,
        fact_key,
        unit_code,
        period_key,
        indicator_code,
        measure,
        kind,
        comparator,
        coalesce(value_usd, quantity) as value,
        value_usd_high as value_high,
        value_text,
        stated_unit,
        case when direction = 'both' then 0 else 1 end
        + case when gate_code = 'all' then 0 else 1 end
        + case when commodity_code = 'all' then 0 else 1 end as breakdowns,
        statement_no,
        submission_id,
        cell_ref
    from {{ ref('fct_trade') }}
    where is_current
),

actual as (
    select * from indicator
    union all
    select * from budget
    union all
    select * from investment
    union all
    select * from trade
)

select
    actual.actual_table,
    actual.fact_key,
    actual.unit_code,
    actual.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    actual.indicator_code,
    actual.measure,
    -- a budget's outturn is the level of its line; an estimate is a plan, and meets nothing
    case
        when actual.measure in ('settled', 'outturn_cumulative', 'projected') then 'level'
        else actual.measure
    end as meets_measure,
    actual.kind,
    case actual.kind
        when 'official' then 1
        when 'preliminary' then 2
        when 'reported' then 3
        when 'projected' then 4
    end as kind_rank,
    actual.comparator,
    cast(actual.value as decimal(28, 6)) as value,
    cast(actual.value_high as decimal(28, 6)) as value_high,
    actual.value_text,
    actual.stated_unit,
    actual.breakdowns,
    actual.statement_no,
    actual.submission_id,
    actual.cell_ref
from actual
inner join {{ ref('dim_period') }} as period
    on actual.period_key = period.period_key
where
    actual.value is not null
    -- what ends after today has not happened, unless it is said to be an estimate
    and (actual.kind = 'projected' or period.end_date <= cast({{ as_of() }} as date))
