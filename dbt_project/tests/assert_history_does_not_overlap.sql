{%- set facts = ['budget', 'investment', 'indicator', 'trade', 'target'] -%}

-- A figure has at most one version at a time: "what did we know on 5 July?" has one answer.
with version as (
    {% for fact in facts -%}
        select
            fact_key,
            known_from,
            known_to,
            is_current
        from {{ ref('fct_' ~ fact) }}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- of the others there is one version, which is current: a test of each fact counts these
changed as (
    select distinct fact_key
    from version
    where known_to is not null or not is_current
),

ordered as (
    select
        fact_key,
        known_from,
        known_to,
        lead(known_from) over (
            partition by fact_key order by known_from asc, known_to asc nulls last
        ) as next_known_from
    from version
    where fact_key in (select changed.fact_key from changed)
)

select *
from ordered
where
    known_to < known_from
    or (next_known_from is not null and (known_to is null or known_to > next_known_from))
