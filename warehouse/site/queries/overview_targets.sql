-- How many targets of the province are reached, on track, behind, or without data, in each document?
with scored as (
    select scorecard.*
    from mart_plan_scorecard as scorecard
    inner join dim_unit as unit
        on scorecard.unit_code = unit.unit_code and unit.level = 'province' and unit.valid_to is null
)

select
    coalesce(any_value(document.title_vi), scored.document_code) as document_vi,
    count(*) as n_targets,
    count(*) filter (scored.standing = 'reached') as n_reached,
    count(*) filter (scored.standing = 'on_track') as n_on_track,
    count(*) filter (scored.standing = 'behind') as n_behind,
    count(*) filter (scored.standing = 'not_reached') as n_not_reached,
    count(*) filter (scored.standing = 'undecided') as n_undecided,
    count(*) filter (scored.standing = 'no_data') as n_no_data
from scored
left join dim_period as due on scored.period_key = due.period_key
left join dim_document as document on scored.document_code = document.document_code
group by scored.document_code
order by max(due.end_date), scored.document_code
