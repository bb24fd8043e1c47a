-- Each group of projects against the next floor (the last one, when all are past).
select
    totals.stage_group_vi,
    totals.floor_pct,
    replace(cast(cast(totals.floor_pct as decimal(9, 1)) as varchar), '.0', '') || '% đến ' || strftime(totals.due_date, '%d/%m/%Y')
    || case when totals.days_left > 0 then ', còn ' || totals.days_left || ' ngày' else '' end as floor_vi,
    totals.disbursed_of_plan_total_pct,
    totals.still_to_disburse_vnd / 1e9 as still_billion,
    coalesce(report.label_vi, totals.report_period_key) as report_vi,
    totals.standing,
    totals.standing_vi,
    list_filter(totals.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%') as plan_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/disbursed_cumulative/%') as disbursed_keys
from mart_disbursement_group as totals
left join dim_period as report on totals.report_period_key = report.period_key
where totals.is_next and totals.scope_kind = 'province'
order by case totals.stage_group when 'completed' then 1 when 'ongoing' then 2 when 'new_start' then 3 else 4 end
