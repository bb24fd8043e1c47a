select
    period_key,
    kind,
    start_date,
    end_date,
    cast(year(end_date) as integer) as end_year,
    label_vi
from {{ source('raw', 'period') }}
