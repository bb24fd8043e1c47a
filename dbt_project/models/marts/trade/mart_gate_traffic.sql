-- How many vehicles and declarations, and how much tonnage, passed each gate and in which direction?
with fact as (
    select
        *,
        row_number() over (
            partition by unit_code, period_key, basis, direction, gate_code, regime_code, commodity_code, line_code, measure
            order by source_rank asc, statement_no asc, fact_key asc
        ) as choice
    from {{ ref('fct_trade') }}
    where is_current and quantity is not null and kind not in ('planned', 'projected')
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
    fact.unit_code,
    fact.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    fact.basis,
    fact.direction,
    fact.gate_code,
    gate.name_vi as gate_name_vi,
    fact.commodity_code,
    commodity.name_vi as commodity_name_vi,
    fact.line_code,
    line.name_vi as line_name_vi,
    fact.measure,
    measure.label_vi as measure_vi,
    fact.quantity,
    fact.quantity_unit,
    unit_of_measure.name_vi as quantity_unit_vi,
    cast(
        100 * (fact.quantity - last_year.quantity) / nullif(last_year.quantity, 0) as decimal(18, 4)
    ) as change_from_last_year_pct,
    fact.fact_key,
    {{ fact_keys(['fact.fact_key', 'last_year.fact_key']) }} as fact_keys
from fact
inner join {{ ref('dim_period') }} as period
    on fact.period_key = period.period_key
left join fact as last_year
    on
        last_year.choice = 1
        and fact.unit_code = last_year.unit_code
        and period.last_year_key = last_year.period_key
        and fact.basis = last_year.basis
        and fact.direction = last_year.direction
        and fact.gate_code = last_year.gate_code
        and fact.regime_code is not distinct from last_year.regime_code
        and fact.commodity_code = last_year.commodity_code
        and fact.line_code is not distinct from last_year.line_code
        and fact.measure = last_year.measure
left join {{ ref('dim_border_gate') }} as gate
    on fact.gate_code = gate.gate_code
left join {{ ref('dim_commodity') }} as commodity
    on fact.commodity_code = commodity.commodity_code
left join {{ ref('trade_line') }} as line
    on fact.line_code = line.line_code
left join measure
    on fact.measure = measure.code
left join unit_of_measure
    on fact.quantity_unit = unit_of_measure.unit_code
where fact.choice = 1
