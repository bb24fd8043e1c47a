-- How many reports were to come for each period, how many came, in time or late, and how many are held.
select
    coalesce(period.label_vi, status.period_key) as period_vi,
    count(*) filter (status.status <> 'not_due') as n_expected,
    count(*) filter (status.status = 'received') as n_on_time,
    count(*) filter (status.status = 'received_late') as n_late,
    count(*) filter (status.status = 'held') as n_held,
    count(*) filter (status.status = 'overdue') as n_overdue,
    count(*) filter (status.status = 'missing') as n_missing
from mart_submission_status as status
left join dim_period as period on status.period_key = period.period_key
group by status.period_key, period.label_vi, period.end_date
having count(*) filter (status.status <> 'not_due') > 0
order by period.end_date, status.period_key
