-- How do environment, forest and land stand against target and last year?
select *
from {{ ref('mart_indicator') }}
where domain_code in ('environment', 'forest', 'land')
