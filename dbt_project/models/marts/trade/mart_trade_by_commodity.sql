-- How much of each commodity was exported and imported, by basis, and how did it grow?
{%- set dimensions = ['direction', 'commodity_code'] %}

with {{ trade_by_basis(dimensions, "commodity_code <> 'all' and gate_code = 'all'") }},

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
    now.commodity_code,
    commodity.name_vi as commodity_name_vi,
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
left join {{ ref('dim_commodity') }} as commodity
    on now.commodity_code = commodity.commodity_code
