-- Where does each group of projects stand against its floor: in the province, by owner and by source of capital?
with floor as (
    select * from {{ ref('mart_disbursement_floor') }}
),

scoped as (
    select
        'province' as scope_kind,
        '{{ var("province_unit_code") }}' as scope_code,
        floor.*
    from floor
    union all
    select
        'owner' as scope_kind,
        floor.reporter_unit_code as scope_code,
        floor.*
    from floor
    union all
    select
        'source' as scope_kind,
        floor.source_code as scope_code,
        floor.*
    from floor
),

-- a report is expected of every owner whose projects a floor is set for
summed as (
    select
        scope_kind,
        scope_code,
        stage_group,
        due_date,
        max(floor_pct) as floor_pct,
        max(days_left) as days_left,
        bool_or(is_next) as is_next,
        max(report_period_key) as report_period_key,
        sum(plan_total_vnd) as plan_total_vnd,
        sum(floor_vnd) as floor_vnd,
        sum(disbursed_cumulative_vnd) as disbursed_cumulative_vnd,
        count(distinct project_code) as n_projects,
        count(distinct case when status in ('due', 'missed') then project_code end) as n_projects_below,
        count(distinct reporter_unit_code) as n_units_expected,
        count(distinct case when status <> 'no_data' then reporter_unit_code end) as n_units_included,
        list_sort(list_distinct(flatten(list(fact_keys)))) as fact_keys
    from scoped
    group by scope_kind, scope_code, stage_group, due_date
),

judged as (
    select
        *,
        case
            when n_units_included = 0 then 'no_data'
            when disbursed_cumulative_vnd >= floor_vnd and n_projects_below > 0 then 'undecided'
            when disbursed_cumulative_vnd >= floor_vnd then 'reached'
            when due_date >= cast({{ as_of() }} as date) then 'behind'
            else 'not_reached'
        end as standing
    from summed
),

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
),

vocabulary as (
    select * from {{ ref('vocabulary') }}
)

select
    judged.scope_kind,
    judged.scope_code,
    coalesce(unit.name_vi, source.label_vi) as scope_name_vi,
    judged.stage_group,
    stage_group.label_vi as stage_group_vi,
    judged.due_date,
    judged.floor_pct,
    judged.days_left,
    judged.is_next,
    judged.report_period_key,
    judged.n_projects,
    judged.n_projects_below,
    cast(judged.plan_total_vnd as decimal(24, 2)) as plan_total_vnd,
    cast(judged.floor_vnd as decimal(24, 2)) as floor_vnd,
    cast(judged.disbursed_cumulative_vnd as decimal(24, 2)) as disbursed_cumulative_vnd,
    cast(
        100 * judged.disbursed_cumulative_vnd / nullif(judged.plan_total_vnd, 0) as decimal(18, 4)
    ) as disbursed_of_plan_total_pct,
    cast(greatest(judged.floor_vnd - judged.disbursed_cumulative_vnd, 0) as decimal(24, 2))
        as still_to_disburse_vnd,
    judged.disbursed_cumulative_vnd >= judged.floor_vnd as is_met,
    judged.standing,
    case judged.standing
        when 'reached' then 'Đã đạt'
        when 'undecided' then 'Nhóm đạt, còn dự án dưới mức'
        when 'behind' then 'Chưa đạt, còn thời gian'
        when 'not_reached' then 'Không đạt'
        when 'no_data' then 'Chưa có số liệu'
    end as standing_vi,
    judged.n_units_expected,
    judged.n_units_included,
    judged.fact_keys
from judged
left join unit
    on judged.scope_kind in ('province', 'owner') and judged.scope_code = unit.unit_code
left join vocabulary as source
    on
        judged.scope_kind = 'source'
        and judged.scope_code = source.code
        and source.list_code = 'capital_source'
left join vocabulary as stage_group
    on judged.stage_group = stage_group.code and stage_group.list_code = 'stage_group'
