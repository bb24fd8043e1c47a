with keyed as (
    select
        *,
        {{ natural_key(
            'fct_target', ['unit_code', 'period_key', 'indicator_code', 'measure', 'document_code']
        ) }} as natural_key
    from {{ ref('int_observation__conformed') }}
    where fact = 'target'
),

{{ numbered_statements('keyed') }}

select * from numbered
