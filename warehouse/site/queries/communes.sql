-- The communes and wards side by side, each at the newest month it is known for; those that sent nothing too.
with commune as (
    select unit_code, name_vi, level from dim_unit
    where level in ('commune', 'ward') and valid_to is null
),

newest as (
    select * from mart_commune_profile
    where period_kind = 'month' and (revenue_cumulative_vnd is not null or disbursed_cumulative_vnd is not null)
    qualify row_number() over (partition by unit_code order by period_end desc) = 1
),

target as (
    select
        unit_code,
        count(*) as n_targets,
        count(*) filter (standing = 'reached') as n_reached,
        count(*) filter (standing = 'on_track') as n_on_track,
        count(*) filter (standing in ('behind', 'not_reached')) as n_behind,
        count(*) filter (standing in ('no_data', 'undecided')) as n_no_data
    from mart_plan_scorecard
    group by unit_code
),

report as (
    select
        unit_code,
        sum(n_expected) as n_expected,
        sum(n_received) as n_received,
        sum(n_on_time) as n_on_time
    from mart_quality_league
    group by unit_code
),

disbursed as (
    select
        reporter_unit_code as unit_code,
        period_key,
        list_sort(list_filter(
            flatten(list(fact_keys)), lambda key: key like '%/plan_%' or key like '%/disbursed_cumulative/%'
        )) as fact_keys
    from mart_disbursement
    group by reporter_unit_code, period_key
),

sent as (
    select distinct reporter_unit_code as unit_code from submission
    where status = 'accepted'
)

select
    commune.unit_code,
    commune.name_vi as unit_vi,
    coalesce(period.label_vi, 'chưa có') as period_vi,
    newest.revenue_cumulative_vnd / 1e9 as revenue_billion,
    newest.revenue_of_estimate_pct,
    newest.expenditure_cumulative_vnd / 1e9 as expenditure_billion,
    newest.expenditure_of_estimate_pct,
    newest.disbursed_of_plan_pct,
    target.n_targets,
    target.n_reached,
    target.n_behind,
    report.n_expected,
    report.n_received,
    case
        when sent.unit_code is null then 'no_data'
        when newest.unit_code is null then 'undecided'
        else 'reached'
    end as standing,
    case
        when sent.unit_code is null then 'Chưa gửi báo cáo nào'
        when newest.unit_code is null then 'Chưa có số ngân sách, giải ngân'
        else 'Có số liệu'
    end as standing_vi,
    list_filter(
        newest.fact_keys, lambda key: key like '%/' || newest.period_key || '/xa_thu%/outturn_cumulative/%'
    ) as revenue_keys,
    list_filter(
        newest.fact_keys, lambda key: key like '%/' || newest.period_key || '/xa_chi%/outturn_cumulative/%'
    ) as expenditure_keys,
    list_filter(newest.fact_keys, lambda key: key like '%/xa_thu%/estimate_%') as revenue_estimate_keys,
    list_filter(newest.fact_keys, lambda key: key like '%/xa_chi%/estimate_%') as expenditure_estimate_keys,
    disbursed.fact_keys as investment_keys
from commune
left join newest on commune.unit_code = newest.unit_code
left join disbursed on newest.unit_code = disbursed.unit_code and newest.period_key = disbursed.period_key
left join dim_period as period on newest.period_key = period.period_key
left join target on commune.unit_code = target.unit_code
left join report on commune.unit_code = report.unit_code
left join sent on commune.unit_code = sent.unit_code
order by commune.name_vi collate vi, commune.unit_code
