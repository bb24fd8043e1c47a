-- Commodities of the newest month as declared at customs here, the largest of each direction, with growth.
select
    commodities.direction_vi,
    coalesce(commodities.commodity_name_vi, commodities.commodity_code) as commodity_vi,
    period.label_vi as period_vi,
    commodities.declared_usd / 1e6 as month_million,
    commodities.declared_growth_pct,
    commodities.declared_cumulative_usd / 1e6 as cumulative_million,
    commodities.declared_cumulative_growth_pct,
    max(commodities.declared_cumulative_usd / 1e6) over (partition by commodities.direction) as largest_million,
    list_filter(
        commodities.fact_keys, lambda key: key like '%/' || commodities.period_key || '/%/declared/%/level/%'
    ) as month_keys,
    list_filter(
        commodities.fact_keys, lambda key: key like '%/' || commodities.period_key || '/%/declared/%/cumulative/%'
    ) as cumulative_keys,
    list_filter(commodities.fact_keys, lambda key: key like '%/declared/%/level/%') as month_growth_keys,
    list_filter(commodities.fact_keys, lambda key: key like '%/declared/%/cumulative/%') as cumulative_growth_keys
from mart_trade_by_commodity as commodities
inner join dim_period as period on commodities.period_key = period.period_key
where commodities.period_kind = 'month' and commodities.commodity_code <> 'all'
qualify commodities.period_end = max(commodities.period_end) over ()
order by
    case commodities.direction when 'export' then 1 when 'import' then 2 else 3 end,
    commodities.declared_cumulative_usd desc nulls last, commodities.commodity_code, commodities.fact_keys
