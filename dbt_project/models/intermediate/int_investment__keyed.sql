{%- set told_apart_by = ['unit_code', 'period_key', 'measure', 'kind'] -%}

with investment_line as (
    select
        line_code,
        parent_code,
        is_additive,
        children,
        indicator_code,
        source_code,
        count(*) over (partition by indicator_code) = 1 as is_only_line_of_indicator
    from {{ ref('investment_line') }}
),

observation as (
    select
        observation.*,
        coalesce(observation.line_code, investment_line.line_code) as investment_line_code,
        coalesce(observation.indicator_code, observation.line_code) as quantity_code
    from {{ ref('int_observation__conformed') }} as observation
    left join investment_line
        on
            observation.indicator_code = investment_line.indicator_code
            and (
                observation.source_code = investment_line.source_code
                or investment_line.is_only_line_of_indicator
            )
    where observation.fact = 'investment' and {{ only_wanted('unit', 'observation.unit_code') }}
),

keyed as (
    select
        *,
        {{ natural_key('fct_investment', [
            'unit_code', 'period_key', 'quantity_code', 'source_code', measure_at_base(), 'kind',
        ], ['project_code', 'package']) }} as natural_key
    from observation
),

{{ numbered_statements('keyed') }},

detailed as (
    {{ detailed_lines('numbered', 'investment_line_code', 'investment_line', told_apart_by) }}
)

select
    numbered.*,
    -- a "trong đó" line is a part of a part: it is shown, and not added
    detailed.line_code is null
    and coalesce(investment_line.is_additive or investment_line.parent_code is null, true) as is_leaf
from numbered
left join investment_line
    on numbered.investment_line_code = investment_line.line_code
left join detailed
    on {{ same_line('numbered', 'investment_line_code', 'detailed', told_apart_by) }}
