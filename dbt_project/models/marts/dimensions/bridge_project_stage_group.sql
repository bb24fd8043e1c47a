-- To which group did a project belong, and from when to when? Reports say it month by month.
with stated as (
    select distinct
        row_dimension.project_code,
        row_dimension.stage_group,
        period.start_date,
        period.end_date
    from {{ ref('stg_raw__row_dimension') }} as row_dimension
    inner join {{ source('raw', 'submission') }} as submission
        on row_dimension.submission_no = submission.submission_no
    inner join {{ source('raw', 'period') }} as period
        on submission.period_key = period.period_key
    where
        submission.status = 'accepted'
        and row_dimension.project_code is not null
        and row_dimension.stage_group is not null
),

-- the plan of a year and the reports of its months may differ: the shorter period is the later word
ranked as (
    select
        *,
        row_number() over (
            partition by project_code, start_date
            order by end_date, stage_group
        ) as place
    from stated
),

chosen as (
    select * from ranked
    where place = 1
),

changed as (
    select
        *,
        case
            when
                stage_group = lag(stage_group) over (partition by project_code order by start_date)
                then 0
            else 1
        end as is_change
    from chosen
),

stretch as (
    select
        *,
        sum(is_change) over (partition by project_code order by start_date) as stretch_no
    from changed
),

bounded as (
    select
        project_code,
        stage_group,
        stretch_no,
        min(start_date) as valid_from
    from stretch
    group by project_code, stage_group, stretch_no
)

select
    project_code,
    stage_group,
    valid_from,
    cast(
        lead(valid_from) over (partition by project_code order by valid_from) - interval 1 day as date
    ) as valid_to
from bounded
