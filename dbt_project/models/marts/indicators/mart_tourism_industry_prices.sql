-- How do tourism, industry, domestic trade and prices stand against target and last year?
select *
from {{ ref('mart_indicator') }}
where domain_code in ('tourism', 'culture_sport', 'industry', 'domestic_trade', 'prices')
