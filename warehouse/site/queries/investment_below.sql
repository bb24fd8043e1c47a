-- Which projects are under a floor, by how much, and whose they are?
select
    floor.due_date,
    floor.project_code,
    floor.project_name,
    coalesce(owner.name_vi, floor.investor_name) as owner_vi,
    coalesce(source.label_vi, floor.source_code) as source_vi,
    coalesce(stage.label_vi, floor.stage_group) as stage_vi,
    floor.floor_pct,
    floor.disbursed_of_plan_total_pct,
    floor.plan_total_vnd / 1e9 as plan_billion,
    floor.disbursed_cumulative_vnd / 1e9 as disbursed_billion,
    floor.still_to_disburse_vnd / 1e9 as still_billion,
    floor.days_left,
    case floor.status when 'due' then 'behind' when 'missed' then 'not_reached' else 'no_data' end as standing,
    floor.status_vi,
    list_filter(floor.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(floor.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_floor as floor
left join dim_unit as owner on floor.reporter_unit_code = owner.unit_code and owner.valid_to is null
left join dim_code as source on floor.source_code = source.code and source.list_code = 'capital_source'
left join dim_code as stage on floor.stage_group = stage.code and stage.list_code = 'stage_group'
where floor.status in ('due', 'missed', 'no_data')
order by
    case floor.status when 'missed' then 1 when 'due' then 2 else 3 end,
    floor.due_date, floor.still_to_disburse_vnd desc nulls last, floor.project_code, floor.source_code
