-- The communes and wards side by side in what they report once a year or quarter; each figure the newest of its unit.
with commune as (
    select unit_code, name_vi from dim_unit
    where level in ('commune', 'ward') and valid_to is null
),

newest as (
    select unit_code, indicator_code, value, fact_keys, period_key
    from mart_indicator
    where
        measure = 'level'
        and indicator_code in (
            'population', 'households', 'poor_households', 'near_poor_households', 'ntm_criteria_met',
            'ocop_products_3star_plus'
        )
    qualify row_number() over (partition by unit_code, indicator_code order by period_end desc, period_key) = 1
),

wide as (
    select
        unit_code,
        max(period_key) as period_key,
        any_value(value) filter (indicator_code = 'population') as population,
        any_value(value) filter (indicator_code = 'households') as households,
        any_value(value) filter (indicator_code = 'poor_households') as poor_households,
        any_value(value) filter (indicator_code = 'near_poor_households') as near_poor_households,
        any_value(value) filter (indicator_code = 'ntm_criteria_met') as ntm_criteria_met,
        any_value(value) filter (indicator_code = 'ocop_products_3star_plus') as ocop_products,
        any_value(fact_keys) filter (indicator_code = 'population') as population_keys,
        any_value(fact_keys) filter (indicator_code = 'households') as households_keys,
        any_value(fact_keys) filter (indicator_code = 'poor_households') as poor_keys,
        any_value(fact_keys) filter (indicator_code = 'near_poor_households') as near_poor_keys,
        any_value(fact_keys) filter (indicator_code = 'ntm_criteria_met') as ntm_keys,
        any_value(fact_keys) filter (indicator_code = 'ocop_products_3star_plus') as ocop_keys
    from newest
    group by unit_code
),

project as (
    select reporter_unit_code as unit_code, count(distinct project_code) as n_projects
    from dim_project
    group by reporter_unit_code
)

select
    commune.unit_code,
    commune.name_vi as unit_vi,
    period.label_vi as period_vi,
    wide.population,
    wide.households,
    wide.poor_households,
    wide.near_poor_households,
    wide.ntm_criteria_met,
    wide.ocop_products,
    project.n_projects,
    wide.population_keys,
    wide.households_keys,
    wide.poor_keys,
    wide.near_poor_keys,
    wide.ntm_keys,
    wide.ocop_keys
from commune
left join wide on commune.unit_code = wide.unit_code
left join dim_period as period on wide.period_key = period.period_key
left join project on commune.unit_code = project.unit_code
order by commune.name_vi collate vi, commune.unit_code
