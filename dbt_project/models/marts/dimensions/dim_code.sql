-- What do the short codes mean that stand in facts and marts: measures, kinds, groups, sources?
select
    list_code,
    code,
    label_vi,
    description_vi
from {{ ref('vocabulary') }}
