select
    submission_id,
    file_path,
    file_sha256,
    file_bytes,
    received_at,
    reporter_unit_code,
    form_code,
    form_version,
    period_key,
    cutoff_date,
    status,
    reason_vi,
    is_simulated,
    cells_in_tables,
    cells_outside
from {{ source('raw', 'submission') }}
