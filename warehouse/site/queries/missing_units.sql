-- What is missing of each kind of figures: units with reports overdue, not sent or held; forms that nobody has sent.
with kind (fact, fact_vi) as (
    values
    ('target', 'chỉ tiêu kế hoạch'), ('indicator', 'kinh tế - xã hội'), ('budget', 'ngân sách'),
    ('investment', 'đầu tư công'), ('trade', 'thương mại biên giới')
),

form as (
    select form_code, fact, any_value(code_on_paper order by form_version desc) as code_on_paper
    from dim_form
    group by form_code, fact
),

missed as (
    select distinct form.fact, status.unit_code, status.unit_name_vi
    from mart_submission_status as status
    inner join form on status.form_code = form.form_code
    where status.status in ('overdue', 'missing', 'held')
),

missed_units as (
    select
        fact,
        count(*) as n_units,
        -- so many are named, and how many more there are
        array_to_string(list(unit_name_vi order by unit_name_vi collate vi, unit_code)[1:12], ', ') as units_vi,
        greatest(count(*) - 12, 0) as n_more
    from missed
    group by fact
),

unsent_forms as (
    select
        fact,
        count(*) as n_forms,
        string_agg(code_on_paper, ', ' order by code_on_paper, form_code) as forms_vi
    from form
    where form_code not in (
        select form_code from submission where status in ('accepted', 'superseded') and form_code is not null
    )
    group by fact
)

select
    kind.fact,
    kind.fact_vi,
    coalesce(missed_units.n_units, 0) as n_units,
    missed_units.units_vi,
    coalesce(missed_units.n_more, 0) as n_more,
    coalesce(unsent_forms.n_forms, 0) as n_forms,
    unsent_forms.forms_vi
from kind
left join missed_units on kind.fact = missed_units.fact
left join unsent_forms on kind.fact = unsent_forms.fact
order by kind.fact
