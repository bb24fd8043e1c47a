with fact as (
    select * from {{ ref('fct_trade') }}
    where is_current and statement_no = 1 and kind <> 'projected'
),

period as (
    select * from {{ ref('dim_period') }}
    where kind = 'month'
),

vocabulary as (
    select * from {{ ref('vocabulary') }}
)

-- one basis a row: the bases differ by a factor of 10 to 500 and are never added
select
    fact.period_key,
    period.end_date as period_end,
    fact.basis,
    basis_name.label_vi as basis_name_vi,
    fact.direction,
    fact.gate_code,
    gate.name_vi as gate_name_vi,
    fact.regime_code,
    regime_name.label_vi as regime_name_vi,
    fact.commodity_code,
    commodity.name_vi as commodity_name_vi,
    fact.line_code,
    cast(max(case when fact.measure = 'level' then fact.value_usd end) as decimal(24, 2))
        as value_usd,
    cast(max(case when fact.measure = 'cumulative' then fact.value_usd end) as decimal(24, 2))
        as value_cumulative_usd,
    cast(max(case when fact.measure = 'level' then fact.quantity end) as decimal(24, 6)) as quantity,
    cast(max(case when fact.measure = 'cumulative' then fact.quantity end) as decimal(24, 6))
        as quantity_cumulative,
    max(fact.quantity_unit) as quantity_unit
from fact
inner join period
    on fact.period_key = period.period_key
left join {{ ref('dim_border_gate') }} as gate
    on fact.gate_code = gate.gate_code
left join {{ ref('dim_commodity') }} as commodity
    on fact.commodity_code = commodity.commodity_code
left join vocabulary as basis_name
    on fact.basis = basis_name.code and basis_name.list_code = 'basis'
left join vocabulary as regime_name
    on fact.regime_code = regime_name.code and regime_name.list_code = 'regime'
where fact.measure in ('level', 'cumulative')
group by
    fact.period_key,
    period.end_date,
    fact.basis,
    basis_name.label_vi,
    fact.direction,
    fact.gate_code,
    gate.name_vi,
    fact.regime_code,
    regime_name.label_vi,
    fact.commodity_code,
    commodity.name_vi,
    fact.line_code,
    case when fact.value_usd is null then fact.quantity_unit end
