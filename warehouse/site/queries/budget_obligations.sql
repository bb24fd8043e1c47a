-- What the rules take from the budget or ask of it, at the newest period of each.
with newest as (
    select obligation.*
    from mart_budget_obligation as obligation
    inner join dim_unit as unit
        on obligation.unit_code = unit.unit_code and unit.level = 'province' and unit.valid_to is null
    qualify
        row_number() over (partition by obligation.obligation_code, obligation.line_code order by obligation.period_end desc)
        = 1
)

select
    newest.obligation_vi,
    coalesce(period.label_vi, newest.period_key) as period_vi,
    newest.rate_pct,
    newest.base_vnd / 1e9 as base_billion,
    newest.required_vnd / 1e9 as required_billion,
    newest.actual_vnd / 1e9 as actual_billion,
    newest.difference_vnd / 1e9 as difference_billion,
    case
        when newest.is_met then 'reached'
        when newest.is_met is null then 'no_data'
        when newest.is_final then 'not_reached'
        else 'behind'
    end as standing,
    case
        when newest.is_met then 'Đạt quy định'
        when newest.is_met is null then 'Chưa có số liệu'
        when newest.is_final then 'Chưa đúng quy định'
        else 'Chưa đạt, chưa hết năm'
    end as standing_vi,
    concat_ws(' ', newest.scope_vi, newest.note_vi) as note_vi,
    newest.fact_keys
from newest
left join dim_period as period on newest.period_key = period.period_key
order by newest.obligation_vi, newest.line_code
