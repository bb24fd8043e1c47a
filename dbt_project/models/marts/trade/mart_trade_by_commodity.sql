-- How much of each commodity was exported and imported, by basis, and how did it grow?
with fact as (
    select
        *,
        -- a figure stated twice: the best kind first, then the first statement
        row_number() over (
            partition by unit_code, period_key, basis, direction, commodity_code, measure
            order by
                case kind
                    when 'official' then 1
                    when 'preliminary' then 2
                    when 'reported' then 3
                    when 'projected' then 4
                end asc nulls last,
                statement_no asc,
                fact_key asc
        ) as choice
    from {{ ref('fct_trade') }}
    where
        is_current
        and kind <> 'planned'
        and value_usd is not null
        and measure in ('level', 'cumulative')
        and commodity_code <> 'all'
        and gate_code = 'all'
),

by_basis as (
    select
        unit_code,
        period_key,
        direction,
        commodity_code,
        max(line_code) as line_code,
        {% for basis in trade_bases() -%}
            max(case when basis = '{{ basis }}' and measure = 'level' then value_usd end) as {{ basis }}_usd,
            max(case when basis = '{{ basis }}' and measure = 'cumulative' then value_usd end)
                as {{ basis }}_cumulative_usd,
        {% endfor -%}
        -- "trên 88 tỷ": where a figure is no plain number, the fact has its comparator
        max(case when comparator <> '=' then 1 else 0 end) = 1 as is_approximate,
        list(fact_key order by fact_key) as fact_keys
    from fact
    where choice = 1
    group by
        unit_code,
        period_key,
        direction,
        commodity_code
),

period as (
    select * from {{ ref('dim_period') }}
),

vocabulary as (
    select * from {{ ref('vocabulary') }}
)

select
    now.unit_code,
    now.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    now.direction,
    direction.label_vi as direction_vi,
    now.commodity_code,
    commodity.name_vi as commodity_name_vi,
    now.line_code,
    {% for basis in trade_bases() -%}
        cast(now.{{ basis }}_usd as decimal(24, 2)) as {{ basis }}_usd,
        cast(now.{{ basis }}_cumulative_usd as decimal(24, 2)) as {{ basis }}_cumulative_usd,
        cast(
            100 * (now.{{ basis }}_usd - last_year.{{ basis }}_usd)
            / nullif(last_year.{{ basis }}_usd, 0) as decimal(18, 4)
        ) as {{ basis }}_growth_pct,
        cast(
            100 * (now.{{ basis }}_cumulative_usd - last_year.{{ basis }}_cumulative_usd)
            / nullif(last_year.{{ basis }}_cumulative_usd, 0) as decimal(18, 4)
        ) as {{ basis }}_cumulative_growth_pct,
    {% endfor -%}
    now.is_approximate,
    now.fact_keys
from by_basis as now
inner join period
    on now.period_key = period.period_key
left join by_basis as last_year
    on
        period.last_year_key = last_year.period_key
        and now.unit_code = last_year.unit_code
        and now.direction = last_year.direction
        and now.commodity_code = last_year.commodity_code
left join vocabulary as direction
    on now.direction = direction.code and direction.list_code = 'direction'
left join {{ ref('dim_commodity') }} as commodity
    on now.commodity_code = commodity.commodity_code
