-- The newest figure of every indicator of each commune, with last year's.
select
    indicator.unit_code,
    indicator.domain_vi,
    indicator.indicator_name_vi as indicator_vi,
    period.label_vi as period_vi,
    case indicator.value_unit_vi when 'đồng' then indicator.value / 1e9 else indicator.value end as value,
    case indicator.value_unit_vi when 'đồng' then 'tỷ đồng' else indicator.value_unit_vi end as unit_vi,
    indicator.change_from_last_year_pct,
    indicator.fact_keys
from mart_indicator as indicator
inner join dim_unit as unit
    on indicator.unit_code = unit.unit_code and unit.level in ('commune', 'ward') and unit.valid_to is null
left join dim_period as period on indicator.period_key = period.period_key
where indicator.measure = 'level' and indicator.domain_code <> 'budget'
qualify
    row_number() over (
        partition by indicator.unit_code, indicator.indicator_code
        order by indicator.period_end desc, indicator.period_key
    ) = 1
order by indicator.unit_code, indicator.domain_vi, indicator_vi, indicator.indicator_code
