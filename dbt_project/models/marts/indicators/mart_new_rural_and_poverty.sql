-- How far are new rural development and poverty reduction, against target and last year?
select *
from {{ ref('mart_indicator') }}
where domain_code in ('new_rural', 'poverty', 'agriculture')
