-- Which identities cannot hold, whatever the rounding, and by how much?
select
    says_vi,
    figures_vi,
    case
        when residual_low = residual_high then residual_low
        when abs(residual_low) < abs(residual_high) then residual_low
        else residual_high
    end as least_residual,
    'not_reached' as standing,
    outcome_vi,
    fact_keys
from mart_published_consistency
where outcome = 'broken'
order by identity_code
