{#- A value as a reader should see it: comparator, the text as typed, unit. Where the officer typed
    words ("trên 95%"), the text says it all and stays as it is. -#}
{% macro stated_text(comparator, value_text, unit_vi) -%}
    case
        when not regexp_matches({{ value_text }}, '^[-0-9., ]+$') then {{ value_text }}
        else concat(
            case {{ comparator }}
                when '>' then 'trên '
                when '>=' then 'từ '
                when '<' then 'dưới '
                when '<=' then 'không quá '
                when '~' then 'khoảng '
                when '<~' then 'gần '
            end,
            {{ value_text }},
            case when {{ unit_vi }} = '%' then '%' else ' ' || {{ unit_vi }} end,
            case when {{ comparator }} = '>=' then ' trở lên' end
        )
    end
{%- endmacro %}
