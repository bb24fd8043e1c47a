{#- What with_history adds to the columns of a fact. -#}
{% macro versioning_columns() -%}
    {{ return(['content_hash', 'known_from', 'known_to', 'is_current']) }}
{%- endmacro %}


{#- Columns that only say where a figure came from: outside the hash, so that the same figure from another
    file is a new version, but no change. -#}
{% macro provenance_columns() -%}
    {{ return([
        'fact_key', 'unit_key', 'statement_no', 'submission_id', 'file_path', 'cell_ref', 'form_code',
        'reporter_unit_code', 'source_rank',
    ]) }}
{%- endmacro %}


{#- The columns of this model as its contract declares them: name and data_type, in order. -#}
{% macro declared_columns() -%}
    {{ return(model.columns.values() | list) }}
{%- endmacro %}


{#- Whether two rows are one version of a fact: the same value, stated by the same submission in the same cell. -#}
{% macro same_version(one, other) -%}
    {{ one }}.fact_key = {{ other }}.fact_key
    and {{ one }}.content_hash = {{ other }}.content_hash
    and {{ one }}.submission_id = {{ other }}.submission_id
    and {{ one }}.cell_ref = {{ other }}.cell_ref
{%- endmacro %}


{#- The unit that a fact is about, from its key: history knows facts that the build no longer has. -#}
{% macro unit_of_fact() -%}
    split_part(fact_key, '/', 2)
{%- endmacro %}


{#- Ends a fact model: the current rows, each known since the publish that first showed it as it is, and
    every version that earlier publishes showed and this one does not. A version is a value together with
    the submission and the cell that state it: what a publish showed can be shown again row by row.

    `current_rows` is a CTE with all declared columns but the versioning ones. History is the replay of
    the ledger (history.fact_version), so that facts and their history can be rebuilt from archive and
    ledger; a past row has whatever columns its publish wrote, by name, and nulls for the others.

    The hash reads `name=value` of what is not null: a column that is added later, and is null in old
    rows, does not turn every fact into a changed one. is_leaf is part of it: "the leaves as we knew
    them in July" must still add up after the detail has arrived in August. -#}
{% macro with_history(fact_table, current_rows) -%}
{%- set columns = declared_columns() | rejectattr('name', 'in', versioning_columns()) | list -%}
declared as (
    select
        {% for column in columns -%}
            cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ current_rows }}
),

hashed as (
    select
        *,
        md5(concat_ws(
            '|',
            {% for column in columns if column.name not in provenance_columns() -%}
                '{{ column.name }}=' || cast({{ column.name }} as varchar){{ ',' if not loop.last }}
            {% endfor -%}
        )) as content_hash
    from declared
),

published as (
    select
        fact_key,
        content_hash,
        submission_id,
        cell_ref,
        known_from,
        known_to
    from {{ source('history', 'fact_version') }}
    where fact_table = '{{ fact_table }}' and {{ only_wanted('unit', unit_of_fact()) }}
),

gone as (
    select published.*
    from published
    left join hashed
        on
            {{ same_version('published', 'hashed') }}
    where published.known_to is not null or hashed.fact_key is null
),

published_row as (
    select * from {{ source('history', 'fact_row') }}
    where fact_table = '{{ fact_table }}' and {{ only_wanted('unit', unit_of_fact()) }}
),

select
    {% for column in columns -%}
        hashed.{{ column.name }},
    {% endfor -%}
    hashed.content_hash,
    coalesce(published.known_from, {{ as_of() }}) as known_from,
    cast(null as timestamp) as known_to,
    true as is_current
from hashed
left join published
    on
        {{ same_version('hashed', 'published') }}
        and published.known_to is null
union all
select
    {% for column in columns -%}
        {% if column.name == 'fact_key' -%}
            gone.fact_key,
        {% else -%}
            cast(
                json_extract_string(published_row.row_json, '$.{{ column.name }}') as {{ column.data_type }}
            ) as {{ column.name }},
        {% endif -%}
    {% endfor -%}
    gone.content_hash,
    gone.known_from,
    coalesce(gone.known_to, {{ as_of() }}) as known_to,
    false as is_current
from gone
left join published_row
    on
        gone.fact_key = published_row.fact_key
        and gone.content_hash = published_row.content_hash
        and gone.known_from = published_row.known_from
        and gone.submission_id is not distinct from published_row.submission_id
        and gone.cell_ref is not distinct from published_row.cell_ref
{%- endmacro %}
