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
        order by {{ statement_order() }}
    )
{%- endmacro %}


{#- The place of a statement among those of its quantity, as contracts rank forms and senders: 1 is the one that
    counts. The number that names a statement (statement_no) does not change when a better source comes. -#}
{% macro preference() -%}
    row_number() over (
        partition by natural_key
        order by source_rank, {{ statement_order() }}
    )
{%- endmacro %}


{% macro statement_order() -%}
    reporter_unit_code, form_code, submission_period_key nulls last, table_no, area_no, row_no, col_no, submission_id
{%- endmacro %}


{#- The key of the statement that counts in place of this one; null for the one that counts. -#}
{% macro outranked_by(prefix='') -%}
    case
        when {{ prefix }}preference > 1
            then
                {{ prefix }}natural_key || '/' || max(
                    case when {{ prefix }}preference = 1 then {{ prefix }}statement_no end
                ) over (partition by {{ prefix }}natural_key)
    end
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
