-- Which targets of the province are behind, or ended without being reached?
select
    scorecard.indicator_name_vi || coalesce(', ' || lower(measure.label_vi), '') as target_vi,
    scorecard.target_text,
    scorecard.actual_value_text,
    coalesce(actual.label_vi, scorecard.actual_period_key) as actual_of_vi,
    scorecard.standing,
    scorecard.standing_vi,
    coalesce(lead.name_vi, indicator.owner_name_vi) as owner_vi,
    scorecard.target_fact_key as target_keys,
    scorecard.actual_fact_key as actual_keys
from mart_plan_scorecard as scorecard
inner join dim_unit as unit
    on scorecard.unit_code = unit.unit_code and unit.level = 'province' and unit.valid_to is null
left join dim_indicator as indicator on scorecard.indicator_code = indicator.indicator_code
left join dim_period as due on scorecard.period_key = due.period_key
left join dim_code as measure
    on scorecard.measure = measure.code and measure.list_code = 'measure' and measure.code <> 'level'
left join dim_period as actual on scorecard.actual_period_key = actual.period_key
left join fct_target as stated on scorecard.target_fact_key = stated.fact_key and stated.is_current
left join dim_unit as lead on stated.lead_unit_code = lead.unit_code and lead.valid_to is null
where scorecard.standing in ('behind', 'not_reached')
order by
    case scorecard.standing when 'behind' then 1 else 2 end,
    due.end_date, scorecard.document_code, scorecard.target_no nulls last, scorecard.target_part nulls last,
    target_vi, scorecard.target_fact_key
