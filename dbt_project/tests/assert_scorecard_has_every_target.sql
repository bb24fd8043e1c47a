-- A target without any actual is a row of the scorecard too.
select target.fact_key
from {{ ref('fct_target') }} as target
left join {{ ref('mart_plan_scorecard') }} as scorecard
    on target.fact_key = scorecard.target_fact_key
where
    target.is_current
    and target.is_authoritative
    and scorecard.target_fact_key is null
