-- Each owner and each source of capital against the next floor (the last one, when all are past).
with next_floor as (
    select
        stage_group,
        coalesce(min(due_date) filter (due_date >= cast($as_of as date)), max(due_date)) as due_date
    from mart_disbursement_floor
    group by stage_group
)

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
    case
        when totals.n_units_included = 0 then 'no_data'
        when totals.is_met then 'reached'
        when totals.due_date >= cast($as_of as date) then 'behind'
        else 'not_reached'
    end as standing,
    case
        when totals.n_units_included = 0 then 'Chưa có số liệu'
        when totals.is_met then 'Đã đạt'
        when totals.due_date >= cast($as_of as date) then 'Chưa đạt, còn thời gian'
        else 'Không đạt'
    end as standing_vi,
    list_filter(totals.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_group as totals
inner join next_floor on totals.stage_group = next_floor.stage_group and totals.due_date = next_floor.due_date
where totals.scope_kind in ('owner', 'source')
order by
    totals.scope_kind, totals.still_to_disburse_vnd desc nulls last, scope_vi,
    case totals.stage_group when 'completed' then 1 when 'ongoing' then 2 when 'new_start' then 3 else 4 end
