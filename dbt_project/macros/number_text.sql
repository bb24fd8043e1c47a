{#- A decimal as text without its padding zeros: 77.500000000000 gives 77.5. -#}
{% macro number_text(number) -%}
    rtrim(rtrim(cast({{ number }} as varchar), '0'), '.')
{%- endmacro %}
