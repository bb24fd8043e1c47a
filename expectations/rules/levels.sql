-- The province's figure beside the sum over its communes, for every quantity that adds up over
-- communes, wherever all of them have reported it. Bounds follow from the last printed digits
-- (whole things and whole đồng are exact). One row a province's figure.
with figure as (
    select
        figure.indicator_code,
        figure.unit_code,
        figure.period_key,
        figure.meets_measure,
        figure.kind,
        figure.fact_table,
        figure.breakdowns,
        figure.value,
        figure.value_text,
        figure.comparator,
        figure.statement_no,
        figure.submission_id,
        figure.cell_ref,
        coalesce(unit.name_vi, '') as unit_vi,
        coalesce(unit.factor, 1) as factor,
        case
            when figure.printed_step = 1 and (unit.is_discrete or unit.unit_code = 'vnd') then 0
            else coalesce(figure.printed_step, 0)
        end as step
    from intermediate.int_fact__figure as figure
    left join reference.unit_of_measure as unit on figure.stated_unit = unit.unit_code
    inner join reference.indicator as indicator
        on figure.indicator_code = indicator.indicator_code and indicator.aggregation = 'sum'
    where
        figure.fact_table <> 'fct_target'
        and figure.kind is distinct from 'planned'
        and figure.breakdowns = 0
        and figure.comparator = '='
        and figure.meets_measure in ('level', 'cumulative', 'outturn')
),

commune_sum as (
    select
        figure.indicator_code,
        figure.period_key,
        figure.meets_measure,
        figure.fact_table,
        count(distinct figure.unit_code) as communes,
        sum(figure.value) as total,
        sum(figure.value - figure.step / 2) as low,
        sum(figure.value + figure.step / 2) as high
    from figure
    inner join reference.commune as commune on figure.unit_code = commune.unit_code
    where figure.statement_no = 1
    group by figure.indicator_code, figure.period_key, figure.meets_measure, figure.fact_table
)

select
    submission.submission_no,
    figure.cell_ref,
    figure.value_text,
    cast(commune_sum.communes as integer) as communes,
    cast(commune_sum.low / figure.factor as double) as low,
    cast(commune_sum.high / figure.factor as double) as high,
    figure.unit_vi,
    cast(greatest(
        commune_sum.low - (figure.value + figure.step / 2),
        (figure.value - figure.step / 2) - commune_sum.high,
        0
    ) as double) as residual,
    cast(abs(figure.value - commune_sum.total) / figure.factor as double) as difference
from figure
inner join commune_sum
    on
        figure.indicator_code = commune_sum.indicator_code
        and figure.period_key = commune_sum.period_key
        and figure.meets_measure = commune_sum.meets_measure
        and figure.fact_table = commune_sum.fact_table
inner join raw.submission as submission on figure.submission_id = submission.submission_id
where
    figure.unit_code = $province
    and commune_sum.communes = (select count(*) from reference.commune)
order by submission.submission_no, figure.cell_ref
