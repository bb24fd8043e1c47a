with reported as (
    select * from {{ ref('dq_result') }}
),

-- what a new file says again at the same place is not mended: it is one finding, that of the newest file
finding as (
    select reported.*
    from reported
    left join reported as again
        on
            reported.place_key = again.place_key
            and reported.finding_key <> again.finding_key
            and reported.closed >= again.first_seen
            and reported.closed < coalesce(again.closed, cast('9999-12-31' as timestamp))
    where again.finding_key is null
),

submission as (
    select * from {{ ref('submission') }}
),

act as (
    select * from {{ ref('dq_act') }}
),

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
),

build as (
    select
        as_of,
        code_version
    from {{ source('raw', 'build') }}
),

-- every build with the one before it
publish as (
    select
        as_of,
        code_version,
        lag(as_of) over (order by as_of asc nulls last) as previous_as_of,
        lag(code_version) over (order by as_of asc nulls last) as previous_code_version
    from (
        select
            as_of,
            code_version
        from {{ source('history', 'publish') }}
        union
        select
            as_of,
            code_version
        from build
    )
),

closed_finding as (
    select
        finding.finding_key,
        finding.submission_id,
        finding.cells,
        finding.closed,
        publish.previous_as_of
    from finding
    left join publish
        on finding.closed = publish.as_of
    where finding.closed is not null
),

-- since the build before, the unit sent the form and period again
resubmitted as (
    select distinct
        closed_finding.finding_key,
        closed_finding.closed
    from closed_finding
    inner join submission as earlier
        on closed_finding.submission_id = earlier.submission_id
    inner join submission as later
        on
            earlier.reporter_unit_code = later.reporter_unit_code
            and (
                (earlier.form_code = later.form_code and earlier.period_key = later.period_key)
                or (earlier.form_code is null and earlier.file_path = later.file_path)
            )
            and earlier.received_at < later.received_at
    where
        later.received_at <= closed_finding.closed
        and (
            closed_finding.previous_as_of is null
            or later.received_at > closed_finding.previous_as_of
        )
),

-- a cell that the rule looked at was corrected
corrected as (
    select distinct
        closed_finding.finding_key,
        closed_finding.closed
    from closed_finding
    inner join submission
        on closed_finding.submission_id = submission.submission_id
    inner join act
        on
            act.kind = 'correction'
            and list_contains(closed_finding.cells, act.cell_ref)
            and (
                submission.file_sha256 = act.file_sha256
                or (
                    submission.reporter_unit_code = act.unit_code
                    and submission.form_code = act.form_code
                    and submission.period_key = act.period_key
                )
            )
    where act.done_at <= closed_finding.closed
),

explained as (
    select
        place_key,
        max(done_at) as done_at
    from act
    where kind = 'acceptance' and state = 'in_force'
    group by place_key
),

released as (
    select
        submission_id,
        max(done_at) as done_at
    from act
    where kind = 'release' and state = 'in_force'
    group by submission_id
),

told as (
    select
        finding.*,
        publish.previous_as_of,
        case
            when finding.state = 'explained' then 'explanation'
            when finding.state = 'released' then 'release'
            when finding.closed is null then cast(null as varchar)
            when resubmitted.finding_key is not null then 'resubmission'
            when corrected.finding_key is not null then 'correction'
            when publish.code_version <> publish.previous_code_version then 'rule_change'
            else 'other_data'
        end as closed_by,
        case
            -- of an act that was there before the finding, the day on which the finding came
            when finding.state = 'explained' then greatest(explained.done_at, finding.first_seen)
            when finding.state = 'released' then greatest(released.done_at, finding.first_seen)
            else finding.closed
        end as closed_at
    from finding
    left join publish
        on finding.closed = publish.as_of
    left join corrected
        on
            finding.finding_key = corrected.finding_key
            and finding.closed = corrected.closed
    left join resubmitted
        on
            finding.finding_key = resubmitted.finding_key
            and finding.closed = resubmitted.closed
    left join explained
        on finding.place_key = explained.place_key
    left join released
        on finding.submission_id = released.submission_id
)

select
    told.finding_key,
    told.place_key,
    told.submission_id,
    told.file,
    told.reporter_unit_code as unit_code,
    unit.name_vi as unit_name_vi,
    told.form_code,
    told.period_key,
    told.rule,
    told.severity,
    told.cell_ref,
    told.value,
    told.message,
    told.first_seen,
    coalesce(told.previous_as_of, told.closed, build.as_of) as last_seen,
    told.closed_by is null as is_open,
    told.closed_by,
    told.closed_at,
    cast(date_diff(
        'day', cast(told.first_seen as date), cast(coalesce(told.closed_at, build.as_of) as date)
    ) as integer) as age_days
from told
cross join build
left join unit
    on told.reporter_unit_code = unit.unit_code
