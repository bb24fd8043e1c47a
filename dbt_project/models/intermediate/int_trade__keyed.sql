with recursive trade_line as (
    select * from {{ ref('trade_line') }}
),

-- another cut of the same total (regimes, "trong đó") adds nothing to it, nor does what is below
path as (
    select
        line_code,
        is_additive as is_in_total
    from trade_line
    where parent_code is null
    union all
    select
        trade_line.line_code,
        path.is_in_total and trade_line.is_additive as is_in_total
    from trade_line
    inner join path
        on trade_line.parent_code = path.line_code
),

-- one line may state amounts, tonnes and vehicles: a quantity is told by what it counts
observation as (
    select
        *,
        case when value_unit not in ('usd', 'percent', 'times') then value_unit end as quantity_unit
    from {{ ref('int_observation__conformed') }}
    where fact = 'trade'
),

keyed as (
    select
        *,
        {{ natural_key('fct_trade', [
            'unit_code', 'period_key', 'direction', 'basis', 'gate_code', 'commodity_code',
            'indicator_code', measure_at_base(), 'kind',
        ], ['line_code', 'regime_code', 'quantity_unit']) }} as natural_key
    from observation
),

latest as (
    select
        *,
        {{ is_latest_statement() }} as is_latest_statement
    from keyed
),

numbered as (
    select
        *,
        {{ statement_no() }} as statement_no
    from latest
    where is_latest_statement
),

-- lines whose parts are here too: adding both would count the parts twice
detailed as (
    select distinct
        numbered.unit_code,
        numbered.period_key,
        numbered.measure,
        numbered.kind,
        numbered.direction,
        numbered.value_unit,
        trade_line.parent_code as line_code
    from numbered
    inner join trade_line
        on numbered.line_code = trade_line.line_code
    where trade_line.is_additive and trade_line.parent_code is not null
),

-- lines that say a direction of their own: what they say of both is the sum of these
directed as (
    select distinct
        unit_code,
        period_key,
        measure,
        kind,
        value_unit,
        line_code
    from numbered
    where direction <> 'both' and line_code is not null
)

select
    numbered.*,
    numbered.natural_key || '/' || numbered.statement_no as fact_key,
    detailed.line_code is null
    and not (numbered.direction = 'both' and directed.line_code is not null)
    and coalesce(path.is_in_total, true) as is_leaf
from numbered
left join path
    on numbered.line_code = path.line_code
left join detailed
    on
        numbered.unit_code = detailed.unit_code
        and numbered.period_key = detailed.period_key
        and numbered.measure = detailed.measure
        and numbered.kind = detailed.kind
        and numbered.direction = detailed.direction
        and numbered.value_unit is not distinct from detailed.value_unit
        and numbered.line_code = detailed.line_code
left join directed
    on
        numbered.unit_code = directed.unit_code
        and numbered.period_key = directed.period_key
        and numbered.measure = directed.measure
        and numbered.kind = directed.kind
        and numbered.value_unit is not distinct from directed.value_unit
        and numbered.line_code = directed.line_code
