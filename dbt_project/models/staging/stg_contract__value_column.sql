with form as (
    select * from {{ source('contract', 'form') }}
),

form_column as (
    select * from {{ source('contract', 'form_column') }}
)

select
    form_column.form_code,
    form_column.form_version,
    form_column.table_no,
    form_column.field,
    -- a form serves one fact, unless a column says otherwise
    coalesce(form_column.fact, form.fact) as fact,
    form_column.measure,
    form_column.kind,
    form_column.period_key,
    form_column.base_period_key,
    form_column.unit_code as unit,
    form_column.comparator_field,
    form_column.upper_field
from form_column
inner join form
    on
        form_column.form_code = form.form_code
        and form_column.form_version = form.form_version
where form_column.role = 'value'
