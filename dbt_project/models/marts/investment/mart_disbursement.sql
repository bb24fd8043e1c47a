-- How much of its capital plan has each project disbursed, by month and source?
-- Which plan is meant by "kế hoạch vốn" is not stated where the floors are set (rules R01 to R09): the plan
-- of the year as it is now or as it was assigned, with or without what is carried over from last year.
-- Every denominator has a column and a name of its own.
with form as (
    -- a new version of a form is due as often as the one before
    select
        form_code,
        max(frequency) as frequency
    from {{ ref('dim_form') }}
    group by form_code
),

fact as (
    select
        investment.*,
        form.frequency = 'year' as is_of_yearly_plan,
        row_number() over (
            partition by
                investment.project_code,
                investment.period_key,
                investment.source_code,
                investment.measure,
                form.frequency = 'year'
            order by investment.source_rank asc, investment.statement_no asc, investment.fact_key asc
        ) as place
    from {{ ref('fct_investment') }} as investment
    inner join form
        on investment.form_code = form.form_code
    where investment.is_current and investment.project_code is not null
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
        max(case when measure = 'disbursed_extended_cumulative' then amount_vnd end)
            as disbursed_extended_cumulative_vnd,
        max(case when measure = 'volume_cumulative' then amount_vnd end) as volume_cumulative_vnd,
        max(case when measure = 'advance_outstanding' then amount_vnd end) as advance_outstanding_vnd,
        list(fact_key order by fact_key) as fact_keys
    from fact
    where
        place = 1
        and measure in (
            'disbursed', 'disbursed_cumulative', 'disbursed_extended_cumulative', 'volume_cumulative',
            'advance_outstanding'
        )
    group by project_code, period_key, source_code
),

stated_plan as (
    select
        project_code,
        period_key,
        source_code,
        max(case when measure = 'plan_year' and not is_of_yearly_plan then amount_vnd end)
            as plan_year_vnd,
        max(case when measure = 'plan_year' and is_of_yearly_plan then amount_vnd end)
            as plan_year_assigned_vnd,
        max(case when measure = 'plan_extended' and not is_of_yearly_plan then amount_vnd end)
            as plan_extended_vnd,
        max(case when measure = 'plan_extended' and is_of_yearly_plan then amount_vnd end)
            as plan_extended_assigned_vnd,
        list(fact_key order by fact_key) as fact_keys
    from fact
    where place = 1 and measure in ('plan_year', 'plan_extended')
    group by project_code, period_key, source_code
),

-- the newest report says the plan as it is now; without one, it is as assigned
plan as (
    select
        project_code,
        period_key,
        source_code,
        plan_year_assigned_vnd,
        coalesce(plan_year_vnd, plan_year_assigned_vnd) as plan_year_vnd,
        coalesce(plan_extended_vnd, plan_extended_assigned_vnd) as plan_extended_vnd,
        fact_keys
    from stated_plan
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
    cast(plan.plan_year_assigned_vnd as decimal(24, 2)) as plan_year_assigned_vnd,
    cast(plan.plan_extended_vnd as decimal(24, 2)) as plan_extended_vnd,
    cast(plan.plan_year_vnd + coalesce(plan.plan_extended_vnd, 0) as decimal(24, 2))
        as plan_total_vnd,
    cast(disbursed.volume_cumulative_vnd as decimal(24, 2)) as volume_cumulative_vnd,
    cast(disbursed.disbursed_vnd as decimal(24, 2)) as disbursed_vnd,
    cast(disbursed.disbursed_cumulative_vnd as decimal(24, 2)) as disbursed_cumulative_vnd,
    cast(disbursed.disbursed_extended_cumulative_vnd as decimal(24, 2))
        as disbursed_extended_cumulative_vnd,
    cast(disbursed.advance_outstanding_vnd as decimal(24, 2)) as advance_outstanding_vnd,
    cast(
        100 * disbursed.disbursed_cumulative_vnd
        / nullif(plan.plan_year_vnd + coalesce(plan.plan_extended_vnd, 0), 0) as decimal(18, 4)
    ) as disbursed_of_plan_total_pct,
    cast(
        100 * (
            disbursed.disbursed_cumulative_vnd
            - coalesce(disbursed.disbursed_extended_cumulative_vnd, 0)
        ) / nullif(plan.plan_year_vnd, 0) as decimal(18, 4)
    ) as disbursed_of_plan_year_pct,
    cast(
        100 * disbursed.disbursed_cumulative_vnd
        / nullif(plan.plan_year_assigned_vnd + coalesce(plan.plan_extended_vnd, 0), 0) as decimal(18, 4)
    ) as disbursed_of_plan_assigned_pct,
    list_concat(disbursed.fact_keys, plan.fact_keys) as fact_keys
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
