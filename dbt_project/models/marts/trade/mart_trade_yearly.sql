-- The three bases differ by a factor of 10 to 500: they stand in rows of their own, and no total is built.
with trade as (
    select
        *,
        row_number() over (
            partition by unit_code, period_key, basis, direction, gate_code
            order by
                case kind
                    when 'official' then 1
                    when 'preliminary' then 2
                    when 'reported' then 3
                    when 'projected' then 4
                end asc nulls last,
                statement_no asc,
                fact_key asc
        ) as choice,
        count(*) over (
            partition by unit_code, period_key, basis, direction, gate_code
        ) as n_statements
    from {{ ref('fct_trade') }}
    where
        is_current
        and unit_code = '{{ var("province_unit_code") }}'
        and commodity_code = 'all'
        and measure = 'level'
        and value_usd is not null
)

select
    trade.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    trade.basis,
    basis.label_vi as basis_vi,
    trade.direction,
    direction.label_vi as direction_vi,
    trade.gate_code,
    gate.name_vi as gate_name_vi,
    trade.indicator_code,
    trade.kind,
    trade.comparator,
    trade.value_usd,
    trade.value_usd_high,
    cast(trade.value_usd / 1000000 as decimal(24, 6)) as value_million_usd,
    trade.n_statements,
    trade.fact_key
from trade
left join {{ ref('dim_period') }} as period
    on trade.period_key = period.period_key
left join {{ ref('dim_border_gate') }} as gate
    on trade.gate_code = gate.gate_code
left join {{ ref('vocabulary') }} as basis
    on
        trade.basis = basis.code
        and basis.list_code = 'basis'
left join {{ ref('vocabulary') }} as direction
    on
        trade.direction = direction.code
        and direction.list_code = 'direction'
where trade.choice = 1
