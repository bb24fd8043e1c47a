-- Every current figure of every fact in one shape: what it is about, its value in the base unit, where it
-- stands. The scorecard takes its actuals from here, the identities between stated figures all of it.
with indicator as (
    select
        'fct_indicator' as fact_table,
        fact_key,
        unit_code,
        period_key,
        base_period_key,
        indicator_code,
        measure,
        kind,
        cast(null as varchar) as document_code,
        comparator,
        value,
        value_high,
        printed_step,
        coalesce(corrected_text, value_text) as value_text,
        stated_unit,
        0 as breakdowns,
        statement_no,
        outranked_by,
        source_rank,
        submission_id,
        cell_ref
    from {{ ref('fct_indicator') }}
    where is_current
),

budget as (
    select
        'fct_budget' as fact_table,
        fact_key,
        unit_code,
        period_key,
        cast(null as varchar) as base_period_key,
        indicator_code,
        measure,
        case measure
            when 'settled' then 'official'
            when 'projected' then 'projected'
            else 'reported'
        end as kind,
        cast(null as varchar) as document_code,
        comparator,
        amount_vnd as value,
        null as value_high,
        printed_step,
        coalesce(corrected_text, value_text) as value_text,
        stated_unit,
        case when budget_level = 'all' then 0 else 1 end as breakdowns,
        statement_no,
        outranked_by,
        source_rank,
        submission_id,
        cell_ref
    from {{ ref('fct_budget') }}
    where is_current
),

investment as (
    select
        'fct_investment' as fact_table,
        fact_key,
        unit_code,
        period_key,
        cast(null as varchar) as base_period_key,
        indicator_code,
        measure,
        kind,
        cast(null as varchar) as document_code,
        comparator,
        coalesce(amount_vnd, amount_usd, quantity) as value,
        null as value_high,
        printed_step,
        coalesce(corrected_text, value_text) as value_text,
        stated_unit,
        case when source_code = 'all' then 0 else 1 end
        + case when project_code is null then 0 else 1 end
        + case when package is null then 0 else 1 end as breakdowns,
        statement_no,
        outranked_by,
        source_rank,
        submission_id,
        cell_ref
    from {{ ref('fct_investment') }}
    where is_current
),

trade as (
    select
        'fct_trade' as fact_table,
        fact_key,
        unit_code,
        period_key,
        base_period_key,
        indicator_code,
        measure,
        kind,
        cast(null as varchar) as document_code,
        comparator,
        coalesce(value_usd, quantity) as value,
        value_usd_high as value_high,
        printed_step,
        coalesce(corrected_text, value_text) as value_text,
        stated_unit,
        case when direction = 'both' then 0 else 1 end
        + case when gate_code = 'all' then 0 else 1 end
        + case when commodity_code = 'all' then 0 else 1 end
        + case when regime_code is null then 0 else 1 end as breakdowns,
        statement_no,
        outranked_by,
        source_rank,
        submission_id,
        cell_ref
    from {{ ref('fct_trade') }}
    where is_current
),

target as (
    select
        'fct_target' as fact_table,
        fact_key,
        unit_code,
        period_key,
        cast(null as varchar) as base_period_key,
        indicator_code,
        measure,
        cast(null as varchar) as kind,
        document_code,
        comparator,
        value_low as value,
        value_high,
        printed_step,
        coalesce(corrected_text, value_text) as value_text,
        stated_unit,
        0 as breakdowns,
        statement_no,
        outranked_by,
        source_rank,
        submission_id,
        cell_ref
    from {{ ref('fct_target') }}
    where is_current
),

figure as (
    select * from indicator
    union all
    select * from budget
    union all
    select * from investment
    union all
    select * from trade
    union all
    select * from target
)

select
    figure.fact_table,
    figure.fact_key,
    figure.unit_code,
    figure.period_key,
    figure.base_period_key,
    figure.indicator_code,
    figure.measure,
    -- a budget's outturn of a year is the level of its line, within the year it runs from 1 January;
    -- an estimate is a plan, another quantity
    case
        when figure.measure in ('settled', 'projected') then 'level'
        when
            figure.measure in ('outturn_cumulative', 'disbursed_cumulative', 'cumulative')
            then case when period.kind = 'year' then 'level' else 'cumulative' end
        when figure.measure in ('outturn', 'disbursed') then 'level'
        else figure.measure
    end as meets_measure,
    figure.kind,
    figure.document_code,
    figure.comparator,
    cast(figure.value as decimal(28, 6)) as value,
    cast(figure.value_high as decimal(28, 6)) as value_high,
    figure.printed_step,
    figure.value_text,
    figure.stated_unit,
    figure.breakdowns,
    figure.statement_no,
    figure.outranked_by,
    figure.source_rank,
    figure.submission_id,
    figure.cell_ref
from figure
left join {{ ref('dim_period') }} as period
    on figure.period_key = period.period_key
where figure.value is not null
