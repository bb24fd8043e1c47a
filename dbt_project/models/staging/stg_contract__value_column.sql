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
    form_column.period_relation,
    form_column.base_period_key,
    form_column.base_period_relation,
    form_column.unit_code as unit,
    form_column.comparator_field,
    form_column.upper_field,
    form_column.basis,
    form_column.direction,
    form_column.gate_code,
    form_column.regime_code,
    form_column.commodity_code,
    form_column.source_code,
    form_column.budget_level,
    form_column.stage_group,
    form_column.statement,
    form_column.document_code
from form_column
inner join form
    on
        form_column.form_code = form.form_code
        and form_column.form_version = form.form_version
where form_column.role = 'value'
