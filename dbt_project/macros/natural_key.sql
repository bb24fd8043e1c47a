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


{#- One quantity may be stated several times, with different values; every statement is kept and numbered.

    From `keyed`, figures with their natural_key, these CTEs make `numbered`: the statements that are in force,
    with fact_key, statement_no and outranked_by. Most quantities are stated once; only what is stated again is
    put in order, without its other columns.

    - What is said about the year, or the period before, is said again with the next report of the same form: the
      last report of a sender counts. A figure about the submission's own period stays.
    - The period of the submission comes before the place in it, so that next month's file gets the next number
      and does not renumber this month's.
    - The statement that counts is the first as contracts rank forms and senders; the others name it in
      outranked_by. The number that names a statement does not change when a better source comes. -#}
{% macro numbered_statements(keyed) -%}
{%- set cell = ['submission_id', 'area_no', 'row_no', 'col_no'] -%}
{%- set order = ['reporter_unit_code', 'form_code', 'submission_period_key', 'table_no'] -%}
stated_again as (
    select natural_key
    from {{ keyed }}
    group by natural_key
    having count(*) > 1
),

statement as (
    select
        {% for column in cell + order -%}
            {{ keyed }}.{{ column }},
        {% endfor -%}
        {{ keyed }}.source_rank,
        {{ keyed }}.natural_key,
        case
            when {{ keyed }}.is_said_again
                then
                    row_number() over (
                        partition by
                            {{ keyed }}.natural_key,
                            {{ keyed }}.reporter_unit_code,
                            {{ keyed }}.form_code,
                            {{ keyed }}.is_said_again
                        order by {{ keyed }}.submission_period_key desc, {{ keyed }}.submission_id asc
                    )
            else 1
        end as nth_last
    from {{ keyed }}
    inner join stated_again
        on {{ keyed }}.natural_key = stated_again.natural_key
),

placed as (
    select
        {{ cell | join(', ') }},
        natural_key,
        {% for number, first in [('statement_no', ''), ('preference', 'source_rank, ')] -%}
            row_number() over (
                partition by natural_key
                order by
                    {{ first }}reporter_unit_code, form_code, submission_period_key nulls last,
                    table_no, area_no, row_no, col_no, submission_id
            ) as {{ number }}{{ ',' if not loop.last }}
        {% endfor -%}
    from statement
    where nth_last = 1
),

ranked as (
    select
        *,
        max(case when preference = 1 then statement_no end) over (partition by natural_key) as preferred_no
    from placed
),

numbered as (
    select
        {{ keyed }}.*,
        {{ keyed }}.natural_key || '/' || coalesce(ranked.statement_no, 1) as fact_key,
        coalesce(ranked.statement_no, 1) as statement_no,
        case when ranked.preference > 1 then {{ keyed }}.natural_key || '/' || ranked.preferred_no end
            as outranked_by
    from {{ keyed }}
    left join stated_again
        on {{ keyed }}.natural_key = stated_again.natural_key
    left join ranked
        on
            {{ keyed }}.natural_key = ranked.natural_key
            {% for column in cell -%}
                and {{ keyed }}.{{ column }} = ranked.{{ column }}
            {% endfor -%}
    where stated_again.natural_key is null or ranked.natural_key is not null
)
{%- endmacro %}
