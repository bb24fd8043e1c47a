select
    form_code || ':' || form_version as form_key,
    form_code,
    form_version,
    code_on_paper,
    title_vi,
    legal_basis,
    basis_status,
    fact,
    openness,
    frequency,
    due_days,
    valid_from,
    valid_to
from {{ source('contract', 'form') }}
