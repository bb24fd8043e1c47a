-- Which milestones are missed or were reached late? What is still missing first, then the latest ones.
select
    milestone.project_code,
    milestone.project_name,
    owner.name_vi as owner_vi,
    milestone.milestone_vi,
    milestone.planned_date,
    milestone.actual_date,
    milestone.days_late,
    case milestone.status when 'missed' then 'not_reached' else 'behind' end as standing,
    milestone.status_vi,
    list_filter(milestone.fact_keys, lambda key: key like '%/planned/%') as planned_keys,
    list_filter(milestone.fact_keys, lambda key: key like '%/actual/%') as actual_keys
from mart_milestone as milestone
left join dim_unit as owner on milestone.reporter_unit_code = owner.unit_code and owner.valid_to is null
where
    milestone.status = 'missed'
    or (milestone.status = 'late' and year(milestone.actual_date) >= year(cast($as_of as date)) - 1)
order by
    case milestone.status when 'missed' then 1 else 2 end,
    milestone.days_late desc nulls last, milestone.project_code, milestone.milestone, milestone.reporter_unit_code
