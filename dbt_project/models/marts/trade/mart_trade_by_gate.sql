-- How much went through each border gate, by regime, direction and basis, and how did it grow?
{%- set dimensions = ['direction', 'gate_code', 'regime_code'] %}

with {{ trade_by_basis(dimensions, "commodity_code = 'all'") }},

period as (
    select * from {{ ref('dim_period') }}
),

vocabulary as (
    select * from {{ ref('vocabulary') }}
)

select
    now.unit_code,
    now.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    now.direction,
    direction.label_vi as direction_vi,
    now.gate_code,
    gate.name_vi as gate_name_vi,
    now.regime_code,
    regime.label_vi as regime_vi,
    {{ trade_amounts() }}
    now.is_approximate,
    list_concat(now.fact_keys, last_year.fact_keys) as fact_keys
from by_basis as now
inner join period
    on now.period_key = period.period_key
left join by_basis as last_year
    on
        {{ same_trade_last_year(dimensions) }}
left join vocabulary as direction
    on now.direction = direction.code and direction.list_code = 'direction'
left join {{ ref('dim_border_gate') }} as gate
    on now.gate_code = gate.gate_code
left join vocabulary as regime
    on now.regime_code = regime.code and regime.list_code = 'regime'
