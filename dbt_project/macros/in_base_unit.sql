{#- A typed number in the base unit. A number that no published column can hold becomes null instead of
    stopping the build; its text stays, and a test on int_observation__conformed reports it. -#}
{% macro in_base_unit(number) -%}
    case
        when abs(cast({{ number }} as double) * cast(measured.factor as double)) < 1e18
            then cast({{ number }} * measured.factor as decimal(38, 12))
    end
{%- endmacro %}
