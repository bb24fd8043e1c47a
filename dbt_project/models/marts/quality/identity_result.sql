select
    identity_code,
    says_vi,
    outcome,
    residual_low,
    residual_high,
    facts
from {{ source('quality', 'identity_result') }}
