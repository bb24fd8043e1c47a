select
    figure.fact_table as actual_table,
    figure.fact_key,
    figure.unit_code,
    figure.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    figure.indicator_code,
    figure.measure,
    figure.meets_measure,
    figure.kind,
    {{ kind_rank('figure.kind') }} as kind_rank,
    figure.comparator,
    figure.value,
    figure.value_high,
    figure.value_text,
    figure.stated_unit,
    figure.breakdowns,
    figure.statement_no,
    figure.outranked_by,
    figure.source_rank,
    figure.submission_id,
    figure.cell_ref
from {{ ref('int_fact__figure') }} as figure
inner join {{ ref('dim_period') }} as period
    on figure.period_key = period.period_key
where
    figure.fact_table <> 'fct_target'
    -- a plan or a scenario is no actual figure
    and figure.kind is distinct from 'planned'
    -- what ends after today has not happened, unless it is said to be an estimate
    and (figure.kind = 'projected' or period.end_date <= cast({{ as_of() }} as date))
