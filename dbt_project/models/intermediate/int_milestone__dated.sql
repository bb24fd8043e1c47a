-- The dates that reports state, each as its report states it.
with submission as (
    select * from {{ source('raw', 'submission') }}
    where status = 'accepted'
),

cell as (
    select * from {{ source('raw', 'cell_named') }}
    where state = 'code' and {{ only_wanted_submissions('submission_no') }}
),

milestone_column as (
    select * from {{ source('contract', 'form_column') }}
    where role = 'milestone'
),

row_dimension as (
    select * from {{ ref('stg_raw__row_dimension') }}
)

select
    submission.submission_no,
    submission.submission_id,
    submission.file_path,
    submission.reporter_unit_code,
    coalesce(form_sender.source_rank, 999) as source_rank,
    submission.reporter_unit_code as unit_code,
    submission.form_code,
    -- the year of the date: a later report of the same date is no other fact
    cast(year(try_cast(cell.code as date)) as varchar) as period_key,
    submission.period_key as submission_period_key,
    cell.table_no,
    cell.area_no,
    cell.row_no,
    cell.col_no,
    cell.cell_ref,
    row_dimension.project_code,
    row_dimension.stage_group,
    milestone_column.milestone,
    milestone_column.milestone_state,
    try_cast(cell.code as date) as date_value,
    coalesce(correction.typed_text, cell.text) as value_text,
    correction.corrected_text,
    true as is_said_again
from cell
inner join submission
    on cell.submission_no = submission.submission_no
inner join milestone_column
    on
        submission.form_code = milestone_column.form_code
        and submission.form_version = milestone_column.form_version
        and cell.table_no = milestone_column.table_no
        and cell.field = milestone_column.field
left join {{ source('contract', 'form_sender') }} as form_sender
    on
        submission.form_code = form_sender.form_code
        and submission.form_version = form_sender.form_version
        and submission.reporter_unit_code = form_sender.unit_code
left join {{ source('raw', 'correction') }} as correction
    on
        cell.submission_no = correction.submission_no
        and cell.area_no = correction.area_no
        and cell.row_no = correction.row_no
        and cell.col_no = correction.col_no
left join row_dimension
    on
        cell.submission_no = row_dimension.submission_no
        and cell.area_no = row_dimension.area_no
        and cell.row_no = row_dimension.row_no
