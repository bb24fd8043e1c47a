-- Each gate in the newest month: all goods that crossed it, in the month and since 1 January, and the growth.
select
    coalesce(gates.gate_name_vi, gates.gate_code) as gate_vi,
    gates.direction_vi,
    period.label_vi as period_vi,
    gates.crossing_usd / 1e6 as month_million,
    gates.crossing_growth_pct,
    gates.crossing_cumulative_usd / 1e6 as cumulative_million,
    gates.crossing_cumulative_growth_pct,
    max(gates.crossing_cumulative_usd / 1e6) over (partition by gates.direction) as largest_million,
    list_filter(
        gates.fact_keys, lambda key: key like '%/' || gates.period_key || '/%/crossing/%/level/%'
    ) as month_keys,
    list_filter(
        gates.fact_keys, lambda key: key like '%/' || gates.period_key || '/%/crossing/%/cumulative/%'
    ) as cumulative_keys,
    list_filter(gates.fact_keys, lambda key: key like '%/crossing/%/level/%') as month_growth_keys,
    list_filter(gates.fact_keys, lambda key: key like '%/crossing/%/cumulative/%') as cumulative_growth_keys
from mart_trade_by_gate as gates
inner join dim_period as period on gates.period_key = period.period_key
where gates.regime_code is null and gates.gate_code <> 'all' and gates.period_kind = 'month'
qualify gates.period_end = max(gates.period_end) over ()
order by
    case gates.direction when 'both' then 1 when 'export' then 2 else 3 end,
    gates.crossing_cumulative_usd desc nulls last, gates.gate_code
