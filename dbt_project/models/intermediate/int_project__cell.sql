-- Every cell of the accepted submissions of forms about projects, with what is asked of it: what the rules between
-- forms read. Amounts in the base unit, with what the printed digits allow; whole đồng and counted things are exact.
with submission as (
    select * from {{ source('raw', 'submission') }}
    where status = 'accepted'
),

cell as (
    select * from {{ source('raw', 'cell_named') }}
    where {{ only_wanted_submissions('submission_no') }}
),

form as (
    select * from {{ source('contract', 'form') }}
    where fact = 'investment'
),

form_column as (
    select * from {{ source('contract', 'form_column') }}
),

period as (
    select * from {{ source('raw', 'period') }}
),

unit_of_measure as (
    select * from {{ ref('unit_of_measure') }}
),

measured as (
    select
        submission.submission_no,
        submission.submission_id,
        submission.reporter_unit_code as unit_code,
        submission.form_code,
        submission.period_key,
        period.kind as period_kind,
        period.start_date,
        period.end_date,
        cell.area_no,
        cell.row_no,
        cell.line_code,
        cell.field,
        cell.state,
        cell.code,
        cell.text,
        cell.cell_ref,
        coalesce(unit_of_measure.name_vi, '') as unit_vi,
        cast(coalesce(unit_of_measure.factor, 1) as double) as factor,
        case when cell.state = 'none' then 0 else cast(cell.number as double) end as typed,
        case
            when
                cell.printed_step = 1
                and (unit_of_measure.is_discrete or unit_of_measure.unit_code = 'vnd')
                then 0
            else cast(coalesce(cell.printed_step, 0) as double)
        end as step
    from cell
    inner join submission
        on cell.submission_no = submission.submission_no
    inner join form
        on
            submission.form_code = form.form_code
            and submission.form_version = form.form_version
    inner join period
        on submission.period_key = period.period_key
    left join form_column
        on
            submission.form_code = form_column.form_code
            and submission.form_version = form_column.form_version
            and cell.table_no = form_column.table_no
            and cell.field = form_column.field
    left join unit_of_measure
        on coalesce(cell.column_unit, form_column.unit_code) = unit_of_measure.unit_code
)

select
    *,
    typed * factor as amount,
    (typed - step / 2) * factor as low,
    (typed + step / 2) * factor as high
from measured
