-- Which projects are under their floor of disbursement on 30/6, 30/9 and 31/12, and how much is still to disburse?
with floor as (
    select
        case rule_code
            when 'disbursement_floor_completed' then 'completed'
            when 'disbursement_floor_ongoing' then 'ongoing'
            when 'disbursement_floor_new' then 'new_start'
        end as stage_group,
        due_date,
        value_low as floor_pct,
        document_code,
        locator
    from {{ ref('rule_parameter') }}
    where rule_code in ('disbursement_floor_completed', 'disbursement_floor_ongoing', 'disbursement_floor_new')
),

disbursement as (
    select * from {{ ref('mart_disbursement') }}
),

-- the last report up to the floor's date: after it, what was reached then counts
reported as (
    select
        disbursement.*,
        floor.due_date,
        floor.floor_pct,
        floor.document_code,
        floor.locator,
        row_number() over (
            partition by disbursement.project_code, disbursement.source_code, floor.due_date
            order by disbursement.period_end desc
        ) as choice
    from disbursement
    inner join floor
        on
            disbursement.stage_group = floor.stage_group
            and year(disbursement.period_end) = year(floor.due_date)
            and disbursement.period_end <= floor.due_date
),

latest as (
    select
        *,
        cast(plan_total_vnd * floor_pct / 100 as decimal(24, 2)) as floor_vnd
    from reported
    where choice = 1
),

judged as (
    select
        *,
        case
            when plan_total_vnd is null or disbursed_cumulative_vnd is null then 'no_data'
            when disbursed_cumulative_vnd >= floor_vnd then 'met'
            when due_date >= cast({{ as_of() }} as date) then 'due'
            -- the report of the month of the date is missing: what was reached is not known
            when period_end < due_date then 'no_data'
            else 'missed'
        end as status
    from latest
)

select
    project_code,
    project_name,
    project_class,
    stage_group,
    investor_name,
    reporter_unit_code,
    source_code,
    due_date,
    floor_pct,
    period_key as report_period_key,
    plan_total_vnd,
    floor_vnd,
    disbursed_cumulative_vnd,
    disbursed_of_plan_total_pct,
    cast(greatest(floor_vnd - disbursed_cumulative_vnd, 0) as decimal(24, 2)) as still_to_disburse_vnd,
    greatest(date_diff('day', cast({{ as_of() }} as date), due_date), 0) as days_left,
    due_date = coalesce(
        min(case when due_date >= cast({{ as_of() }} as date) then due_date end) over (partition by stage_group),
        max(due_date) over (partition by stage_group)
    ) as is_next,
    status,
    case status
        when 'met' then 'Đã đạt'
        when 'due' then 'Chưa đạt, còn thời gian'
        when 'missed' then 'Không đạt'
        when 'no_data' then 'Chưa có số liệu'
    end as status_vi,
    document_code,
    locator,
    fact_keys
from judged
