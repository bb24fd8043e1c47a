select
    commodity_code,
    name_vi,
    name_en,
    unit_code,
    basis_status
from {{ ref('commodity') }}
