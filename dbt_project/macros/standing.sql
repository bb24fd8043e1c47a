{#- Where a target stands. A figure from inside its period says more than one from before it; a figure that others
    contradict (undecided with findings) convinces nobody. -#}
{% macro standing() -%}
    case
        when judged.findings > 0 and judged.status = 'undecided' then 'undecided'
        when interim.is_reached then 'reached'
        when interim.pace is not null then interim.pace
        when judged.status = 'no_actual' and interim.interim_fact_key is null then 'no_data'
        when judged.status = 'no_actual' then 'not_reached'
        else judged.status
    end
{%- endmacro %}
