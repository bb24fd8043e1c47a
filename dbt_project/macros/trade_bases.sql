{#- The bases of trade differ by a factor of 10 to 500. In the marts each has columns of its own, so that no sum over
    rows can add one to another. -#}
{% macro trade_bases() -%}
    {{ return(['crossing', 'declared', 'local']) }}
{%- endmacro %}
