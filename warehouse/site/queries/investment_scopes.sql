-- Each owner and each source of capital against the next floor (the last one, when all are past).
select
    case totals.scope_kind when 'owner' then 'Theo đơn vị' else 'Theo nguồn vốn' end as scope_kind_vi,
    coalesce(totals.scope_name_vi, totals.scope_code) as scope_vi,
    totals.stage_group_vi,
    totals.due_date,
    totals.floor_pct,
    totals.disbursed_of_plan_total_pct,
    totals.plan_total_vnd / 1e9 as plan_billion,
    totals.disbursed_cumulative_vnd / 1e9 as disbursed_billion,
    totals.still_to_disburse_vnd / 1e9 as still_billion,
    totals.n_projects,
    totals.n_projects_below,
    totals.standing,
    totals.standing_vi,
    list_filter(totals.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_group as totals
where totals.is_next and totals.scope_kind in ('owner', 'source')
order by
    totals.scope_kind, totals.still_to_disburse_vnd desc nulls last, scope_vi collate vi,
    case totals.stage_group when 'completed' then 1 when 'ongoing' then 2 when 'new_start' then 3 else 4 end
