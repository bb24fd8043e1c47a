with submission as (
    select
        reporter_unit_code,
        count(distinct file_sha256) as n_files,
        count(*) as n_submissions,
        count(*) filter (where status = 'accepted') as n_accepted,
        count(*) filter (where status = 'held') as n_held,
        count(*) filter (where status = 'superseded') as n_superseded,
        count(*) filter (where status = 'unrecognised') as n_unrecognised,
        count(*) filter (where status = 'unreadable') as n_unreadable,
        count(*) filter (where status = 'expunged') as n_expunged,
        max(received_at) as last_received_at
    from {{ ref('submission') }}
    group by reporter_unit_code
),

finding as (
    select
        reporter_unit_code,
        count(*) filter (where severity = 'error') as n_errors,
        count(*) filter (where severity = 'warning') as n_warnings,
        count(*) filter (where severity = 'info') as n_infos
    from {{ ref('dq_result') }}
    where closed is null and state <> 'explained'
    group by reporter_unit_code
),

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
)

select
    submission.reporter_unit_code,
    unit.name_vi as reporter_name_vi,
    submission.n_files,
    submission.n_submissions,
    submission.n_accepted,
    submission.n_held,
    submission.n_superseded,
    submission.n_unrecognised,
    submission.n_unreadable,
    submission.n_expunged,
    coalesce(finding.n_errors, 0) as n_errors,
    coalesce(finding.n_warnings, 0) as n_warnings,
    coalesce(finding.n_infos, 0) as n_infos,
    submission.last_received_at
from submission
left join finding
    on submission.reporter_unit_code = finding.reporter_unit_code
left join unit
    on submission.reporter_unit_code = unit.unit_code
