select
    document_code,
    title_vi,
    issuer_vi,
    number,
    issued_on,
    source_file,
    note_vi
from {{ ref('document') }}
