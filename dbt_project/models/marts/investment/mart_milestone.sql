-- Which milestones of which projects were kept, missed, or are due next?
with milestone as (
    select
        project_code,
        milestone,
        milestone_state,
        date_value,
        fact_key,
        reporter_unit_code,
        row_number() over (
            partition by project_code, milestone, milestone_state
            order by period_key desc, source_rank asc, statement_no asc, fact_key asc
        ) as choice
    from {{ ref('fct_milestone') }}
    where is_current and date_value is not null
),

dated as (
    select
        project_code,
        milestone,
        max(case when milestone_state in ('planned', 'due') then date_value end) as planned_date,
        max(case when milestone_state = 'actual' then date_value end) as actual_date,
        max(case when milestone_state in ('planned', 'due') then fact_key end) as planned_fact_key,
        max(case when milestone_state = 'actual' then fact_key end) as actual_fact_key,
        max(reporter_unit_code) as reporter_unit_code
    from milestone
    where choice = 1
    group by project_code, milestone
),

today as (
    select cast({{ as_of() }} as date) as as_of_date
),

judged as (
    select
        dated.*,
        case
            when dated.actual_date is not null and dated.planned_date is null then 'no_plan'
            when dated.actual_date <= dated.planned_date then 'kept'
            when dated.actual_date > dated.planned_date then 'late'
            when dated.planned_date < today.as_of_date then 'missed'
            else 'due'
        end as status,
        date_diff('day', dated.planned_date, coalesce(dated.actual_date, today.as_of_date)) as days_after_plan
    from dated
    cross join today
)

select
    judged.project_code,
    project.project_name,
    project.stage_group,
    judged.reporter_unit_code,
    judged.milestone,
    vocabulary.label_vi as milestone_vi,
    judged.planned_date,
    judged.actual_date,
    judged.status,
    case judged.status
        when 'kept' then 'Đúng hạn'
        when 'late' then 'Chậm'
        when 'missed' then 'Quá hạn, chưa thực hiện'
        when 'due' then 'Chưa đến hạn'
        when 'no_plan' then 'Không có kế hoạch'
    end as status_vi,
    cast(greatest(judged.days_after_plan, 0) as bigint) as days_late,
    {{ fact_keys(['judged.planned_fact_key', 'judged.actual_fact_key']) }} as fact_keys
from judged
left join {{ ref('dim_project') }} as project
    on judged.project_code = project.project_code
left join {{ ref('vocabulary') }} as vocabulary
    on judged.milestone = vocabulary.code and vocabulary.list_code = 'milestone'
