-- The current figures that an identity can be about, of all facts in one shape. One row a figure:
-- key, table, indicator, name, unit it is about, period, base period, measure, number of the
-- statement, document (targets only), value and last printed digit in base units (0: exact),
-- comparator, upper end, text as typed, unit and measure in words, submission and cell, whether the
-- definition of its measure can say something of it, and whether it is the statement that counts.
with figure as (
    select * from intermediate.int_fact__figure
    -- a line without an indicator is no quantity that another figure could contradict
    where indicator_code is not null
        -- what is planned does not contradict what came
        and kind is distinct from 'planned'
),

-- What the definitions of measures can say something of: a part (by gate, level, source …) stands for its quantity
-- only where there is no whole. That is a matter of all figures of the quantity, also of those that are left out below.
comparable as (
    select fact_key, indicator_code, unit_code, period_key, base_period_key, meets_measure
    from figure
    where document_code is null and meets_measure in (select unnest($comparable))
    qualify breakdowns = min(breakdowns) over (partition by indicator_code, meets_measure)
),

wanted as (
    -- stated more than once
    select fact_key from comparable
    qualify count(*) over (partition by indicator_code, unit_code, period_key, base_period_key, meets_measure) > 1
    union
    -- or of a quantity of which something against another period, or over several, is stated
    select fact_key from comparable
    where (indicator_code, unit_code) in (
        select (indicator_code, unit_code) from comparable
        where meets_measure in (select unnest($against_base)) or contains(period_key, '..')
    )
    union
    select fact_key from figure
    where concat_ws('/', indicator_code, unit_code) in (select unnest($declared))
)

select
    figure.fact_key,
    figure.fact_table,
    figure.indicator_code,
    coalesce(indicator.name_vi, figure.indicator_code) as indicator_name_vi,
    figure.unit_code,
    figure.period_key,
    figure.base_period_key,
    figure.meets_measure as measure,
    figure.statement_no,
    figure.document_code,
    cast(figure.value as double) as value,
    case
        -- whole things are counted, not rounded, unless typed in thousands; whole đồng are exact
        when
            figure.printed_step = 1
            and figure.meets_measure in ('level', 'change')
            and (unit.is_discrete or unit.unit_code = 'vnd')
            then 0
        else cast(figure.printed_step as double)
    end as printed_step,
    figure.comparator,
    cast(figure.value_high as double) as value_high,
    figure.value_text,
    coalesce(unit.name_vi, '') as unit_vi,
    coalesce(measure.label_vi, flow.label_vi, figure.meets_measure) as measure_vi,
    submission.submission_no,
    figure.cell_ref,
    comparable.fact_key is not null as is_comparable,
    figure.outranked_by is null as is_preferred
from figure
inner join wanted on figure.fact_key = wanted.fact_key
left join comparable on figure.fact_key = comparable.fact_key
inner join raw.submission as submission on figure.submission_id = submission.submission_id
left join reference.indicator as indicator on figure.indicator_code = indicator.indicator_code
left join reference.unit_of_measure as unit on figure.stated_unit = unit.unit_code
left join reference.vocabulary as measure on figure.meets_measure = measure.code and measure.list_code = 'measure'
left join reference.vocabulary as flow on figure.meets_measure = flow.code and flow.list_code = 'flow_measure'
order by figure.fact_key
