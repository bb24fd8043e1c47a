-- How do labour, education, health and population stand against target and last year?
select *
from {{ ref('mart_indicator') }}
where domain_code in ('labour', 'education', 'health', 'population')
