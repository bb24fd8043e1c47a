-- State budget revenue of the province by month, as the treasury counts it: of the month, and since 1 January.
select
    period.label_vi as period_vi,
    execution.line_name_vi as line_vi,
    execution.outturn_vnd / 1e9 as month_billion,
    execution.outturn_cumulative_vnd / 1e9 as cumulative_billion,
    execution.outturn_last_year_vnd / 1e9 as last_year_billion,
    case when execution.is_decrease then 'Lũy kế giảm so với tháng trước' else 'Không' end as note_vi,
    execution.fact_keys as month_keys,
    list_filter(execution.fact_keys, lambda key: key like '%/' || execution.period_key || '/%') as cumulative_keys,
    list_filter(execution.fact_keys, lambda key: key like '%/' || period.last_year_key || '/%') as last_year_keys
from mart_budget_execution as execution
inner join dim_unit as unit
    on execution.unit_code = unit.unit_code and unit.level = 'province' and unit.valid_to is null
left join dim_budget_line as line on execution.line_code = line.line_code
inner join dim_period as period on execution.period_key = period.period_key
where
    execution.list_code = 'kbnn' and execution.budget_level = 'all' and execution.period_kind = 'month'
    and execution.depth <= 2 and execution.budget_side = 'revenue'
qualify
    execution.period_end > max(execution.period_end) over () - interval 24 month
    and max(abs(execution.outturn_cumulative_vnd)) over (partition by execution.line_code) > 0
order by line.line_no, execution.line_code, execution.period_end
