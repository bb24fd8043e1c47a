-- Trade of the province on three bases, never added over, for the two directions together and each: the last 24
-- months, all years and longer periods.
with totals as (
    select * from mart_trade_by_gate
    where gate_code = 'all' and regime_code is null and direction in ('export', 'import', 'both')
    qualify
        period_kind <> 'month'
        or period_end > max(period_end) filter (period_kind = 'month') over () - interval 24 month
)

select
    period.label_vi as period_vi,
    totals.period_kind = 'month' as is_month,
    totals.direction_vi,
    totals.crossing_usd / 1e6 as crossing_million,
    totals.crossing_growth_pct,
    totals.declared_usd / 1e6 as declared_million,
    totals.declared_growth_pct,
    totals.local_usd / 1e6 as local_million,
    totals.local_growth_pct,
    -- charts set year beside year: a figure of five years would dwarf them
    case when totals.period_kind = 'year' then totals.crossing_usd / 1e6 end as crossing_of_year,
    case when totals.period_kind = 'year' then totals.declared_usd / 1e6 end as declared_of_year,
    case when totals.period_kind = 'year' then totals.local_usd / 1e6 end as local_of_year,
    case when totals.is_approximate then 'Có số ước lượng' else 'Không' end as note_vi,
    list_filter(
        totals.fact_keys, lambda key: key like '%/' || totals.period_key || '/%/crossing/%/level/%'
    ) as crossing_keys,
    list_filter(
        totals.fact_keys, lambda key: key like '%/' || totals.period_key || '/%/declared/%/level/%'
    ) as declared_keys,
    list_filter(
        totals.fact_keys, lambda key: key like '%/' || totals.period_key || '/%/local/%/level/%'
    ) as local_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/crossing/%/level/%') as crossing_growth_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/declared/%/level/%') as declared_growth_keys,
    list_filter(totals.fact_keys, lambda key: key like '%/local/%/level/%') as local_growth_keys
from totals
inner join dim_period as period on totals.period_key = period.period_key
order by
    case totals.period_kind when 'month' then 1 when 'year' then 2 else 3 end,
    case totals.direction when 'both' then 1 when 'export' then 2 else 3 end,
    totals.period_end, totals.period_key
