with recursive budget_line as (
    select * from {{ ref('budget_line') }}
),

path as (
    select
        line_code,
        name_vi as path_vi,
        1 as depth,
        true as is_in_total,
        children
    from budget_line
    where parent_code is null
    union all
    select
        budget_line.line_code,
        path.path_vi || ' > ' || budget_line.name_vi as path_vi,
        path.depth + 1 as depth,
        -- below a "trong đó" line nothing is added to the total again, and the parts of an
        -- excerpt do not make their parent
        path.is_in_total and budget_line.is_additive and path.children = 'all' as is_in_total,
        budget_line.children
    from budget_line
    inner join path
        on budget_line.parent_code = path.line_code
)

select
    budget_line.line_code,
    budget_line.list_code,
    budget_line.line_no,
    budget_line.symbol,
    budget_line.name_vi,
    path.path_vi,
    path.depth,
    budget_line.parent_code,
    budget_line.is_additive,
    budget_line.sign,
    budget_line.children,
    path.is_in_total,
    budget_line.indicator_code,
    budget_line.budget_side,
    budget_line.basis_status
from budget_line
left join path
    on budget_line.line_code = path.line_code
