-- The targets of each commune: where they stand and what must come yet.
select
    scorecard.unit_code,
    scorecard.indicator_name_vi || coalesce(', ' || lower(measure.label_vi), '') as target_vi,
    coalesce(due.label_vi, scorecard.period_key) as due_vi,
    scorecard.target_text,
    scorecard.actual_value_text,
    coalesce(actual.label_vi, scorecard.actual_period_key) as actual_of_vi,
    scorecard.standing,
    scorecard.standing_vi,
    scorecard.target_fact_key as target_keys,
    scorecard.actual_fact_key as actual_keys
from mart_plan_scorecard as scorecard
inner join dim_unit as unit
    on scorecard.unit_code = unit.unit_code and unit.level in ('commune', 'ward') and unit.valid_to is null
left join dim_period as due on scorecard.period_key = due.period_key
left join dim_code as measure
    on scorecard.measure = measure.code and measure.list_code = 'measure' and measure.code <> 'level'
left join dim_period as actual on scorecard.actual_period_key = actual.period_key
order by
    scorecard.unit_code,
    case scorecard.standing
        when 'behind' then 1 when 'not_reached' then 2 when 'undecided' then 3 when 'on_track' then 4
        when 'reached' then 5 else 6
    end,
    target_vi, scorecard.target_fact_key
