-- What rules between forms read besides the facts (cross_rules.py); made anew for every run.

-- Every cell of the accepted submissions of forms about projects, with what is asked of it. A row is named
-- by submission_no, area_no and row_no.
create or replace temp view accepted_cell as from intermediate.int_project__cell;

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
