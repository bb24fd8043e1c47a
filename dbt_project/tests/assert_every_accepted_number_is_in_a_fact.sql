{%- set facts = ['budget', 'investment', 'indicator', 'trade', 'target'] -%}

-- Nothing is dropped in silence: every number of an accepted submission is in exactly one current fact. That every cell
-- is among the observations the gate before publishing says (accepted_value_reaches_fact), which begins with the cells.
-- What is said about the year, or the period before, is in one fact of the last report that says it.
with last_report as (
    select
        reporter_unit_code,
        form_code,
        max(period_key) as period_key
    from {{ source('raw', 'submission') }}
    where status = 'accepted'
    group by reporter_unit_code, form_code
),

figure as (
    {% for fact in facts -%}
        select
            submission_id,
            cell_ref,
            0 as in_observations,
            1 as in_facts,
            0 as is_replaced
        from {{ ref('fct_' ~ fact) }}
        where is_current
        union all
    {% endfor -%}
    select
        observation.submission_id,
        observation.cell_ref,
        1 as in_observations,
        0 as in_facts,
        case when later.period_key is null then 0 else 1 end as is_replaced
    from {{ ref('int_observation__conformed') }} as observation
    left join last_report as later
        on
            observation.is_said_again
            and observation.reporter_unit_code = later.reporter_unit_code
            and observation.form_code = later.form_code
            and observation.submission_period_key < later.period_key
)

select
    submission_id,
    cell_ref,
    sum(in_observations) as in_observations,
    sum(in_facts) as in_facts
from figure
group by submission_id, cell_ref
having
    sum(in_observations) <> 1
    or sum(in_facts) > 1
    or (sum(in_facts) = 0 and max(is_replaced) = 0)
