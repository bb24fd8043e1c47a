-- The communes and wards of today, one page each.
select unit_code, name_vi as unit_vi
from dim_unit
where level in ('commune', 'ward') and valid_to is null
order by unit_code
