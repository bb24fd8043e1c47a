-- Which reports of each commune are overdue, not sent or held?
select
    status.unit_code,
    coalesce(status.code_on_paper, status.form_code) as form_vi,
    status.title_vi,
    coalesce(period.label_vi, status.period_key) as period_vi,
    status.due_date,
    case status.status when 'overdue' then 'not_reached' when 'held' then 'undecided' else 'no_data' end as standing,
    case status.status
        when 'overdue' then 'Quá hạn, chưa gửi' when 'held' then 'Tạm giữ, chờ chỉnh sửa' else 'Chưa gửi'
    end as standing_vi
from mart_submission_status as status
inner join dim_unit as unit
    on status.unit_code = unit.unit_code and unit.level in ('commune', 'ward') and unit.valid_to is null
left join dim_period as period on status.period_key = period.period_key
where status.status in ('overdue', 'missing', 'held')
order by
    status.unit_code, case status.status when 'overdue' then 1 when 'held' then 2 else 3 end,
    period.end_date desc, form_vi, status.form_code
