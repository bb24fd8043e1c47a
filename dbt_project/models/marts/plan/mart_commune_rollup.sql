with figure as (
    select
        figure.*,
        indicator.name_vi as indicator_name_vi
    from {{ ref('int_fact__figure') }} as figure
    inner join {{ ref('dim_indicator') }} as indicator
        on
            figure.indicator_code = indicator.indicator_code
            and indicator.aggregation = 'sum'
    where
        figure.fact_table <> 'fct_target'
        and figure.breakdowns = 0
        and figure.outranked_by is null
        and figure.meets_measure in ('level', 'cumulative')
),

commune as (
    select
        unit_code,
        valid_from
    from {{ ref('dim_unit') }}
    where level in ('commune', 'ward') and valid_to is null
),

period as (
    select * from {{ ref('dim_period') }}
),

n_commune as (
    select
        period.period_key,
        count(*) as n_units_expected
    from period
    inner join commune
        on period.end_date >= commune.valid_from
    group by period.period_key
),

commune_sum as (
    select
        figure.fact_table,
        figure.indicator_code,
        figure.indicator_name_vi,
        figure.period_key,
        figure.meets_measure,
        count(distinct figure.unit_code) as n_units_included,
        sum(figure.value) as communes_value,
        list(figure.fact_key) as fact_keys
    from figure
    inner join commune
        on figure.unit_code = commune.unit_code
    group by
        figure.fact_table,
        figure.indicator_code,
        figure.indicator_name_vi,
        figure.period_key,
        figure.meets_measure
),

province as (
    select
        figure.fact_table,
        figure.indicator_code,
        figure.period_key,
        figure.meets_measure,
        max(figure.value) as province_value,
        list(figure.fact_key) as fact_keys
    from figure
    where figure.unit_code = '{{ var("province_unit_code") }}'
    group by
        figure.fact_table,
        figure.indicator_code,
        figure.period_key,
        figure.meets_measure
)

select
    commune_sum.indicator_code,
    commune_sum.indicator_name_vi,
    commune_sum.period_key,
    commune_sum.meets_measure as measure,
    cast(commune_sum.communes_value as decimal(28, 6)) as communes_value,
    cast(province.province_value as decimal(28, 6)) as province_value,
    cast(province.province_value - commune_sum.communes_value as decimal(28, 6)) as difference,
    n_commune.n_units_expected,
    commune_sum.n_units_included,
    commune_sum.n_units_included = n_commune.n_units_expected as is_complete,
    list_sort(list_concat(commune_sum.fact_keys, province.fact_keys)) as fact_keys
from commune_sum
inner join n_commune
    on commune_sum.period_key = n_commune.period_key
left join province
    on
        commune_sum.fact_table = province.fact_table
        and commune_sum.indicator_code = province.indicator_code
        and commune_sum.period_key = province.period_key
        and commune_sum.meets_measure = province.meets_measure
