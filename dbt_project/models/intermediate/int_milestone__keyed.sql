with dated as (
    select * from {{ ref('int_milestone__dated') }}
),

newest_unit as (
    select
        unit_code,
        unit_key
    from {{ ref('dim_unit') }}
    where valid_to is null
),

keyed as (
    select
        *,
        {{ natural_key(
            'fct_milestone', ['unit_code', 'project_code', 'milestone', 'milestone_state']
        ) }} as natural_key
    from dated
),

-- every report repeats the dates that are known: the last report of each form counts
{{ numbered_statements('keyed') }}

select
    numbered.*,
    newest_unit.unit_key
from numbered
left join newest_unit
    on numbered.unit_code = newest_unit.unit_code
