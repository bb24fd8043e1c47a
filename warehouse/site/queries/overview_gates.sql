-- The largest gates of the newest month, both directions; where no gate is reported, the whole of the newest year.
with monthly as (
    select * from mart_trade_by_gate
    where regime_code is null and gate_code <> 'all' and period_kind = 'month' and direction = 'both'
    qualify period_end = max(period_end) over ()
),

yearly as (
    select * from mart_trade_by_gate
    where regime_code is null and gate_code = 'all' and period_kind = 'year' and direction = 'both'
    and not exists (select 1 from monthly)
    qualify period_end >= max(period_end) over () - interval 5 year
),

shown as (
    select *, crossing_cumulative_usd as amount_usd, crossing_cumulative_growth_pct as growth_pct,
        list_filter(fact_keys, lambda key: key like '%/' || period_key || '/%/crossing/%/cumulative/%') as amount_keys,
        list_filter(fact_keys, lambda key: key like '%/crossing/%/cumulative/%') as growth_keys
    from monthly
    union all
    select *, crossing_usd, crossing_growth_pct,
        list_filter(fact_keys, lambda key: key like '%/' || period_key || '/%/crossing/%/level/%'),
        list_filter(fact_keys, lambda key: key like '%/crossing/%/level/%')
    from yearly
)

select
    coalesce(shown.gate_name_vi, shown.gate_code) as gate_vi,
    case when shown.period_kind = 'month' then 'lũy kế đến ' else '' end || period.label_vi as period_vi,
    shown.amount_usd / 1e6 as amount_million,
    max(shown.amount_usd / 1e6) over () as largest_million,
    shown.growth_pct,
    shown.amount_keys,
    shown.growth_keys
from shown
inner join dim_period as period on shown.period_key = period.period_key
where shown.amount_usd is not null
order by shown.period_end desc, shown.amount_usd desc nulls last, shown.gate_code
limit 6
