-- How many identities between published figures hold, hold within rounding, cannot hold, or cannot be told?
select
    outcome_vi,
    case outcome when 'holds' then 'reached' when 'broken' then 'not_reached' else 'no_data' end as standing,
    count(*) as n_identities
from mart_published_consistency
group by outcome, outcome_vi
order by case outcome when 'broken' then 1 when 'holds' then 2 else 3 end
