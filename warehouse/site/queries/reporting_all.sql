-- Who has sent what and when: every report that was to come of the last twelve months, the newest period first.
-- What is missing of earlier ones reporting_missing lists, and SQL has them all.
select
    status.unit_name_vi as unit_vi,
    coalesce(status.code_on_paper, status.form_code) as form_vi,
    coalesce(period.label_vi, status.period_key) as period_vi,
    case status.status
        when 'received' then 'reached' when 'received_late' then 'behind' when 'held' then 'undecided'
        when 'overdue' then 'not_reached' else 'no_data'
    end as standing,
    case status.status
        when 'received' then 'Đã gửi' when 'received_late' then 'Gửi muộn' when 'held' then 'Tạm giữ, chờ chỉnh sửa'
        when 'overdue' then 'Quá hạn, chưa gửi' when 'missing' then 'Chưa gửi' else 'Chưa đến hạn'
    end as standing_vi,
    status.first_received_at,
    status.last_received_at,
    status.n_received,
    status.due_date
from mart_submission_status as status
left join dim_period as period on status.period_key = period.period_key
where status.period_end > cast($as_of as date) - interval 12 month
order by period.end_date desc, period_vi, unit_vi collate vi, form_vi, status.unit_code, status.form_code
