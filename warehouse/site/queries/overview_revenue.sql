-- State budget revenue of the newest year: what is collected, the estimate, and the goal of 110 % of it.
with province as (
    select unit_code from dim_unit
    where level = 'province' and valid_to is null
),

goal as (
    select
        obligation.*,
        row_number() over (partition by obligation.line_code order by obligation.period_end desc) as choice
    from mart_budget_obligation as obligation
    inner join province on obligation.unit_code = province.unit_code
    where obligation.obligation_code = 'revenue_goal'
    qualify obligation.budget_year = max(obligation.budget_year) over ()
),

-- where nobody reported yet, the estimate stands alone
assigned as (
    select * from mart_budget_summary
    where
        budget_side = 'revenue' and parent_code is null and measure like 'estimate%' and period_kind = 'year'
        and budget_level = 'all'
        and budget_year > coalesce((select max(budget_year) from goal), 0)
    qualify budget_year = max(budget_year) over ()
)

select
    coalesce(line.name_vi, goal.line_code) || coalesce(', ' || period.label_vi, '') as line_vi,
    period.label_vi as period_vi,
    goal.base_vnd / 1e9 as estimate_billion,
    goal.required_vnd / 1e9 as goal_billion,
    goal.actual_vnd / 1e9 as collected_billion,
    cast(100 * goal.actual_vnd / nullif(goal.required_vnd, 0) as decimal(18, 4)) as of_goal_pct,
    goal.difference_vnd / 1e9 as difference_billion,
    case when goal.is_met then 'reached' when goal.is_final then 'not_reached' else 'behind' end as standing,
    case when goal.is_met then 'Đã đạt' when goal.is_final then 'Không đạt' else 'Chưa đạt, chưa hết năm' end
        as standing_vi,
    list_filter(goal.fact_keys, lambda key: key like '%/estimate_%') as estimate_keys,
    list_filter(goal.fact_keys, lambda key: key like '%/outturn_cumulative/%') as collected_keys
from goal
left join dim_budget_line as line on goal.line_code = line.line_code
left join dim_period as period on goal.period_key = period.period_key
where goal.choice = 1
union all
select
    assigned.line_name_vi || coalesce(', ' || period.label_vi, ''),
    period.label_vi,
    assigned.amount_vnd / 1e9,
    null,
    null,
    null,
    null,
    'no_data',
    'Chưa có số thực hiện',
    [assigned.fact_key],
    []
from assigned
left join dim_period as period on assigned.period_key = period.period_key
order by line_vi
