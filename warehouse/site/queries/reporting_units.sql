-- Every sender: what it owed and sent over all periods, what is open, and how long mending took.
with owed as (
    select
        unit_code,
        any_value(unit_name_vi) as unit_vi,
        sum(n_expected) as n_expected,
        sum(n_received) as n_received,
        sum(n_on_time) as n_on_time,
        sum(n_overdue) as n_overdue,
        sum(n_held) as n_held,
        sum(n_mended) as n_mended
    from mart_quality_league
    group by unit_code
),

sent as (
    select * from mart_submission_summary
),

mending as (
    select
        unit_code,
        cast(median(date_diff('hour', first_seen, closed_at) / 24.0) as decimal(10, 1)) as median_days
    from mart_quality_open_findings
    where not is_open and closed_at is not null and severity <> 'info'
    group by unit_code
)

select
    coalesce(owed.unit_vi, sent.reporter_name_vi, sent.reporter_unit_code) as unit_vi,
    owed.n_expected,
    owed.n_received,
    owed.n_on_time,
    owed.n_overdue,
    coalesce(sent.n_held, owed.n_held) as n_held,
    sent.n_accepted,
    sent.n_unrecognised + sent.n_unreadable as n_unread,
    sent.n_errors,
    sent.n_warnings,
    mending.median_days,
    sent.last_received_at
from owed
full join sent on owed.unit_code = sent.reporter_unit_code
left join mending on coalesce(owed.unit_code, sent.reporter_unit_code) = mending.unit_code
order by
    coalesce(owed.n_overdue, 0) desc, coalesce(owed.n_expected, 0) - coalesce(owed.n_received, 0) desc,
    sent.n_errors desc nulls last, unit_vi collate vi, sent.reporter_unit_code
