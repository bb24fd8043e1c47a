-- Revenue and expenditure of the province as the documents state them: estimates, and years as they were expected to end.
select
    case summary.budget_side when 'revenue' then 'Thu' else 'Chi' end as side_vi,
    repeat('· ', coalesce(summary.line_depth, 1) - 1) || summary.line_name_vi as line_vi,
    coalesce(period.label_vi, summary.period_key) as period_vi,
    coalesce(measure.label_vi, summary.measure) as measure_vi,
    summary.amount_billion_vnd as amount_billion,
    case when summary.n_statements > 1 then 'Được nêu ' || summary.n_statements || ' lần' else 'Không' end as note_vi,
    summary.fact_key
from mart_budget_summary as summary
left join dim_period as period on summary.period_key = period.period_key
left join dim_code as measure on summary.measure = measure.code and measure.list_code = 'flow_measure'
where
    summary.period_kind in ('year', 'span') and summary.budget_level = 'all'
    and coalesce(summary.line_depth, 1) <= 2
order by
    summary.budget_side desc, summary.period_end desc, period_vi, summary.measure, summary.line_depth,
    summary.amount_vnd desc, summary.fact_key
