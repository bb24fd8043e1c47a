{#- The unit of a value, which depends on the measure: the growth of a money amount is a percentage. -#}
{% macro value_unit(measure, typed_unit, indicator_unit) -%}
    case
        when
            {{ measure }} in (
                'growth', 'average_growth', 'planned_growth', 'share', 'plan_ratio',
                'ratio_to_previous', 'ratio_to_same_period', 'ratio_to_base_year',
                'ratio_to_december', 'cumulative_ratio', 'average_ratio'
            )
            then 'percent'
        when
            {{ measure }} in ('change', 'average_change')
            and 'percent' in ({{ indicator_unit }}, {{ typed_unit }})
            then 'percentage_point'
        when {{ measure }} = 'multiple' then 'times'
        when {{ measure }} in ('rank', 'rank_change') then 'rank'
        else coalesce({{ typed_unit }}, {{ indicator_unit }})
    end
{%- endmacro %}
