{#- How far a kind of figure is to be believed: 1 first. -#}
{% macro kind_rank(kind) -%}
    case {{ kind }}
        when 'official' then 1
        when 'preliminary' then 2
        when 'reported' then 3
        when 'projected' then 4
    end
{%- endmacro %}


{#- The place of a figure among those that state one quantity (`about`: the columns that tell quantities apart):
    the best kind first, then the best source, then the first statement. -#}
{% macro best_statement(about) -%}
    row_number() over (
        partition by {{ about | join(', ') }}
        order by
            {{ kind_rank('kind') }} asc nulls last,
            source_rank asc,
            statement_no asc,
            fact_key asc
    )
{%- endmacro %}
