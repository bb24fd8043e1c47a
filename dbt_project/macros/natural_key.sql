{#- What a figure is about, as readable text that is the same in every build: parts joined by '/'.
    A fact_key is this and the number of the statement. Optional parts stand only where there are any. -#}
{% macro natural_key(fact_table, parts, optional=[]) -%}
    concat(
        '{{ fact_table }}',
        {% for part in parts -%}
            '/', coalesce({{ part }}, ''){{ ',' if not loop.last or optional }}
        {% endfor -%}
        {% for part in optional -%}
            '/' || {{ part }}{{ ',' if not loop.last }}
        {% endfor -%}
    )
{%- endmacro %}


{#- `growth@2025`: a measure against a base period is another quantity than one without. -#}
{% macro measure_at_base() -%}
    measure || coalesce('@' || base_period_key, '')
{%- endmacro %}


{#- One quantity may be stated several times, with different values; every statement is kept and
    numbered. The period of the submission comes before the place in it, so that next month's file
    gets the next number and does not renumber this month's. -#}
{% macro statement_no() -%}
    row_number() over (
        partition by natural_key
        order by
            reporter_unit_code asc,
            form_code asc,
            submission_period_key asc nulls last,
            table_no asc,
            area_no asc,
            row_no asc,
            col_no asc,
            submission_id asc
    )
{%- endmacro %}


{#- What is said about the year, or the period before, is said again with the next report of the same
    form: the last report of a sender counts. A figure about the submission's own period stays. -#}
{% macro is_latest_statement() -%}
    case
        when is_said_again
            then
                row_number() over (
                    partition by natural_key, reporter_unit_code, form_code, is_said_again
                    order by submission_period_key desc, submission_id asc
                ) = 1
        else true
    end
{%- endmacro %}
