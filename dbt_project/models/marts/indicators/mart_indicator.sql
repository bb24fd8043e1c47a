-- How does every social and economic indicator stand against its target and against last year?
with fact as (
    select
        *,
        -- several senders or forms may state one quantity
        {{ best_statement(['unit_key', 'period_key', 'indicator_code', 'measure', 'base_period_key']) }}
            as choice
    from {{ ref('fct_indicator') }}
    where is_current and kind <> 'planned' and (value is not null or rank_of is not null)
),

figure as (
    select * from fact
    where choice = 1
),

target as (
    select
        *,
        row_number() over (
            partition by unit_code, period_key, indicator_code, measure
            order by document_code asc nulls last, statement_no asc, fact_key asc
        ) as choice
    from {{ ref('fct_target') }}
    where is_current and is_authoritative
),

period as (
    select * from {{ ref('dim_period') }}
),

indicator as (
    select * from {{ ref('dim_indicator') }}
),

unit as (
    select * from {{ ref('dim_unit') }}
),

measure as (
    select
        code,
        label_vi
    from {{ ref('vocabulary') }}
    where list_code = 'measure'
),

unit_of_measure as (
    select * from {{ ref('unit_of_measure') }}
)

select
    indicator.domain_code,
    indicator.domain_vi,
    figure.indicator_code,
    indicator.name_vi as indicator_name_vi,
    figure.unit_code,
    unit.name_vi as unit_name_vi,
    unit.level as unit_level,
    figure.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    figure.measure,
    measure.label_vi as measure_vi,
    figure.base_period_key,
    figure.kind,
    figure.comparator,
    figure.value,
    figure.value_high,
    unit_of_measure.name_vi as value_unit_vi,
    figure.rank_of,
    last_year.value as last_year_value,
    cast(figure.value - last_year.value as decimal(28, 6)) as change_from_last_year,
    cast(
        100 * (figure.value - last_year.value) / nullif(abs(last_year.value), 0) as decimal(18, 4)
    ) as change_from_last_year_pct,
    cast(
        case when figure.measure = 'cumulative' then figure.value - coalesce(before.value, 0) end
        as decimal(28, 6)
    ) as flow_value,
    case
        when figure.measure = 'cumulative' and before.value is not null
            then figure.value < before.value
    end as is_decrease,
    target.comparator as target_comparator,
    target.value_low as target_low,
    target.value_high as target_high,
    target.document_code as target_document_code,
    cast(
        case
            when indicator.aggregation = 'sum' then 100 * figure.value / nullif(target.value_low, 0)
        end as decimal(18, 4)
    ) as of_target_pct,
    {{ fact_keys(['figure.fact_key', 'last_year.fact_key', 'before.fact_key', 'target.fact_key']) }}
        as fact_keys
from figure
inner join period
    on figure.period_key = period.period_key
left join indicator
    on figure.indicator_code = indicator.indicator_code
left join unit
    on figure.unit_key = unit.unit_key
left join measure
    on figure.measure = measure.code
left join unit_of_measure
    on figure.value_unit = unit_of_measure.unit_code
left join figure as last_year
    on
        figure.unit_key = last_year.unit_key
        and period.last_year_key = last_year.period_key
        and figure.indicator_code = last_year.indicator_code
        and figure.measure = last_year.measure
        and figure.base_period_key is null
        and last_year.base_period_key is null
-- the month before of a cumulative figure: in the first month of a year it is its own flow
left join figure as before
    on
        figure.measure = 'cumulative'
        and before.measure = 'cumulative'
        and figure.unit_key = before.unit_key
        and period.previous_in_year_key = before.period_key
        and figure.indicator_code = before.indicator_code
left join target
    on
        figure.unit_code = target.unit_code
        and cast(period.end_year as varchar) = target.period_key
        and figure.indicator_code = target.indicator_code
        and case when figure.measure = 'cumulative' then 'level' else figure.measure end
        = target.measure
        and target.choice = 1
