-- Who has not sent what was due? The units with the most first.
select
    unit_name_vi as unit_vi,
    count(*) filter (status = 'overdue') as n_overdue,
    count(*) filter (status = 'missing') as n_missing,
    count(*) filter (status = 'held') as n_held
from mart_submission_status
where status in ('overdue', 'missing', 'held')
group by unit_code, unit_name_vi
order by count(*) filter (status = 'overdue') desc, count(*) desc, unit_vi collate vi, unit_code
