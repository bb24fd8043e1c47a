-- Do the published figures agree with each other, and where not, which figures are they?
with stated as (
    select
        identity_code,
        unnest(facts) as fact_key
    from {{ ref('identity_result') }}
),

figure as (
    select
        stated.identity_code,
        list(
            coalesce(indicator.name_vi, figure.indicator_code) || ' (' || figure.period_key || '): '
            || {{ stated_text('figure.comparator', 'figure.value_text', 'unit_of_measure.name_vi') }}
            order by stated.fact_key
        ) as figures_vi
    from stated
    inner join {{ ref('int_fact__figure') }} as figure
        on stated.fact_key = figure.fact_key
    left join {{ ref('dim_indicator') }} as indicator
        on figure.indicator_code = indicator.indicator_code
    left join {{ ref('unit_of_measure') }} as unit_of_measure
        on figure.stated_unit = unit_of_measure.unit_code
    group by stated.identity_code
)

select
    result.identity_code,
    result.says_vi,
    result.outcome,
    case result.outcome
        when 'holds' then 'Đúng'
        when 'broken' then 'Không thể đúng'
        when 'not_evaluable' then 'Chưa đủ số liệu'
    end as outcome_vi,
    result.residual_low,
    result.residual_high,
    array_to_string(figure.figures_vi, '; ') as figures_vi,
    result.facts as fact_keys
from {{ ref('identity_result') }} as result
left join figure
    on result.identity_code = figure.identity_code
