{#- Which lines are sums of parts that are stated too: adding both would count the parts twice.

    `detailed_lines` selects them from keyed figures (`rows`, with their line in `line_column`) and a list
    of lines; `dimensions` are the columns that tell the figures of one line apart, besides the line itself.
    Parts that are only some of all (children: partial) do not stand for their parent. -#}
{% macro detailed_lines(rows, line_column, lines, dimensions) -%}
    select distinct
        {% for dimension in dimensions -%}
            {{ rows }}.{{ dimension }},
        {% endfor -%}
        whole.line_code
    from {{ rows }}
    inner join {{ lines }} as part
        on {{ rows }}.{{ line_column }} = part.line_code
    inner join {{ lines }} as whole
        on part.parent_code = whole.line_code
    where part.is_additive and whole.children = 'all'
{%- endmacro %}


{#- Joins figures to lines of their own dimensions; a dimension may be empty on both sides. -#}
{% macro same_line(rows, line_column, found, dimensions) -%}
    {{ rows }}.{{ line_column }} = {{ found }}.line_code
    {%- for dimension in dimensions %}
        and {{ rows }}.{{ dimension }} is not distinct from {{ found }}.{{ dimension }}
    {%- endfor %}
{%- endmacro %}
