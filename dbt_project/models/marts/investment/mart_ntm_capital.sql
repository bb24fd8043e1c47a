with total_line as (
    select
        line_code,
        indicator_code
    from {{ ref('investment_line') }}
    where line_code = '{{ var("ntm_capital_total") }}'
),

source_line as (
    select
        line.line_no,
        line.line_code,
        line.name_vi,
        line.indicator_code,
        line.source_code,
        total_line.indicator_code as total_indicator_code
    from {{ ref('investment_line') }} as line
    inner join total_line
        on line.parent_code = total_line.line_code
    where line.is_additive
),

amount as (
    select * from {{ ref('fct_investment') }}
    where
        is_current
        and measure = 'level'
        and amount_vnd is not null
        and outranked_by is null
),

total as (
    select
        amount.unit_code,
        amount.period_key,
        amount.kind,
        amount.amount_vnd,
        amount.fact_key
    from amount
    inner join total_line
        on amount.indicator_code = total_line.indicator_code
    where amount.source_code = 'all'
),

share as (
    select
        unit_code,
        period_key,
        indicator_code,
        kind,
        value,
        fact_key
    from {{ ref('fct_indicator') }}
    where
        is_current
        and measure = 'share'
        and outranked_by is null
),

source_amount as (
    select
        amount.unit_code,
        amount.period_key,
        amount.kind,
        source_line.line_no,
        source_line.line_code,
        source_line.name_vi,
        source_line.indicator_code,
        source_line.total_indicator_code,
        amount.amount_vnd,
        amount.fact_key
    from amount
    inner join source_line
        on
            amount.indicator_code = source_line.indicator_code
            -- a source is told by its own indicator, or by the code of the source
            and (
                amount.source_code = source_line.source_code
                or (
                    amount.source_code = 'all'
                    and source_line.indicator_code <> source_line.total_indicator_code
                )
            )
)

select
    source_amount.unit_code,
    source_amount.period_key,
    source_amount.kind,
    source_amount.line_no,
    source_amount.line_code,
    source_amount.name_vi as source_name_vi,
    source_amount.amount_vnd,
    cast(source_amount.amount_vnd / 1000000000 as decimal(24, 6)) as amount_billion_vnd,
    total.amount_vnd as total_stated_vnd,
    sum(source_amount.amount_vnd) over by_period as total_of_sources_vnd,
    cast(
        100 * source_amount.amount_vnd / nullif(sum(source_amount.amount_vnd) over by_period, 0)
        as decimal(9, 4)
    ) as share_computed_pct,
    cast(share.value as decimal(9, 4)) as share_stated_pct,
    count(*) over by_period as n_sources,
    (select count(*) from source_line) as n_sources_expected,
    source_amount.fact_key,
    list_sort(list_distinct(list_concat(
        list(source_amount.fact_key) over by_period, [total.fact_key, share.fact_key]
    ))) as fact_keys
from source_amount
left join total
    on
        source_amount.unit_code = total.unit_code
        and source_amount.period_key = total.period_key
        and source_amount.kind = total.kind
left join share
    on
        source_amount.unit_code = share.unit_code
        and source_amount.period_key = share.period_key
        and source_amount.indicator_code = share.indicator_code
        and source_amount.kind = share.kind
window by_period as (
    partition by source_amount.unit_code, source_amount.period_key, source_amount.kind
)
