-- The projects of each commune against the next floor (the last one, when all are past).
select
    floor.reporter_unit_code as unit_code,
    floor.project_name,
    coalesce(source.label_vi, floor.source_code) as source_vi,
    coalesce(stage.label_vi, floor.stage_group) as stage_vi,
    floor.due_date,
    floor.floor_pct,
    floor.disbursed_of_plan_total_pct,
    floor.plan_total_vnd / 1e9 as plan_billion,
    floor.disbursed_cumulative_vnd / 1e9 as disbursed_billion,
    floor.still_to_disburse_vnd / 1e9 as still_billion,
    case floor.status
        when 'met' then 'reached' when 'due' then 'behind' when 'missed' then 'not_reached' else 'no_data'
    end as standing,
    floor.status_vi,
    list_filter(floor.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(floor.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_floor as floor
left join dim_code as source on floor.source_code = source.code and source.list_code = 'capital_source'
left join dim_code as stage on floor.stage_group = stage.code and stage.list_code = 'stage_group'
where floor.is_next
order by
    floor.reporter_unit_code, floor.still_to_disburse_vnd desc nulls last, floor.project_code, floor.source_code
