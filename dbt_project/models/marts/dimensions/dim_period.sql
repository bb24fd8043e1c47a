-- Which periods are there, and which one comes before each?
select
    period_key,
    kind,
    start_date,
    end_date,
    cast(year(end_date) as integer) as end_year,
    label_vi,
    -- a cumulative figure less the one before it is the flow of the period; the first of a year has none before
    case
        when kind in ('month', 'quarter')
            then
                lag(period_key) over (
                    partition by kind, year(end_date)
                    order by end_date
                )
    end as previous_in_year_key,
    case
        when kind in ('year', 'quarter', 'half', 'nine_months', 'month', 'half_month')
            then
                cast(cast(substring(period_key, 1, 4) as integer) - 1 as varchar)
                || substring(period_key, 5)
    end as last_year_key
from {{ source('raw', 'period') }}
