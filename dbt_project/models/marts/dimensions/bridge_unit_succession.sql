with succession as (
    select * from {{ ref('commune_succession') }}
),

unit as (
    select * from {{ ref('dim_unit') }}
)

select
    former.unit_key as old_unit_key,
    successor.unit_key as new_unit_key,
    succession.old_code,
    succession.old_name,
    succession.old_district,
    succession.new_code,
    succession.new_name,
    succession.is_split,
    -- nothing says how the split units divide: equal parts, and marked so
    cast(
        1.0 / count(*) over (partition by succession.old_code) as decimal(9, 6)
    ) as share_of_old,
    succession.is_split as is_estimate
from succession
inner join unit as former
    on
        succession.old_code = former.unit_code
        and former.valid_to is not null
inner join unit as successor
    on
        succession.new_code = successor.unit_code
        and successor.valid_to is null
