-- Which reports are overdue, not sent, late or held?
select
    status.unit_name_vi as unit_vi,
    coalesce(status.code_on_paper, status.form_code) as form_vi,
    status.title_vi,
    coalesce(period.label_vi, status.period_key) as period_vi,
    status.due_date,
    status.first_received_at,
    nullif(status.days_late, 0) as days_late,
    case status.status when 'overdue' then 'not_reached' when 'missing' then 'no_data' when 'held' then 'undecided' else 'behind' end
        as standing,
    case status.status
        when 'overdue' then 'Quá hạn, chưa gửi' when 'missing' then 'Chưa gửi' when 'held' then 'Tạm giữ, chờ chỉnh sửa'
        else 'Gửi muộn'
    end as standing_vi
from mart_submission_status as status
left join dim_period as period on status.period_key = period.period_key
where status.status in ('overdue', 'missing', 'held', 'received_late')
order by
    case status.status when 'overdue' then 1 when 'held' then 2 when 'missing' then 3 else 4 end,
    period.end_date desc, status.unit_name_vi collate vi, form_vi, status.unit_code
