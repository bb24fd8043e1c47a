with observation as (
    select * from {{ ref('stg_raw__observation') }}
),

unit_of_measure as (
    select * from {{ ref('unit_of_measure') }}
),

indicator as (
    select * from {{ ref('indicator') }}
),

measure as (
    select
        code,
        value_unit_code
    from {{ ref('vocabulary') }}
    where list_code = 'measure'
),

period as (
    select * from {{ source('raw', 'period') }}
),

unit as (
    select * from {{ ref('dim_unit') }}
),

-- where a period lies outside the validity of a code, its newest unit is meant
newest_unit as (
    select
        unit_code,
        max(valid_from) as valid_from
    from unit
    group by unit_code
),

measured as (
    select
        observation.* exclude (indicator_code),
        -- a column of declarations on the line of total trade does not state total trade
        case
            when
                observation.line_code is null
                or measure.value_unit_code is not null
                or coalesce(unit_of_measure.base_unit_code, indicator.unit_code) = indicator.unit_code
                then observation.indicator_code
        end as indicator_code,
        period.end_date as period_end,
        cast(year(period.end_date) as integer) as budget_year,
        {{ value_unit(
            'observation.measure',
            'measure.value_unit_code',
            'coalesce(unit_of_measure.base_unit_code, observation.stated_unit)',
            'indicator.unit_code'
        ) }} as value_unit,
        coalesce(unit_of_measure.factor, cast(1 as decimal(20, 6))) as factor
    from observation
    left join period
        on observation.period_key = period.period_key
    left join indicator
        on observation.indicator_code = indicator.indicator_code
    left join measure
        on observation.measure = measure.code
    left join unit_of_measure
        on observation.stated_unit = unit_of_measure.unit_code
)

select
    measured.*,
    coalesce(
        unit_then.unit_key,
        newest_unit.unit_code || ':' || cast(newest_unit.valid_from as varchar),
        measured.unit_code || ':unknown'
    ) as unit_key,
    {{ in_base_unit('measured.number') }} as value,
    {{ in_base_unit('measured.number_high') }} as value_high,
    {{ in_base_unit('measured.printed_step') }} as step
from measured
left join unit as unit_then
    on
        measured.unit_code = unit_then.unit_code
        and measured.period_end >= unit_then.valid_from
        and measured.period_end <= coalesce(unit_then.valid_to, measured.period_end)
left join newest_unit
    on measured.unit_code = newest_unit.unit_code
