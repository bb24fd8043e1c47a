with keyed as (
    select
        *,
        {{ natural_key(
            'fct_target', ['unit_code', 'period_key', 'indicator_code', 'measure', 'document_code']
        ) }} as natural_key
    from {{ ref('int_observation__conformed') }}
    where fact = 'target'
),

latest as (
    select
        *,
        {{ is_latest_statement() }} as is_latest_statement
    from keyed
),

numbered as (
    select
        *,
        {{ statement_no() }} as statement_no,
        {{ preference() }} as preference
    from latest
    where is_latest_statement
)

select
    *,
    natural_key || '/' || statement_no as fact_key,
    {{ outranked_by() }} as outranked_by
from numbered
