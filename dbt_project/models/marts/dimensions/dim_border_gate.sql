select
    gate_code,
    name_vi,
    name_en,
    group_code,
    is_group,
    basis_status
from {{ ref('border_gate') }}
