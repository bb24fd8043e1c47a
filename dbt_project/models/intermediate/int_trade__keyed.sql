{%- set told_apart_by = ['unit_code', 'period_key', 'measure', 'kind', 'value_unit'] -%}

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

{{ numbered_statements('keyed') }},

detailed as (
    {{ detailed_lines('numbered', 'line_code', 'trade_line', told_apart_by + ['direction']) }}
),

-- lines that say a direction of their own: what they say of both is the sum of these
directed as (
    select distinct
        {% for dimension in told_apart_by -%}
            {{ dimension }},
        {% endfor -%}
        line_code
    from numbered
    where direction <> 'both' and line_code is not null
)

select
    numbered.*,
    detailed.line_code is null
    and not (numbered.direction = 'both' and directed.line_code is not null)
    and coalesce(path.is_in_total, true) as is_leaf
from numbered
left join path
    on numbered.line_code = path.line_code
left join detailed
    on {{ same_line('numbered', 'line_code', 'detailed', told_apart_by + ['direction']) }}
left join directed
    on {{ same_line('numbered', 'line_code', 'directed', told_apart_by) }}
