{%- set facts = ['budget', 'investment', 'indicator', 'trade', 'target'] -%}

-- Nothing is dropped in silence: every number of an accepted submission is in exactly one current fact.
with figure as (
    {% for fact in facts -%}
        select
            submission_id,
            cell_ref,
            0 as in_observations,
            1 as in_facts
        from {{ ref('fct_' ~ fact) }}
        where is_current
        union all
    {% endfor -%}
    select
        submission_id,
        cell_ref,
        1 as in_observations,
        0 as in_facts
    from {{ ref('stg_raw__observation') }}
)

select
    submission_id,
    cell_ref,
    sum(in_observations) as in_observations,
    sum(in_facts) as in_facts
from figure
group by submission_id, cell_ref
having sum(in_observations) <> 1 or sum(in_facts) <> 1
