-- Each group of projects in the province against each floor: what is disbursed, what is still to come, in how many days.
select
    totals.due_date,
    totals.stage_group_vi,
    totals.floor_pct,
    totals.disbursed_of_plan_total_pct,
    totals.plan_total_vnd / 1e9 as plan_billion,
    totals.disbursed_cumulative_vnd / 1e9 as disbursed_billion,
    totals.still_to_disburse_vnd / 1e9 as still_billion,
    totals.days_left,
    totals.n_projects,
    totals.n_projects_below,
    totals.n_units_included || '/' || totals.n_units_expected as units_vi,
    coalesce(report.label_vi, totals.report_period_key) as report_vi,
    totals.standing,
    totals.standing_vi,
    list_filter(totals.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_group as totals
left join dim_period as report on totals.report_period_key = report.period_key
where totals.scope_kind = 'province'
order by
    totals.due_date,
    case totals.stage_group when 'completed' then 1 when 'ongoing' then 2 when 'new_start' then 3 else 4 end
