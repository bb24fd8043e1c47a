{#- The time of this build. Time is an input: no model asks a clock. -#}
{% macro as_of() -%}
    (select build.as_of from {{ source('raw', 'build') }} as build)
{%- endmacro %}
