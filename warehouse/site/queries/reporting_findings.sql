-- What is still to be mended or explained, the oldest first.
select
    finding.unit_name_vi as unit_vi,
    coalesce(form.code_on_paper, finding.form_code) as form_vi,
    coalesce(period.label_vi, finding.period_key) as period_vi,
    finding.cell_ref,
    case finding.severity when 'error' then 'not_reached' else 'undecided' end as standing,
    case finding.severity when 'error' then 'Phải chỉnh sửa' else 'Đề nghị giải trình' end as standing_vi,
    finding.message as message_vi,
    finding.first_seen,
    finding.age_days
from mart_quality_open_findings as finding
left join (
    select form_code, any_value(code_on_paper order by form_version) as code_on_paper from dim_form group by form_code
) as form on finding.form_code = form.form_code
left join dim_period as period on finding.period_key = period.period_key
where finding.is_open and finding.severity <> 'info'
order by
    case finding.severity when 'error' then 1 else 2 end, finding.age_days desc, unit_vi collate vi, form_vi, finding.finding_key
