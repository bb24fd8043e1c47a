-- The current figures of all facts in one shape, for the identities between them. One row a figure:
-- key, table, indicator, name, unit it is about, period, base period, measure, number of the
-- statement, document (targets only), value and last printed digit in base units (0: exact),
-- comparator, upper end, text as typed, unit and measure in words, submission and cell.
with figure as (
    select
        'fct_indicator' as fact_table,
        fact_key,
        indicator_code,
        unit_code,
        period_key,
        base_period_key,
        measure,
        statement_no,
        cast(null as varchar) as document_code,
        value,
        value_high,
        printed_step,
        comparator,
        stated_unit,
        value_text,
        submission_id,
        cell_ref
    from fct_indicator
    where is_current
    union all
    select
        'fct_budget' as fact_table,
        fact_key,
        indicator_code,
        unit_code,
        period_key,
        null as base_period_key,
        -- a projected or settled amount is the level of its line; an estimate is another quantity
        case when measure like 'estimate%' then measure else 'level' end as measure,
        statement_no,
        null as document_code,
        amount_vnd as value,
        null as value_high,
        printed_step,
        comparator,
        stated_unit,
        value_text,
        submission_id,
        cell_ref
    from fct_budget
    where is_current
    union all
    select
        'fct_investment' as fact_table,
        fact_key,
        indicator_code,
        unit_code,
        period_key,
        null as base_period_key,
        measure,
        statement_no,
        null as document_code,
        coalesce(amount_vnd, amount_usd, quantity) as value,
        null as value_high,
        printed_step,
        comparator,
        stated_unit,
        value_text,
        submission_id,
        cell_ref
    from fct_investment
    where is_current
    union all
    select
        'fct_trade' as fact_table,
        fact_key,
        indicator_code,
        unit_code,
        period_key,
        base_period_key,
        measure,
        statement_no,
        null as document_code,
        coalesce(value_usd, quantity) as value,
        value_usd_high as value_high,
        printed_step,
        comparator,
        stated_unit,
        value_text,
        submission_id,
        cell_ref
    from fct_trade
    where is_current
    union all
    select
        'fct_target' as fact_table,
        fact_key,
        indicator_code,
        unit_code,
        period_key,
        null as base_period_key,
        measure,
        statement_no,
        document_code,
        value_low as value,
        value_high,
        printed_step,
        comparator,
        stated_unit,
        value_text,
        submission_id,
        cell_ref
    from fct_target
    where is_current
)

select
    figure.fact_key,
    figure.fact_table,
    figure.indicator_code,
    coalesce(indicator.name_vi, figure.indicator_code) as indicator_name_vi,
    figure.unit_code,
    figure.period_key,
    figure.base_period_key,
    figure.measure,
    figure.statement_no,
    figure.document_code,
    cast(figure.value as double) as value,
    case
        -- whole things are counted, not rounded, unless typed in thousands; whole đồng are exact
        when
            figure.printed_step = 1
            and figure.measure in ('level', 'change')
            and (unit.is_discrete or unit.unit_code = 'vnd')
            then 0
        else cast(figure.printed_step as double)
    end as printed_step,
    figure.comparator,
    cast(figure.value_high as double) as value_high,
    figure.value_text,
    coalesce(unit.name_vi, '') as unit_vi,
    coalesce(measure.label_vi, figure.measure) as measure_vi,
    submission.submission_no,
    figure.cell_ref
from figure
inner join raw.submission as submission on figure.submission_id = submission.submission_id
left join reference.indicator as indicator on figure.indicator_code = indicator.indicator_code
left join reference.unit_of_measure as unit on figure.stated_unit = unit.unit_code
left join reference.vocabulary as measure on figure.measure = measure.code and measure.list_code = 'measure'
where figure.value is not null
order by figure.fact_key
