with investment_line as (
    select
        line_code,
        parent_code,
        is_additive,
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
    where observation.fact = 'investment'
),

keyed as (
    select
        *,
        {{ natural_key('fct_investment', [
            'unit_code', 'period_key', 'quantity_code', 'source_code', measure_at_base(), 'kind',
        ], ['project_code']) }} as natural_key
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
        investment_line.parent_code as line_code
    from numbered
    inner join investment_line
        on numbered.investment_line_code = investment_line.line_code
    where investment_line.is_additive and investment_line.parent_code is not null
)

select
    numbered.*,
    numbered.natural_key || '/' || numbered.statement_no as fact_key,
    -- a "trong đó" line is a part of a part: it is shown, and not added
    detailed.line_code is null
    and coalesce(investment_line.is_additive or investment_line.parent_code is null, true) as is_leaf
from numbered
left join investment_line
    on numbered.investment_line_code = investment_line.line_code
left join detailed
    on
        numbered.unit_code = detailed.unit_code
        and numbered.period_key = detailed.period_key
        and numbered.measure = detailed.measure
        and numbered.kind = detailed.kind
        and numbered.investment_line_code = detailed.line_code
