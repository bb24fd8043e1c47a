with submission as (
    select * from {{ source('raw', 'submission') }}
    where status = 'accepted'
),

cell as (
    select * from {{ source('raw', 'cell_named') }}
    where {{ only_wanted_submissions('submission_no') }}
),

correction as (
    select * from {{ source('raw', 'correction') }}
),

value_column as (
    select * from {{ ref('stg_contract__value_column') }}
),

form_line as (
    select * from {{ source('contract', 'form_line') }}
),

row_dimension as (
    select * from {{ ref('stg_raw__row_dimension') }}
),

commune as (
    select * from {{ ref('commune') }}
),

relation as (
    select * from {{ source('raw', 'period_relation') }}
),

form_sender as (
    select * from {{ source('contract', 'form_sender') }}
),

comparator_cell as (
    select
        submission_no,
        area_no,
        row_no,
        field,
        code
    from cell
    where
        code is not null
        and field in (select value_column.comparator_field from value_column)
),

upper_cell as (
    select
        cell.submission_no,
        cell.area_no,
        cell.row_no,
        cell.field,
        cell.number,
        coalesce(correction.typed_text, cell.text, replace({{ number_text('cell.number') }}, '.', ','))
            as value_text,
        correction.corrected_text
    from cell
    left join correction
        on
            cell.submission_no = correction.submission_no
            and cell.area_no = correction.area_no
            and cell.row_no = correction.row_no
            and cell.col_no = correction.col_no
    where
        cell.state = 'number'
        and cell.field in (select value_column.upper_field from value_column)
)

-- What the row says comes first, then what its column fixes, its line, its form, its submission.
select
    submission.submission_no,
    submission.submission_id,
    submission.file_path,
    submission.reporter_unit_code,
    -- a form that was let in from somebody who does not send it is believed last
    coalesce(form_sender.source_rank, 999) as source_rank,
    submission.cutoff_date,
    submission.form_code,
    submission.period_key as submission_period_key,
    cell.table_no,
    cell.area_no,
    cell.row_no,
    cell.col_no,
    cell.cell_ref,
    value_column.fact,
    cell.line_code,
    form_line.list_code as line_list_code,
    -- a commune reports on itself, everybody else on the province
    coalesce(
        row_dimension.data_unit_code, commune.unit_code, '{{ var("province_unit_code") }}'
    ) as unit_code,
    coalesce(
        row_dimension.period_key,
        value_column.period_key,
        own_period.related_key,
        submission.period_key
    ) as period_key,
    coalesce(
        row_dimension.base_period_key, value_column.base_period_key, base_period.related_key
    ) as base_period_key,
    -- a figure about another period than the submission's own is said again next time
    row_dimension.period_key is null and value_column.period_relation is not null
        as is_said_again,
    coalesce(row_dimension.indicator_code, form_line.indicator_code) as indicator_code,
    coalesce(
        row_dimension.source_code, value_column.source_code, form_line.source_code, 'all'
    ) as source_code,
    coalesce(row_dimension.measure, value_column.measure, 'level') as measure,
    coalesce(row_dimension.kind, value_column.kind, 'reported') as kind,
    coalesce(row_dimension.statement, value_column.statement, 'stated') as statement,
    coalesce(row_dimension.budget_level, value_column.budget_level, 'all') as budget_level,
    coalesce(row_dimension.direction, value_column.direction, 'both') as direction,
    coalesce(row_dimension.basis, form_line.basis, value_column.basis) as basis,
    coalesce(row_dimension.gate_code, value_column.gate_code, form_line.gate_code, 'all')
        as gate_code,
    coalesce(row_dimension.regime_code, value_column.regime_code, form_line.regime_code)
        as regime_code,
    coalesce(
        row_dimension.commodity_code, value_column.commodity_code, form_line.commodity_code, 'all'
    ) as commodity_code,
    coalesce(row_dimension.stage_group, value_column.stage_group) as stage_group,
    row_dimension.project_code,
    row_dimension.package,
    row_dimension.lead_unit_code,
    row_dimension.dossier_no,
    try_cast(row_dimension.due_date as date) as due_date,
    row_dimension.aggregation,
    coalesce(row_dimension.document_code, value_column.document_code) as document_code,
    row_dimension.locator,
    row_dimension.quote,
    row_dimension.note,
    try_cast(row_dimension.rank_of as integer) as rank_of,
    try_cast(row_dimension.target_no as integer) as target_no,
    try_cast(row_dimension.target_part as integer) as target_part,
    row_dimension.target_role,
    -- what the sheet says of a column comes before what the form prints; a column in US dollars
    -- stays so on a row that is counted in tonnes
    coalesce(cell.column_unit, value_column.unit, row_dimension.unit, form_line.unit_code)
        as stated_unit,
    coalesce(comparator_cell.code, '=') as comparator,
    cell.number,
    upper_cell.number as number_high,
    cell.printed_step,
    -- as an officer reads it: a point in this text was typed, a number's decimals follow a comma
    coalesce(correction.typed_text, cell.text, replace({{ number_text('cell.number') }}, '.', ','))
    || coalesce(' - ' || upper_cell.value_text, '') as value_text,
    case
        when correction.act_no is not null or upper_cell.corrected_text is not null
            then
                coalesce(cell.text, replace({{ number_text('cell.number') }}, '.', ','))
                || coalesce(' - ' || coalesce(upper_cell.corrected_text, upper_cell.value_text), '')
    end as corrected_text
from cell
inner join submission
    on cell.submission_no = submission.submission_no
inner join value_column
    on
        submission.form_code = value_column.form_code
        and submission.form_version = value_column.form_version
        and cell.table_no = value_column.table_no
        and cell.field = value_column.field
left join form_sender
    on
        submission.form_code = form_sender.form_code
        and submission.form_version = form_sender.form_version
        and submission.reporter_unit_code = form_sender.unit_code
left join form_line
    on
        submission.form_code = form_line.form_code
        and submission.form_version = form_line.form_version
        and cell.table_no = form_line.table_no
        and cell.line_code = form_line.line_code
left join row_dimension
    on
        cell.submission_no = row_dimension.submission_no
        and cell.area_no = row_dimension.area_no
        and cell.row_no = row_dimension.row_no
left join comparator_cell
    on
        cell.submission_no = comparator_cell.submission_no
        and cell.area_no = comparator_cell.area_no
        and cell.row_no = comparator_cell.row_no
        and value_column.comparator_field = comparator_cell.field
left join correction
    on
        cell.submission_no = correction.submission_no
        and cell.area_no = correction.area_no
        and cell.row_no = correction.row_no
        and cell.col_no = correction.col_no
left join upper_cell
    on
        cell.submission_no = upper_cell.submission_no
        and cell.area_no = upper_cell.area_no
        and cell.row_no = upper_cell.row_no
        and value_column.upper_field = upper_cell.field
left join relation as own_period
    on
        submission.period_key = own_period.period_key
        and value_column.period_relation = own_period.relation
left join relation as base_period
    on
        submission.period_key = base_period.period_key
        and value_column.base_period_relation = base_period.relation
left join commune
    on submission.reporter_unit_code = commune.unit_code
where cell.state = 'number'
