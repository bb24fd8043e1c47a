-- Budget and disbursement of each commune at the newest month that it is known for.
with newest as (
    select * from mart_commune_profile
    where period_kind = 'month' and (revenue_cumulative_vnd is not null or disbursed_cumulative_vnd is not null)
    qualify row_number() over (partition by unit_code order by period_end desc) = 1
),

disbursed as (
    select reporter_unit_code as unit_code, period_key, flatten(list(fact_keys)) as fact_keys
    from mart_disbursement
    group by reporter_unit_code, period_key
),

line as (
    select
        unit_code, period_key, 1 as line_no, 'Thu ngân sách địa phương' as line_vi,
        revenue_estimate_vnd as estimate_vnd, revenue_cumulative_vnd as actual_vnd, revenue_of_estimate_pct as actual_pct,
        list_filter(fact_keys, lambda key: key like '%/xa_thu%/estimate_%') as estimate_keys,
        list_filter(fact_keys, lambda key: key like '%/' || period_key || '/xa_thu%/outturn_cumulative/%') as actual_keys
    from newest
    union all
    select
        unit_code, period_key, 2, 'Chi ngân sách', expenditure_estimate_vnd, expenditure_cumulative_vnd,
        expenditure_of_estimate_pct,
        list_filter(fact_keys, lambda key: key like '%/xa_chi%/estimate_%'),
        list_filter(fact_keys, lambda key: key like '%/' || period_key || '/xa_chi%/outturn_cumulative/%')
    from newest
    union all
    select
        newest.unit_code, newest.period_key, 3, 'Giải ngân vốn đầu tư', newest.investment_plan_vnd,
        newest.disbursed_cumulative_vnd, newest.disbursed_of_plan_pct,
        list_sort(list_filter(
            disbursed.fact_keys, lambda key: key like '%/plan_year/%' or key like '%/plan_extended/%'
        )),
        list_sort(list_filter(disbursed.fact_keys, lambda key: key like '%/disbursed_cumulative/%'))
    from newest
    left join disbursed on newest.unit_code = disbursed.unit_code and newest.period_key = disbursed.period_key
)

select
    line.unit_code,
    line.line_vi,
    period.label_vi as period_vi,
    line.estimate_vnd / 1e9 as estimate_billion,
    line.actual_vnd / 1e9 as actual_billion,
    line.actual_pct,
    line.estimate_keys,
    line.actual_keys
from line
left join dim_period as period on line.period_key = period.period_key
order by line.unit_code, line.line_no
