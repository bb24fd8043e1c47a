with agency as (
    select * from {{ ref('agency') }}
),

commune as (
    select * from {{ ref('commune') }}
),

former_commune as (
    -- a split unit has one link for each of its successors
    select distinct
        old_code,
        old_name,
        old_district
    from {{ ref('commune_succession') }}
),

unit as (
    select
        'VN' as unit_code,
        'Cả nước' as name_vi,
        'Vietnam' as name_en,
        'nation' as level,
        null as parent_code,
        null as former_district,
        date '1900-01-01' as valid_from,
        null as valid_to
    union all
    select
        unit_code,
        name_vi,
        name_en,
        level,
        case when level = 'province' then 'VN' else '{{ var("province_unit_code") }}' end as parent_code,
        null as former_district,
        date '1900-01-01' as valid_from,
        null as valid_to
    from agency
    union all
    select
        unit_code,
        name_vi,
        null as name_en,
        case unit_type when 'phường' then 'ward' else 'commune' end as level,
        '{{ var("province_unit_code") }}' as parent_code,
        former_district,
        date '2025-07-01' as valid_from,
        null as valid_to
    from commune
    union all
    select
        old_code as unit_code,
        old_name as name_vi,
        null as name_en,
        case
            when old_name like 'Phường %' then 'ward'
            when old_name like 'Thị trấn %' then 'township'
            else 'commune'
        end as level,
        '{{ var("province_unit_code") }}' as parent_code,
        old_district as former_district,
        date '1900-01-01' as valid_from,
        date '2025-06-30' as valid_to
    from former_commune
)

select
    unit_code || ':' || cast(valid_from as varchar) as unit_key,
    unit_code,
    name_vi,
    name_en,
    level,
    cast(parent_code as varchar) as parent_code,
    former_district,
    valid_from,
    cast(valid_to as date) as valid_to
from unit
