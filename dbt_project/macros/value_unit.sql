{#- The unit of a value, which depends on the measure: the growth of a money amount is a percentage
    (`measure_unit`, from the vocabulary of measures; null where the indicator's own unit counts). -#}
{% macro value_unit(measure, measure_unit, typed_unit, indicator_unit) -%}
    case
        when
            {{ measure }} in ('change', 'average_change')
            and 'percent' in ({{ indicator_unit }}, {{ typed_unit }})
            then 'percentage_point'
        else coalesce({{ measure_unit }}, {{ typed_unit }}, {{ indicator_unit }})
    end
{%- endmacro %}
