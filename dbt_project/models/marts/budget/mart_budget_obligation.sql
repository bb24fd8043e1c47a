-- What do the rules take from the budget (110 % revenue goal, 15 % of land revenue, 70 % of overrun, 10 % saving)?
with obligation as (
    select
        obligation.*,
        coalesce(obligation.rate_pct, parameter.value_low) as rate
    from {{ ref('budget_obligation') }} as obligation
    left join {{ ref('rule_parameter') }} as parameter
        on obligation.rate_parameter_code = parameter.rule_code
),

-- Lines and indicators that an obligation names: few of all. What else the budget states is left out before figures
-- are compared with each other.
named_line as (
    select part_line_code as line_code
    from obligation
    union
    select base_line_code as line_code
    from obligation
),

named_indicator as (
    select part_indicator_code as indicator_code
    from obligation
    union
    select base_indicator_code as indicator_code
    from obligation
),

amount as (
    select
        fact.unit_code,
        fact.period_key,
        fact.line_code,
        fact.indicator_code,
        fact.budget_level,
        fact.measure,
        fact.amount_vnd,
        fact.printed_step,
        fact.fact_key,
        cast(period.end_year as varchar) as year_key,
        period.end_date
    from {{ ref('fct_budget') }} as fact
    inner join {{ ref('dim_period') }} as period
        on fact.period_key = period.period_key
    where
        fact.is_current
        and fact.outranked_by is null
        and fact.amount_vnd is not null
        and (
            fact.line_code in (select named_line.line_code from named_line)
            or fact.indicator_code in (select named_indicator.indicator_code from named_indicator)
        )
),

part as (
    select
        obligation.*,
        amount.unit_code,
        amount.period_key,
        amount.year_key,
        amount.line_code,
        amount.amount_vnd as part_vnd,
        amount.printed_step as part_step,
        amount.fact_key as part_fact_key
    from obligation
    inner join amount
        on
            amount.measure = 'outturn_cumulative'
            and obligation.part_level = amount.budget_level
            and (
                obligation.part_line_code = amount.line_code
                or obligation.part_indicator_code = amount.indicator_code
            )
),

matched as (
    select
        part.*,
        base.amount_vnd as base_vnd,
        base.printed_step as base_step,
        base.fact_key as base_fact_key
    from part
    inner join amount as base
        on
            part.unit_code = base.unit_code
            and part.base_level = base.budget_level
            and part.base_measure = base.measure
            -- an estimate is of the whole year, what is collected of the same period
            and case when part.base_measure = 'outturn_cumulative' then part.period_key else part.year_key end
            = base.period_key
            and (
                part.base_line_code = base.line_code
                -- one form's figures are compared with its own
                or (part.base_indicator_code = base.indicator_code and part.line_code = base.line_code)
            )
),

required as (
    select
        *,
        cast(base_vnd * rate / 100 as decimal(24, 2)) as required_vnd
    from matched
)

select
    required.unit_code,
    unit.name_vi as unit_name_vi,
    cast(required.year_key as integer) as budget_year,
    required.period_key,
    period.end_date as period_end,
    required.obligation_code,
    required.name_vi as obligation_vi,
    required.line_code,
    cast(required.rate as decimal(9, 4)) as rate_pct,
    cast(required.base_vnd as decimal(24, 2)) as base_vnd,
    required.required_vnd,
    cast(required.part_vnd as decimal(24, 2)) as actual_vnd,
    cast(required.part_vnd - required.required_vnd as decimal(24, 2)) as difference_vnd,
    case
        -- equal as far as the printed digits tell
        when required.relation = '='
            then
                2 * abs(required.part_vnd - required.required_vnd)
                <= required.part_step + required.base_step * required.rate / 100
        else required.part_vnd >= required.required_vnd
    end as is_met,
    -- a goal of the year cannot be missed before the year ends
    required.relation = '=' or period.end_date = year_period.end_date as is_final,
    required.rule_code,
    required.document_code,
    required.locator,
    required.unit_code = required.scope_unit_code as is_stated_for_unit,
    cast(required.year_key as integer) = required.scope_year as is_stated_for_year,
    case
        when required.unit_code = required.scope_unit_code and cast(required.year_key as integer) = required.scope_year
            then 'Văn bản nêu cho đúng đơn vị và năm này.'
        else
            'Văn bản nêu cho ' || coalesce(stated_unit.name_vi, required.scope_unit_code) || ', năm '
            || cast(required.scope_year as varchar) || '; áp dụng cho dòng này là cách hiểu cần xác nhận.'
    end as scope_vi,
    required.note_vi,
    {{ fact_keys(['required.part_fact_key', 'required.base_fact_key']) }} as fact_keys
from required
inner join {{ ref('dim_period') }} as period
    on required.period_key = period.period_key
inner join {{ ref('dim_period') }} as year_period
    on required.year_key = year_period.period_key
left join {{ ref('dim_unit') }} as unit
    on required.unit_code = unit.unit_code and unit.valid_to is null
left join {{ ref('dim_unit') }} as stated_unit
    on required.scope_unit_code = stated_unit.unit_code and stated_unit.valid_to is null
