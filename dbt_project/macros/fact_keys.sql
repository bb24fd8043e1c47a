{#- The facts under a row of a mart: their keys as a list, without those that are missing. A key never holds the
    unit separator, which no cell's text keeps. -#}
{% macro fact_keys(columns) -%}
    string_split(concat_ws(chr(31), {{ columns | join(', ') }}), chr(31))
{%- endmacro %}
