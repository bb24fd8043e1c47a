with indicator as (
    select * from {{ ref('indicator') }}
),

unit_of_measure as (
    select * from {{ ref('unit_of_measure') }}
),

agency as (
    select * from {{ ref('agency') }}
)

select
    indicator.indicator_code,
    indicator.name_vi,
    indicator.name_en,
    indicator.unit_code as unit_of_measure,
    unit_of_measure.name_vi as unit_of_measure_vi,
    indicator.direction,
    indicator.owner_unit_code,
    agency.name_vi as owner_name_vi,
    indicator.aggregation
from indicator
left join unit_of_measure
    on indicator.unit_code = unit_of_measure.unit_code
left join agency
    on indicator.owner_unit_code = agency.unit_code
