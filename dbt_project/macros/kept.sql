{#- A table is not built again where all that it reads is as it was when it was built, and a test is not run again
    where it passed on what it reads. Schema `kept` of the working file says what stands in each table: a digest that
    does not depend on the order of rows. A table that is built and comes out as it was keeps what reads it. What nothing
    is said of (history, the build itself) is never as it was. The SQL and the declared columns of a node are part
    of what it was made of; `dbt build --full-refresh` builds all. Seeds are not looked at: a night has a new
    working file where any code is another one (warehouse/kept_tables.py).

    What a node reads is what it depends on, but for its `meta`:
    - `parts: {model: part}`: of this model it reads only the rows whose `parts_by` column has this value;
    - `whatever: [schema.table, ...]`: what stands there does not change what comes out. -#}


{#- Tables that a node reads, as SQL pairs of `schema.name` and part ('' for the whole): through views, which hold
    nothing themselves. -#}
{% macro kept_inputs(node) -%}
    {%- set found = [] -%}
    {%- set meta = node.config.get('meta', {}) -%}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- set input = graph.nodes.get(unique_id) or graph.sources.get(unique_id) -%}
        {%- set table = input.schema ~ '.' ~ input.name -%}
        {%- if input.resource_type == 'seed' or table in meta.get('whatever', []) -%}
        {%- elif input.config.get('materialized') == 'view' -%}
            {%- do found.extend(kept_inputs(input)) -%}
        {%- else -%}
            {%- do found.append("('" ~ table ~ "', '" ~ meta.get('parts', {}).get(input.name, '') ~ "')") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | unique | list) }}
{%- endmacro %}


{#- Whether a node was made of what it reads now (`is_kept`), and the digest of that (`key`; null where not all of
    it is known). -#}
{% macro kept_state() -%}
    {%- set inputs = kept_inputs(model) -%}
    {%- set code = local_md5(model.compiled_code ~ tojson(model.columns, sort_keys=true)) -%}
    {%- set query -%}
        with input as (
            select
                count(*) as n_known,
                md5(concat('{{ code }}', string_agg(digest, ',' order by table_name, part))) as read_key
            from kept.content
            where (table_name, part) in ({{ inputs | join(', ') or "('', '')" }})
        )

        select
            case when input.n_known = {{ inputs | length }} then input.read_key end as read_key,
            made.node is not null as is_kept
        from input
        left join kept.made as made
            on
                input.n_known = {{ inputs | length }}
                and input.read_key = made.read_key
                and made.node = '{{ model.unique_id }}'
    {%- endset -%}
    {%- set row = run_query(query).rows[0] -%}
    {{ return({'key': row[0], 'is_kept': row[1] and not should_full_refresh()}) }}
{%- endmacro %}


{#- Statements that say what a node was made of, or of a failed test that it was not. -#}
{% macro made_statements(key) -%}
    delete from kept.made where node = '{{ model.unique_id }}';
    {%- if key is not none %}
        insert into kept.made
        select '{{ model.unique_id }}', '{{ key }}', build.build_id from raw.build;
    {%- endif %}
{%- endmacro %}


{#- Statements that say what stands in a table, and in its parts where its meta names the column that tells them
    apart. -#}
{% macro content_statements(relation) -%}
    {%- set table = relation.schema ~ '.' ~ relation.identifier -%}
    {%- set parts_by = config.get('meta', {}).get('parts_by') -%}
    delete from kept.content where table_name = '{{ table }}';
    insert into kept.content
    select '{{ table }}', '', {{ content_digest('content') }} from {{ relation }} as content;
    {%- if parts_by %}
        insert into kept.content
        select '{{ table }}', {{ parts_by }}, {{ content_digest('content') }}
        from {{ relation }} as content
        where {{ parts_by }} is not null
        group by {{ parts_by }};
    {%- endif %}
{%- endmacro %}


{#- Statements that fill a table and describe it. Under a contract each column has its declared type and must not be
    empty where that is declared; that the query gives these columns and no others is asked before. -#}
{% macro table_statements(relation) -%}
    {%- if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(compiled_code) }}
        create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
    {%- else %}
        create or replace table {{ relation }} as ({{ compiled_code }});
    {%- endif %}
    {%- if config.persist_relation_docs() and model.description %}
        comment on table {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {%- endif %}
    {%- if config.persist_column_docs() %}
        {%- for column in model.columns.values() %}
            comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
        {%- endfor %}
    {%- endif %}
{%- endmacro %}


{#- 128 bits and a count of all rows, in whatever order. -#}
{% macro content_digest(rows) -%}
    concat_ws(':', count(*), sum(hash({{ rows }})), bit_xor(hash({{ rows }})))
{%- endmacro %}


{#- In one transaction, and in one request where dbt's own has some twenty: on a small night these cost more than what
    they make. No hooks, grants or indexes, which no model here has. -#}
{% materialization table, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set state = kept_state() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if state.is_kept and existing is not none -%}
        {%- call noop_statement('main', 'KEPT', 'KEPT', 0) -%}
            -- what it reads is as it was
        {%- endcall -%}
        {{ return({'relations': [existing]}) }}
    {%- endif -%}
    {%- if existing is not none and not existing.is_table -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ table_statements(target) }}
        {{ content_statements(target) }}
        {{ made_statements(state.key) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}


{#- A view in one request too. -#}
{% materialization view, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and not existing.is_view -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace view {{ target }} as ({{ compiled_code }});
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}


{% materialization test, default -%}
    {%- set state = kept_state() -%}
    {%- if state.is_kept -%}
        {%- call statement('main', fetch_result=true) -%}
            -- it passed on what it reads
            select 0 as failures, false as should_warn, false as should_error
        {%- endcall -%}
        {{ return({'relations': []}) }}
    {%- endif -%}
    {%- set tested = dbt.materialization_test_default() -%}
    {%- set outcome = load_result('main').table.rows[0] -%}
    {%- call statement('note_made') -%}
        {{ made_statements(none if outcome[1] or outcome[2] else state.key) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return(tested) }}
{%- endmaterialization %}
