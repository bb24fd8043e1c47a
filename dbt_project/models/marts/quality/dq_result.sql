with open_finding as (
    select
        result.finding_key,
        result.place_key,
        submission.submission_id,
        submission.file_path as file,
        result.unit_code as reporter_unit_code,
        result.form_code,
        result.period_key,
        result.rule,
        result.severity,
        result.sheet,
        result.cell_ref,
        result.cells,
        result.value,
        result.expected,
        result.message,
        result.fix,
        result.first_seen,
        cast(null as timestamp) as closed,
        result.state
    from {{ source('quality', 'result') }} as result
    left join {{ source('raw', 'submission') }} as submission
        on result.submission_no = submission.submission_no
)

select
    finding_key,
    place_key,
    submission_id,
    file,
    reporter_unit_code,
    form_code,
    period_key,
    rule,
    severity,
    sheet,
    cell_ref,
    cells,
    value,
    expected,
    message,
    fix,
    first_seen,
    closed,
    state
from open_finding
union all
-- what was open at an earlier publish and is not found any more has been closed by this build
select
    history.finding_key,
    json_extract_string(history.row_json, '$.place_key') as place_key,
    json_extract_string(history.row_json, '$.submission_id') as submission_id,
    json_extract_string(history.row_json, '$.file') as file,
    json_extract_string(history.row_json, '$.reporter_unit_code') as reporter_unit_code,
    json_extract_string(history.row_json, '$.form_code') as form_code,
    json_extract_string(history.row_json, '$.period_key') as period_key,
    json_extract_string(history.row_json, '$.rule') as rule,
    json_extract_string(history.row_json, '$.severity') as severity,
    json_extract_string(history.row_json, '$.sheet') as sheet,
    json_extract_string(history.row_json, '$.cell_ref') as cell_ref,
    cast(cast(json_extract_string(history.row_json, '$.cells') as json) as varchar[]) as cells,
    json_extract_string(history.row_json, '$.value') as value,
    json_extract_string(history.row_json, '$.expected') as expected,
    json_extract_string(history.row_json, '$.message') as message,
    json_extract_string(history.row_json, '$.fix') as fix,
    history.first_seen,
    coalesce(history.closed_at, {{ as_of() }}) as closed,
    cast(null as varchar) as state
from {{ source('history', 'finding') }} as history
left join open_finding
    on history.finding_key = open_finding.finding_key
where history.closed_at is not null or open_finding.finding_key is null
