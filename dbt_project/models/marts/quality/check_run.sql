select
    gate,
    subject,
    rule,
    outcome,
    evaluated,
    unexpected
from {{ source('quality', 'check_run') }}
