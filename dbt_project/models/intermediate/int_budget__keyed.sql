{%- set told_apart_by = ['unit_code', 'period_key', 'budget_level', 'measure'] -%}

with budget_line as (
    select * from {{ ref('dim_budget_line') }}
),

line_of_indicator as (
    select
        indicator_code,
        min(line_code) as line_code
    from budget_line
    -- the main lists; the lines of the official forms name the same indicators
    where indicator_code is not null and list_code in ('revenue', 'expenditure')
    group by indicator_code
),

observation as (
    select
        observation.*,
        -- a form of fixed lines gives the line, a form of records gives the indicator
        coalesce(observation.line_code, line_of_indicator.line_code, observation.indicator_code)
            as budget_line_code
    from {{ ref('int_observation__conformed') }} as observation
    left join line_of_indicator
        on observation.indicator_code = line_of_indicator.indicator_code
    where observation.fact = 'budget' and {{ only_wanted('unit', 'observation.unit_code') }}
),

keyed as (
    select
        *,
        -- two dossiers that ask for money of one kind are two quantities, whoever sent them
        {{ natural_key(
            'fct_budget',
            ['unit_code', 'period_key', 'budget_line_code', 'budget_level', 'measure'],
            ["reporter_unit_code || ':' || dossier_no"]
        ) }} as natural_key
    from observation
),

{{ numbered_statements('keyed') }},

detailed as (
    {{ detailed_lines('numbered', 'budget_line_code', 'budget_line', told_apart_by) }}
)

select
    numbered.*,
    coalesce(numbered.indicator_code, budget_line.indicator_code) as budget_indicator_code,
    detailed.line_code is null and coalesce(budget_line.is_in_total, true) as is_leaf
from numbered
left join budget_line
    on numbered.budget_line_code = budget_line.line_code
left join detailed
    on {{ same_line('numbered', 'budget_line_code', 'detailed', told_apart_by) }}
