with observation as (
    select
        *,
        -- a line without an indicator of its own still names its figures
        coalesce(indicator_code, line_code) as quantity_code
    from {{ ref('int_observation__conformed') }}
    where fact = 'indicator'
),

keyed as (
    select
        *,
        {{ natural_key(
            'fct_indicator', ['unit_code', 'period_key', 'quantity_code', measure_at_base(), 'kind']
        ) }} as natural_key
    from observation
),

{{ numbered_statements('keyed') }}

select * from numbered
