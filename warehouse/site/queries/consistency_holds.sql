-- Which identities hold?
select says_vi, figures_vi, 'reached' as standing, outcome_vi, fact_keys
from mart_published_consistency
where outcome = 'holds'
order by identity_code
