with fact as (
    select
        *,
        row_number() over (
            partition by project_code, period_key, source_code, measure
            order by statement_no
        ) as place
    from {{ ref('fct_investment') }}
    where is_current and project_code is not null
),

disbursed as (
    select
        project_code,
        period_key,
        source_code,
        max(stage_group) as stage_group,
        max(reporter_unit_code) as reporter_unit_code,
        max(case when measure = 'disbursed' then amount_vnd end) as disbursed_vnd,
        max(case when measure = 'disbursed_cumulative' then amount_vnd end) as disbursed_cumulative_vnd,
        max(case when measure = 'volume_cumulative' then amount_vnd end) as volume_cumulative_vnd,
        max(case when measure = 'advance_outstanding' then amount_vnd end) as advance_outstanding_vnd
    from fact
    where place = 1
    group by project_code, period_key, source_code
),

plan as (
    select
        project_code,
        period_key,
        source_code,
        max(case when measure = 'plan_year' then amount_vnd end) as plan_year_vnd,
        max(case when measure = 'plan_extended' then amount_vnd end) as plan_extended_vnd
    from fact
    where place = 1
    group by project_code, period_key, source_code
),

period as (
    select
        period_key,
        end_date,
        cast(year(end_date) as varchar) as year_key
    from {{ ref('dim_period') }}
    where kind = 'month'
),

project as (
    select * from {{ ref('dim_project') }}
)

select
    disbursed.project_code,
    project.project_name,
    project.project_class,
    disbursed.stage_group,
    project.investor_name,
    disbursed.reporter_unit_code,
    disbursed.period_key,
    period.end_date as period_end,
    disbursed.source_code,
    cast(plan.plan_year_vnd as decimal(24, 2)) as plan_year_vnd,
    cast(plan.plan_extended_vnd as decimal(24, 2)) as plan_extended_vnd,
    cast(disbursed.volume_cumulative_vnd as decimal(24, 2)) as volume_cumulative_vnd,
    cast(disbursed.disbursed_vnd as decimal(24, 2)) as disbursed_vnd,
    cast(disbursed.disbursed_cumulative_vnd as decimal(24, 2)) as disbursed_cumulative_vnd,
    cast(disbursed.advance_outstanding_vnd as decimal(24, 2)) as advance_outstanding_vnd,
    cast(
        100 * disbursed.disbursed_cumulative_vnd / nullif(plan.plan_year_vnd, 0) as decimal(18, 4)
    ) as disbursed_of_plan_pct
from disbursed
inner join period
    on disbursed.period_key = period.period_key
left join plan
    on
        disbursed.project_code = plan.project_code
        and period.year_key = plan.period_key
        and disbursed.source_code = plan.source_code
left join project
    on disbursed.project_code = project.project_code
