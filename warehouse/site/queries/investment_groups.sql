-- Each group of projects in the province against each floor: what is disbursed, what is still to come, in how many days.
with behind as (
    select
        stage_group,
        due_date,
        max(days_left) as days_left,
        max(report_period_key) as report_period_key
    from mart_disbursement_floor
    group by stage_group, due_date
)

select
    totals.due_date,
    totals.stage_group_vi,
    totals.floor_pct,
    totals.disbursed_of_plan_total_pct,
    totals.plan_total_vnd / 1e9 as plan_billion,
    totals.disbursed_cumulative_vnd / 1e9 as disbursed_billion,
    totals.still_to_disburse_vnd / 1e9 as still_billion,
    behind.days_left,
    totals.n_projects,
    totals.n_projects_below,
    totals.n_units_included || '/' || totals.n_units_expected as units_vi,
    coalesce(report.label_vi, behind.report_period_key) as report_vi,
    case
        when totals.n_units_included = 0 then 'no_data'
        when totals.is_met and totals.n_projects_below > 0 then 'undecided'
        when totals.is_met then 'reached'
        when totals.due_date >= cast($as_of as date) then 'behind'
        else 'not_reached'
    end as standing,
    case
        when totals.n_units_included = 0 then 'Chưa có số liệu'
        when totals.is_met and totals.n_projects_below > 0 then 'Nhóm đạt, còn dự án dưới mức'
        when totals.is_met then 'Đã đạt'
        when totals.due_date >= cast($as_of as date) then 'Chưa đạt, còn thời gian'
        else 'Không đạt'
    end as standing_vi,
    list_filter(totals.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_group as totals
left join behind on totals.stage_group = behind.stage_group and totals.due_date = behind.due_date
left join dim_period as report on behind.report_period_key = report.period_key
where totals.scope_kind = 'province'
order by
    totals.due_date,
    case totals.stage_group when 'completed' then 1 when 'ongoing' then 2 when 'new_start' then 3 else 4 end
