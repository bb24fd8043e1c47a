-- What does one page on a commune say: budget, disbursement, targets, indicators and how it reports?
{%- set indicators = [
    ('natural_land_area', 'natural_land_area_ha'),
    ('agricultural_land_area', 'agricultural_land_area_ha'),
    ('population', 'population'),
    ('households', 'households'),
    ('births_registered_under_5', 'births_registered_under_5'),
    ('deaths_registered', 'deaths_registered'),
    ('marriages', 'marriages'),
    ('crop_sown_area', 'crop_sown_area_ha'),
    ('perennial_crop_area', 'perennial_crop_area_ha'),
    ('aquaculture_area', 'aquaculture_area_ha'),
    ('buffalo_herd', 'buffalo_herd'),
    ('cattle_herd', 'cattle_herd'),
    ('pig_herd', 'pig_herd'),
    ('poultry_flock', 'poultry_flock'),
    ('household_businesses', 'household_businesses'),
    ('schools_total', 'schools_total'),
    ('classes_total', 'classes_total'),
    ('classrooms_total', 'classrooms_total'),
    ('teachers_total', 'teachers_total'),
    ('pupils_total', 'pupils_total'),
    ('commune_health_staff', 'commune_health_staff'),
    ('hygienic_water_households_rate', 'hygienic_water_households_rate_pct'),
    ('disasters', 'disasters'),
    ('natural_disaster_damage', 'natural_disaster_damage_vnd'),
    ('domestic_violence_cases', 'domestic_violence_cases'),
    ('cultural_villages_rate', 'cultural_villages_rate_pct'),
    ('ntm_criteria_met', 'ntm_criteria_met'),
    ('ntm_model_villages', 'ntm_model_villages'),
    ('ocop_products_3star_plus', 'ocop_products_3star_plus'),
    ('ntm_capital_total', 'ntm_capital_total_vnd'),
    ('poor_households', 'poor_households'),
    ('near_poor_households', 'near_poor_households'),
] %}

with commune as (
    select
        unit_key,
        unit_code,
        name_vi,
        level,
        valid_from
    from {{ ref('dim_unit') }}
    where level in ('commune', 'ward') and valid_to is null
),

period as (
    select
        period_key,
        kind,
        end_date,
        cast(end_year as varchar) as year_key
    from {{ ref('dim_period') }}
    where kind in ('month', 'quarter', 'year')
),

-- the total lines of the monthly and of the quarterly forms; December's is the year's
budget as (
    select
        unit_code,
        period_key,
        line_code,
        outturn_cumulative_vnd,
        coalesce(estimate_council_vnd, estimate_assigned_vnd) as estimate_vnd,
        outturn_of_estimate_pct,
        fact_keys
    from {{ ref('mart_budget_execution') }}
    where budget_level = 'all' and period_kind in ('month', 'quarter', 'year')
),

revenue as (
    select * from budget
    where line_code in ({{ "'" ~ var('commune_revenue_lines') | join("', '") ~ "'" }})
),

expenditure as (
    select * from budget
    where line_code in ({{ "'" ~ var('commune_expenditure_lines') | join("', '") ~ "'" }})
),

disbursement as (
    select
        reporter_unit_code as unit_code,
        period_key,
        sum(plan_total_vnd) as plan_total_vnd,
        sum(disbursed_cumulative_vnd) as disbursed_cumulative_vnd,
        count(distinct project_code) as n_projects
    from {{ ref('mart_disbursement') }}
    group by reporter_unit_code, period_key
),

target as (
    select
        unit_code,
        period_key,
        count(*) as n_targets,
        count(case when standing = 'reached' then 1 end) as n_targets_reached,
        count(case when standing = 'on_track' then 1 end) as n_targets_on_track,
        count(case when standing = 'behind' then 1 end) as n_targets_behind,
        count(case when standing = 'no_data' then 1 end) as n_targets_without_data
    from {{ ref('mart_plan_scorecard') }}
    group by unit_code, period_key
),

reporting as (
    select * from {{ ref('mart_quality_league') }}
),

indicator as (
    select
        unit_code,
        period_key,
        {% for code, column in indicators -%}
            max(case when indicator_code = '{{ code }}' then value end) as {{ column }},
        {% endfor -%}
        count(*) as n_indicators,
        list_distinct(flatten(list(fact_keys))) as fact_keys
    from {{ ref('mart_indicator') }}
    where measure = 'level' and unit_level in ('commune', 'ward')
    group by unit_code, period_key
),

-- a row wherever the commune was to send something, or something is known of it
present as (
    select
        unit_code,
        period_key
    from budget
    union
    select
        unit_code,
        period_key
    from disbursement
    union
    select
        unit_code,
        period_key
    from target
    union
    select
        unit_code,
        period_key
    from reporting
    union
    select
        unit_code,
        period_key
    from indicator
)

select
    commune.unit_code,
    commune.name_vi as unit_name_vi,
    commune.level as unit_level,
    period.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    revenue.outturn_cumulative_vnd as revenue_cumulative_vnd,
    revenue.estimate_vnd as revenue_estimate_vnd,
    revenue.outturn_of_estimate_pct as revenue_of_estimate_pct,
    expenditure.outturn_cumulative_vnd as expenditure_cumulative_vnd,
    expenditure.estimate_vnd as expenditure_estimate_vnd,
    expenditure.outturn_of_estimate_pct as expenditure_of_estimate_pct,
    cast(disbursement.plan_total_vnd as decimal(24, 2)) as investment_plan_vnd,
    cast(disbursement.disbursed_cumulative_vnd as decimal(24, 2)) as disbursed_cumulative_vnd,
    cast(
        100 * disbursement.disbursed_cumulative_vnd / nullif(disbursement.plan_total_vnd, 0)
        as decimal(18, 4)
    ) as disbursed_of_plan_pct,
    disbursement.n_projects,
    target.n_targets,
    target.n_targets_reached,
    target.n_targets_on_track,
    target.n_targets_behind,
    target.n_targets_without_data,
    reporting.n_expected as n_reports_expected,
    reporting.n_received as n_reports_received,
    reporting.n_on_time as n_reports_on_time,
    reporting.n_overdue as n_reports_overdue,
    reporting.n_held as n_reports_held,
    reporting.n_errors as n_open_errors,
    reporting.n_warnings as n_open_warnings,
    {% for _, column in indicators -%}
        indicator.{{ column }},
    {% endfor -%}
    indicator.n_indicators,
    list_sort(list_distinct(
        list_concat(list_concat(revenue.fact_keys, expenditure.fact_keys), indicator.fact_keys)
    )) as fact_keys
from present
inner join commune
    on present.unit_code = commune.unit_code
inner join period
    on present.period_key = period.period_key
-- the year's row shows what December's report says of the year
left join period as budget_period
    on
        budget_period.kind <> 'year'
        and case when period.kind = 'year' then period.year_key || '-12' else period.period_key end
        = budget_period.period_key
left join revenue
    on
        commune.unit_code = revenue.unit_code
        and budget_period.period_key = revenue.period_key
left join expenditure
    on
        commune.unit_code = expenditure.unit_code
        and budget_period.period_key = expenditure.period_key
left join disbursement
    on
        commune.unit_code = disbursement.unit_code
        and budget_period.period_key = disbursement.period_key
left join target
    on
        commune.unit_code = target.unit_code
        and period.period_key = target.period_key
left join reporting
    on
        commune.unit_code = reporting.unit_code
        and period.period_key = reporting.period_key
left join indicator
    on
        commune.unit_code = indicator.unit_code
        and period.period_key = indicator.period_key
