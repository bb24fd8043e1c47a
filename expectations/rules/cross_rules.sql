-- What rules between forms read besides the facts (cross_rules.py); made anew for every run.

-- Every cell of the accepted submissions of forms about projects, with what is asked of it. Amounts
-- in the base unit, with what the printed digits allow; whole đồng and counted things are exact. A
-- row is named by submission_no, area_no and row_no.
create or replace temp table accepted_cell as
with measured as (
    select
        cell.submission_no,
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
        coalesce(unit.name_vi, '') as unit_vi,
        cast(coalesce(unit.factor, 1) as double) as factor,
        case when cell.state = 'none' then 0 else cast(cell.number as double) end as typed,
        case
            when cell.printed_step = 1 and (unit.is_discrete or unit.unit_code = 'vnd') then 0
            else cast(coalesce(cell.printed_step, 0) as double)
        end as step
    from raw.cell_named as cell
    inner join raw.submission as submission on cell.submission_no = submission.submission_no
    inner join raw.period as period on submission.period_key = period.period_key
    inner join contract.form as form
        on cell.form_code = form.form_code and cell.form_version = form.form_version and form.fact = 'investment'
    left join contract.form_column as spec
        on
            cell.form_code = spec.form_code and cell.form_version = spec.form_version
            and cell.table_no = spec.table_no and cell.field = spec.field
    left join reference.unit_of_measure as unit on coalesce(cell.column_unit, spec.unit_code) = unit.unit_code
    where submission.status = 'accepted'
)

select
    *,
    typed * factor as amount,
    (typed - step / 2) * factor as low,
    (typed + step / 2) * factor as high
from measured;

-- One row a project and source (or a project) of each accepted submission, keyed as its form keys it.
create or replace temp table project_row as
select
    submission_no,
    unit_code,
    form_code,
    period_key,
    period_kind,
    start_date,
    end_date,
    area_no,
    row_no,
    max(code) filter (field = 'source_code') as source_code,
    max(code) filter (field = 'stage_group') as stage_group,
    max(coalesce(text, cast(cast(typed as bigint) as varchar))) filter (field = 'project_code') as project_code,
    max(text) filter (field = 'project_name') as project_name
from accepted_cell
group by all;

-- Forms and periods for which nobody's report is missing: only then do sums over senders mean anything.
create or replace temp view complete_period as
select
    expected.form_code,
    expected.period_key
from raw.expected_submission as expected
left join raw.submission as submission
    on
        expected.unit_code = submission.reporter_unit_code
        and expected.form_code = submission.form_code
        and expected.period_key = submission.period_key
        and submission.status = 'accepted'
group by expected.form_code, expected.period_key
having count(*) = count(submission.submission_no);

-- The last report of each sender of a form in a year.
create or replace temp view last_report as
select
    form_code,
    reporter_unit_code as unit_code,
    arg_max(submission_no, period_key) as submission_no
from raw.submission
where status = 'accepted'
group by form_code, reporter_unit_code, left(period_key, 4);
