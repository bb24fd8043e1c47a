with keyed as (
    select
        *,
        {{ natural_key('fct_trade', [
            'unit_code', 'period_key', 'direction', 'basis', 'gate_code', 'commodity_code',
            'indicator_code', measure_at_base(), 'kind',
        ], ['line_code', 'regime_code']) }} as natural_key
    from {{ ref('int_observation__conformed') }}
    where fact = 'trade'
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
        {{ statement_no() }} as statement_no
    from latest
    where is_latest_statement
)

select
    *,
    natural_key || '/' || statement_no as fact_key
from numbered
