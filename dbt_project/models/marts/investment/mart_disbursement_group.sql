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

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
),

vocabulary as (
    select * from {{ ref('vocabulary') }}
)

select
    summed.scope_kind,
    summed.scope_code,
    coalesce(unit.name_vi, source.label_vi) as scope_name_vi,
    summed.stage_group,
    stage_group.label_vi as stage_group_vi,
    summed.due_date,
    summed.floor_pct,
    summed.n_projects,
    summed.n_projects_below,
    cast(summed.plan_total_vnd as decimal(24, 2)) as plan_total_vnd,
    cast(summed.floor_vnd as decimal(24, 2)) as floor_vnd,
    cast(summed.disbursed_cumulative_vnd as decimal(24, 2)) as disbursed_cumulative_vnd,
    cast(
        100 * summed.disbursed_cumulative_vnd / nullif(summed.plan_total_vnd, 0) as decimal(18, 4)
    ) as disbursed_of_plan_total_pct,
    cast(greatest(summed.floor_vnd - summed.disbursed_cumulative_vnd, 0) as decimal(24, 2))
        as still_to_disburse_vnd,
    summed.disbursed_cumulative_vnd >= summed.floor_vnd as is_met,
    summed.n_units_expected,
    summed.n_units_included,
    summed.fact_keys
from summed
left join unit
    on summed.scope_kind in ('province', 'owner') and summed.scope_code = unit.unit_code
left join vocabulary as source
    on
        summed.scope_kind = 'source'
        and summed.scope_code = source.code
        and source.list_code = 'capital_source'
left join vocabulary as stage_group
    on summed.stage_group = stage_group.code and stage_group.list_code = 'stage_group'
