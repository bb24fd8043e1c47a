-- Vehicles and declarations through each gate in the newest month.
select
    coalesce(traffic.gate_name_vi, traffic.gate_code) as gate_vi,
    traffic.line_name_vi as line_vi,
    direction.label_vi as direction_vi,
    traffic.measure_vi,
    period.label_vi as period_vi,
    traffic.quantity,
    traffic.quantity_unit_vi,
    traffic.change_from_last_year_pct,
    traffic.fact_key,
    traffic.fact_keys
from mart_gate_traffic as traffic
inner join dim_period as period on traffic.period_key = period.period_key
left join dim_code as direction on traffic.direction = direction.code and direction.list_code = 'direction'
where traffic.commodity_code = 'all' and traffic.period_kind = 'month'
qualify traffic.period_end = max(traffic.period_end) over ()
order by
    traffic.measure, traffic.quantity_unit, case traffic.direction when 'both' then 1 when 'export' then 2 else 3 end,
    traffic.quantity desc nulls last, traffic.gate_code, traffic.line_code, traffic.fact_key
