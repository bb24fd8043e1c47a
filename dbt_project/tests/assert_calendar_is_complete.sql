-- Every year that any period touches is there with its four quarters and twelve months, which cover its
-- days exactly once; no period ends before it begins.
with period as (
    select * from {{ ref('dim_period') }}
),

touched as (
    select distinct unnest(range(year(start_date), year(end_date) + 1)) as year_no
    from period
),

counted as (
    select
        touched.year_no,
        count(*) filter (period.kind = 'year') as years,
        count(*) filter (period.kind = 'quarter') as quarters,
        count(*) filter (period.kind = 'month') as months,
        sum(period.end_date - period.start_date + 1) filter (period.kind = 'year') as days,
        sum(period.end_date - period.start_date + 1) filter (period.kind = 'quarter')
            as days_of_quarters,
        sum(period.end_date - period.start_date + 1) filter (period.kind = 'month')
            as days_of_months,
        count(distinct period.start_date) filter (period.kind = 'month') as months_begin
    from touched
    left join period
        on
            touched.year_no = year(period.start_date)
            and touched.year_no = year(period.end_date)
            and period.kind in ('year', 'quarter', 'month')
    group by touched.year_no
)

select
    cast(year_no as varchar) as period_key,
    'incomplete' as fault
from counted
where
    years <> 1
    or quarters <> 4
    or months <> 12
    or months_begin <> 12
    or days_of_quarters <> days
    or days_of_months <> days
union all
select
    period_key,
    'ends before it begins' as fault
from period
where end_date < start_date
