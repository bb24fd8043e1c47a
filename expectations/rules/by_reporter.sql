-- For rules on finished tables that look at each unit's cells and facts for themselves (gate.py): which units hold
-- something else than when they last passed. '' is of facts whose submission nobody knows.

-- The current figures of all facts, as the rules read them and as a unit's digest is made of them.
create or replace temp view stated_fact as
select fact_key, submission_id, cell_ref, amount_vnd as value, stated_unit from fct_budget where is_current
union all
select fact_key, submission_id, cell_ref, coalesce(amount_vnd, amount_usd, quantity), stated_unit
from fct_investment where is_current
union all
select fact_key, submission_id, cell_ref, value, stated_unit from fct_indicator where is_current
union all
select fact_key, submission_id, cell_ref, coalesce(value_usd, quantity), stated_unit
from fct_trade where is_current
union all
select fact_key, submission_id, cell_ref, value_low, stated_unit from fct_target where is_current;

create or replace temp table reporter as
with stated as (
    select
        coalesce(submission.reporter_unit_code, '') as unit_code,
        concat_ws(
            ':', count(*), sum(hash(fact_key, fact.submission_id, cell_ref, value, stated_unit)),
            bit_xor(hash(fact_key, fact.submission_id, cell_ref, value, stated_unit))
        ) as digest
    from stated_fact as fact
    left join raw.submission as submission on fact.submission_id = submission.submission_id
    group by all
),

sent as (
    select
        submission.reporter_unit_code as unit_code,
        string_agg(content.digest, ',' order by submission.submission_no) as digest
    from raw.submission as submission
    left join kept.content as content
        on content.table_name = 'raw.submission_content' and content.part = cast(submission.submission_no as varchar)
    group by all
)

select
    coalesce(sent.unit_code, stated.unit_code) as unit_code,
    md5(concat_ws('|', sent.digest, stated.digest, form_column.digest)) as digest
from sent
full join stated on sent.unit_code = stated.unit_code
left join kept.content as form_column on form_column.table_name = 'contract.form_column' and form_column.part = '';

-- In turns of so many submissions, for memory: each looks at the units of `looked_at`.
create or replace temp table to_look_at as
with sent as (
    select reporter_unit_code as unit_code, count(*) as submissions from raw.submission group by all
)

select
    reporter.unit_code,
    cast(sum(coalesce(sent.submissions, 0)) over (order by reporter.unit_code) as bigint) // getvariable('submissions_of_a_turn')
        as turn
from reporter
anti join kept.gated as gated on reporter.unit_code = gated.unit_code and reporter.digest = gated.digest
left join sent on reporter.unit_code = sent.unit_code;
