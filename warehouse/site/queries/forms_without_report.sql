-- Which forms has nobody sent? Of these nobody is counted as late, so the page must say it.
select
    form.fact,
    form.code_on_paper as form_vi,
    any_value(form.title_vi order by form.form_version desc) as title_vi,
    any_value(coalesce(frequency.label_vi, form.frequency) order by form.form_version desc) as frequency_vi
from dim_form as form
left join dim_code as frequency on form.frequency = frequency.code and frequency.list_code in ('frequency', 'period_kind')
where form.form_code not in (
    select form_code from submission where status in ('accepted', 'superseded') and form_code is not null
)
group by form.fact, form.form_code, form.code_on_paper
order by form.fact, form.code_on_paper, form.form_code
