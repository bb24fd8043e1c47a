with submission as (
    select * from {{ source('raw', 'submission') }}
    where status = 'accepted'
),

stated as (
    select
        row_dimension.project_code,
        row_dimension.project_name,
        row_dimension.project_class,
        row_dimension.stage_group,
        row_dimension.investor_name,
        submission.reporter_unit_code,
        submission.period_key,
        row_number() over (
            partition by row_dimension.project_code
            order by
                case when row_dimension.project_class is null then 1 else 0 end asc,
                submission.period_key desc,
                submission.submission_id asc,
                row_dimension.row_no asc
        ) as place
    from {{ ref('stg_raw__row_dimension') }} as row_dimension
    inner join submission
        on row_dimension.submission_no = submission.submission_no
    where row_dimension.project_code is not null
),

-- the group changes over the years: the newest report of any form says it
latest_group as (
    select
        project_code,
        stage_group,
        row_number() over (
            partition by project_code
            order by period_key desc, reporter_unit_code asc
        ) as place
    from stated
    where stage_group is not null
)

select
    stated.project_code,
    stated.project_name,
    stated.project_class,
    latest_group.stage_group,
    stated.investor_name,
    stated.reporter_unit_code
from stated
left join latest_group
    on
        stated.project_code = latest_group.project_code
        and latest_group.place = 1
where stated.place = 1
