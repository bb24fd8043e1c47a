{%- set fields = [
    'indicator_code', 'data_unit_code', 'period_key', 'base_period_key', 'measure', 'kind', 'unit',
    'rank_of', 'statement', 'document_code', 'locator', 'quote', 'note', 'target_no', 'target_part',
    'target_role', 'basis', 'direction', 'gate_code', 'regime_code', 'commodity_code', 'source_code',
    'budget_level', 'project_code', 'package', 'project_name', 'stage_group', 'project_class', 'investor_name',
    'lead_unit_code', 'due_date', 'aggregation', 'dossier_no',
] -%}

with dimension_cell as (
    select
        submission_no,
        area_no,
        row_no,
        field,
        coalesce(code, text, {{ number_text('number') }}) as value
    from {{ source('raw', 'cell_named') }}
    where
        -- a nil mark ("-", "x", "…") is no value of a dimension
        state in ('code', 'text', 'number')
        and {{ only_wanted_submissions('submission_no') }}
        and field in ({% for field in fields %}'{{ field }}'{{ ', ' if not loop.last }}{% endfor %})
)

select
    {% for field in fields -%}
        max(case when field = '{{ field }}' then value end) as {{ field }},
    {% endfor -%}
    submission_no,
    area_no,
    row_no
from dimension_cell
group by submission_no, area_no, row_no
