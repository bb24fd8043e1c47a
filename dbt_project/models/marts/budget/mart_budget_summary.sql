with budget as (
    select
        *,
        count(*) over (partition by coalesce(outranked_by, fact_key)) as n_statements
    from {{ ref('fct_budget') }}
    where
        is_current
        and unit_code = '{{ var("province_unit_code") }}'
)

select
    budget.line_code,
    line.name_vi as line_name_vi,
    line.path_vi as line_path_vi,
    line.depth as line_depth,
    line.parent_code,
    line.budget_side,
    budget.period_key,
    period.kind as period_kind,
    period.end_date as period_end,
    budget.budget_year,
    budget.budget_level,
    budget.measure,
    budget.dossier_no,
    budget.comparator,
    budget.amount_vnd,
    cast(budget.amount_vnd / 1000000000 as decimal(24, 6)) as amount_billion_vnd,
    budget.is_leaf,
    budget.n_statements,
    budget.fact_key
from budget
left join {{ ref('dim_budget_line') }} as line
    on budget.line_code = line.line_code
left join {{ ref('dim_period') }} as period
    on budget.period_key = period.period_key
where budget.outranked_by is null
