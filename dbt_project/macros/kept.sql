{#- A table is not built again where all that it reads is as it was when it was built, and a test is not run again
    where it passed on what it reads. Schema `kept` of the working file says what stands in each table: a digest that
    does not depend on the order of rows. A table that is built and comes out as it was keeps what reads it. What nothing
    is said of (history, the build itself) is never as it was. The SQL and the declared columns of a node are part
    of what it was made of; `dbt build --full-refresh` builds all. Seeds are not looked at: a night has a new
    working file where any code is another one (warehouse/kept_tables.py).

    What a node reads is what it depends on, but for its `meta`:
    - `parts: {model: part}`: of this model it reads only the rows whose first `parts_by` has this value;
    - `whatever: [schema.table, ...]`: what stands there does not change what comes out;
    - `in_parts`: each of its rows is made of one part of a table, and of nothing else but whole tables. Where only
      some parts are other ones, only their rows are made. `of` is that table, and `of_part` which of its parts are
      read (as in `parts`; none for all); `part` is an expression over a row that says which part it is of;
      `instead_of` are the tables that `of` stands for. The SQL says `only_wanted('wanted as', column)` where it reads
      the parts, with the name that `wanted_as` gives them, or `only_wanted_submissions(column)`. -#}


{#- Tables that a node reads, as `schema.name` and part ('' for the whole): through views, which hold
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
            {%- do found.append({'table': table, 'part': meta.get('parts', {}).get(input.name, '')}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Whether a node was made of what it reads now (`is_kept`), and the digest of that (`key`; null where not all of
    it is known). Of a node that is made in parts, the key is that of what it reads whole; `is_kept` if no part is
    another one, `in_parts` if no more than half are. -#}
{% macro kept_state() -%}
    {%- set in_parts = config.get('meta', {}).get('in_parts') -%}
    {%- set by_part = [in_parts.of] + in_parts.get('instead_of', []) if in_parts else [] -%}
    {%- set whole = [] -%}
    {%- for input in kept_inputs(model) if input.table not in by_part -%}
        {%- do whole.append("('" ~ input.table ~ "', '" ~ input.part ~ "')") -%}
    {%- endfor -%}
    {%- set inputs = whole | unique | list -%}
    {%- set code = local_md5(model.compiled_code ~ tojson(model.columns, sort_keys=true)) -%}
    {%- set query -%}
        with input as (
            select
                count(*) as n_known,
                md5(concat('{{ code }}', string_agg(digest, ',' order by table_name, part))) as read_key
            from kept.content
            where (table_name, part) in ({{ inputs | join(', ') or "('', '')" }})
        ),

        part as (
            {% if in_parts -%}
                select
                    count(now_digest) as n_parts,
                    count(*) filter (now_digest is distinct from made_digest) as n_other
                from ({{ parts_now_and_made(in_parts) }})
            {%- else -%}
                select 1 as n_parts, 0 as n_other
            {%- endif %}
        )

        select
            case when input.n_known = {{ inputs | length }} and part.n_parts > 0 then input.read_key end
                as read_key,
            made.node is not null and part.n_other = 0 as is_kept,
            made.node is not null and part.n_other * 2 <= part.n_parts as is_in_parts
        from input
        cross join part
        left join kept.made as made
            on
                input.n_known = {{ inputs | length }}
                and input.read_key = made.read_key
                and made.node = '{{ model.unique_id }}'
    {%- endset -%}
    {%- set row = run_query(query).rows[0] -%}
    {%- set may_be = not should_full_refresh() -%}
    {%- if in_parts -%}
        {%- do inputs.append("('" ~ in_parts.of ~ "', '" ~ in_parts.get('of_part', '') ~ "')") -%}
    {%- endif -%}
    {{ return({
        'key': row[0], 'is_kept': row[1] and may_be, 'in_parts': in_parts and row[2] and may_be, 'inputs': inputs,
    }) }}
{%- endmacro %}


{#- Each part of what a node is made of: its digest now, and when the node was made. -#}
{% macro parts_now_and_made(in_parts) -%}
    {%- set before = in_parts.of_part ~ '/' if in_parts.get('of_part') else '' -%}
    select
        coalesce(now.part, made.part) as part,
        now.digest as now_digest,
        made.digest as made_digest
    from (
        select substr(part, {{ before | length + 1 }}) as part, digest
        from kept.content
        where table_name = '{{ in_parts.of }}' and part like '{{ before }}_%'
    ) as now
    full join (
        select part, digest from kept.made_part
        where node = '{{ model.unique_id }}'
    ) as made on now.part = made.part
{%- endmacro %}


{#- Of these the ones that are not as they were. -#}
{% macro other_parts(in_parts) -%}
    select part, now_digest as digest from ({{ parts_now_and_made(in_parts) }})
    where now_digest is distinct from made_digest
{%- endmacro %}


{#- A condition of a query that is made in parts: that the part in this column is one of those that are wanted.
    Where none is named, all are. They are named within the transaction that wants them, and never outside. -#}
{% macro only_wanted(wanted_as, column) -%}
    (
        not exists (select 1 from kept.wanted where wanted.wanted_as = '{{ wanted_as }}')
        or {{ column }} in (select wanted.part from kept.wanted where wanted.wanted_as = '{{ wanted_as }}')
    )
{%- endmacro %}


{#- The same of a table of submissions' cells and rows, by number: a join, of which DuckDB knows before it reads the
    table which numbers can be met, and passes over the others' rows (a comparison of texts reads all of them). -#}
{% macro only_wanted_submissions(column) -%}
    {{ column }} in (
        select cast(wanted.part as integer) from kept.wanted
        where wanted.wanted_as = 'submission'
        union all
        select submission.submission_no from {{ source('raw', 'submission') }} as submission
        where not exists (select 1 from kept.wanted where wanted.wanted_as = 'submission')
    )
{%- endmacro %}


{#- A statement that has raw.cell_named read the wanted submissions alone, where they are few (warehouse/schema.sql).
    dbt has a connection for each node, whose variables end with it. -#}
{% macro read_only_submissions() -%}
    set variable only_submissions = (
        select kept.if_few(list(cast(part as integer))) from kept.wanted where wanted_as = 'submission'
    );
{%- endmacro %}


{#- Statements that say what a node was made of; of a failed test nothing is said. -#}
{% macro made_statements(state, is_made=true) -%}
    delete from kept.made where node = '{{ model.unique_id }}';
    {%- if state.key is not none and is_made %}
        insert into kept.made
        select '{{ model.unique_id }}', '{{ state.key }}', build.build_id from raw.build;
        delete from kept.read where node = '{{ model.unique_id }}';
        {%- if state.inputs %}
            insert into kept.read
            select '{{ model.unique_id }}', input.table_name, input.part, content.digest
            from (values {{ state.inputs | join(', ') }}) as input (table_name, part)
            left join kept.content as content
                on input.table_name = content.table_name and input.part = content.part;
        {%- endif %}
    {%- endif %}
{%- endmacro %}


{#- Statements that say of which parts a node was made, but for those that are as they were. -#}
{% macro made_part_statements(in_parts) -%}
    create or replace temp table other_part as {{ other_parts(in_parts) }};
    delete from kept.made_part
    where node = '{{ model.unique_id }}' and part in (select other_part.part from other_part);
    insert into kept.made_part
    select '{{ model.unique_id }}', part, digest from other_part
    where digest is not null;
{%- endmacro %}


{#- Statements that say what stands in a table, and in its parts where its meta names what tells them apart: by all
    of it, and by what comes first of it. -#}
{% macro content_statements(relation) -%}
    {%- set table = relation.schema ~ '.' ~ relation.identifier -%}
    delete from kept.content where table_name = '{{ table }}';
    {%- for part in digested_parts() %}
        insert into kept.content
        select '{{ table }}', {{ part }}, {{ content_digest('content') }}
        from {{ relation }} as content
        {{ 'group by ' ~ part if not loop.first }};
    {%- endfor %}
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


{#- Statements that make those rows of a table anew whose parts are other ones. -#}
{% macro statements_of_parts(relation, in_parts) -%}
    insert into kept.wanted
    select '{{ in_parts.wanted_as }}', part from ({{ other_parts(in_parts) }});
    {{ read_only_submissions() if in_parts.wanted_as == 'submission' }}
    create or replace temp table rows_before as {{ digested_rows(relation, in_parts) }};
    delete from {{ relation }}
    where {{ is_of_wanted_part(in_parts) }};
    insert into {{ relation }} {{ get_column_names() if config.get('contract').enforced else 'by name' }}
    ({{ get_select_subquery(compiled_code) if config.get('contract').enforced else compiled_code }});
    create or replace temp table rows_now as {{ digested_rows(relation, in_parts) }};
    reset variable only_submissions;
    delete from kept.wanted where wanted_as = '{{ in_parts.wanted_as }}';
{%- endmacro %}


{% macro is_of_wanted_part(in_parts) -%}
    {{ in_parts.part }} in (
        select wanted.part from kept.wanted where wanted.wanted_as = '{{ in_parts.wanted_as }}'
    )
{%- endmacro %}


{#- Of the rows that are wanted, by each part of the table that they are in: the three figures of a digest. -#}
{% macro digested_rows(relation, in_parts) -%}
    {%- for part in digested_parts() %}
        select
            {{ part }} as part,
            cast(count(*) as hugeint) as n_rows,
            cast(sum(hash(content)) as hugeint) as hash_sum,
            bit_xor(hash(content)) as hash_xor
        from {{ relation }} as content
        where {{ is_of_wanted_part(in_parts) }}
        group by all
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- Expressions over a row: what it is a part of ('' for the whole), by all of `parts_by` and by what comes first. -#}
{% macro digested_parts() -%}
    {%- set parts_by = config.get('meta', {}).get('parts_by', []) -%}
    {%- set parts = ["''"] -%}
    {%- for depth in range(1, parts_by | length + 1) -%}
        {%- do parts.append("concat_ws('/', " ~ parts_by[:depth] | join(', ') ~ ')') -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}


{#- As content_statements, of a table of which rows were made again: sums and exclusive ors need no other row. -#}
{% macro content_statements_of_parts(relation) -%}
    {%- set table = relation.schema ~ '.' ~ relation.identifier -%}
    create or replace temp table content_now as
    with moved as (
        select part, n_rows, hash_sum, hash_xor from rows_now
        union all
        select part, -n_rows, -hash_sum, hash_xor from rows_before
        union all
        select
            part,
            cast(split_part(digest, ':', 1) as hugeint),
            try_cast(split_part(digest, ':', 2) as hugeint),
            try_cast(split_part(digest, ':', 3) as ubigint)
        from kept.content
        where
            table_name = '{{ table }}'
            and part in (select part from rows_now union all select part from rows_before)
    )
    select part, sum(n_rows) as n_rows, sum(hash_sum) as hash_sum, bit_xor(hash_xor) as hash_xor
    from moved
    group by part;
    delete from kept.content where table_name = '{{ table }}' and part in (select part from content_now);
    insert into kept.content
    select
        '{{ table }}',
        part,
        concat_ws(
            ':', n_rows, case when n_rows > 0 then hash_sum end, case when n_rows > 0 then hash_xor end
        )
    from content_now
    where n_rows > 0 or part = '';
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
    {%- set in_parts = config.get('meta', {}).get('in_parts') -%}
    {%- call statement('main') -%}
        {%- if state.in_parts and existing is not none and existing.is_table -%}
            {{ statements_of_parts(target, in_parts) }}
            {{ content_statements_of_parts(target) }}
        {%- else -%}
            {{ table_statements(target) }}
            {{ content_statements(target) }}
        {%- endif %}
        {{ made_statements(state) }}
        {%- if in_parts %}
            {{ made_part_statements(in_parts) }}
        {%- endif %}
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
        {{ made_statements(state, is_made=not (outcome[1] or outcome[2])) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return(tested) }}
{%- endmaterialization %}
