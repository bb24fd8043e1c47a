-- Disbursement of the province, cumulated to each month, by group of projects: of the plan of those who reported.
select
    disbursement.period_end,
    period.label_vi as period_vi,
    coalesce(stage.label_vi, disbursement.stage_group, 'Chưa rõ nhóm') as stage_vi,
    sum(disbursement.plan_total_vnd) / 1e9 as plan_billion,
    sum(disbursement.disbursed_cumulative_vnd) / 1e9 as disbursed_billion,
    cast(
        100 * sum(disbursement.disbursed_cumulative_vnd)
        / nullif(sum(disbursement.plan_total_vnd) filter (disbursement.disbursed_cumulative_vnd is not null), 0)
        as decimal(18, 4)
    ) as disbursed_pct,
    count(distinct disbursement.project_code) as n_projects,
    count(distinct disbursement.reporter_unit_code) as n_units,
    list_sort(list_filter(
        flatten(list(disbursement.fact_keys)), lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%'
    )) as plan_keys,
    list_sort(list_filter(
        flatten(list(disbursement.fact_keys)), lambda key: key like '%/disbursed_cumulative/%'
    )) as fact_keys
from mart_disbursement as disbursement
inner join dim_period as period on disbursement.period_key = period.period_key
left join dim_code as stage on disbursement.stage_group = stage.code and stage.list_code = 'stage_group'
where year(disbursement.period_end) = (select max(year(period_end)) from mart_disbursement)
group by disbursement.period_end, period.label_vi, disbursement.stage_group, stage.label_vi
order by
    case disbursement.stage_group
        when 'completed' then 1 when 'ongoing' then 2 when 'new_start' then 3 when 'preparation' then 4 else 5
    end,
    disbursement.period_end
