with expected as (
    select
        unit_code,
        period_key,
        count(*) as n_expected,
        count(*) filter (where n_received > 0) as n_received,
        count(*) filter (where n_received > 0 and days_late = 0) as n_on_time,
        count(*) filter (where status = 'overdue') as n_overdue
    from {{ ref('mart_submission_status') }}
    group by unit_code, period_key
),

held as (
    select
        reporter_unit_code as unit_code,
        period_key,
        count(*) as n_held
    from {{ ref('submission') }}
    where status = 'held' and period_key is not null
    group by reporter_unit_code, period_key
),

finding as (
    select
        unit_code,
        period_key,
        count(*) filter (where is_open and severity = 'error') as n_errors,
        count(*) filter (where is_open and severity = 'warning') as n_warnings,
        count(*) filter (where is_open and severity = 'info') as n_infos,
        count(*) filter (where severity <> 'info' and closed_by in ('resubmission', 'correction'))
            as n_mended,
        -- null takes no part in a median
        cast(median(
            case when severity <> 'info' and closed_by in ('resubmission', 'correction') then age_days end
        ) as decimal(10, 1)) as median_days_to_mend
    from {{ ref('mart_quality_open_findings') }}
    where unit_code is not null and period_key is not null
    group by unit_code, period_key
),

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
),

unit_period as (
    select
        unit_code,
        period_key
    from expected
    union
    select
        unit_code,
        period_key
    from held
    union
    select
        unit_code,
        period_key
    from finding
)

select
    unit_period.unit_code,
    unit.name_vi as unit_name_vi,
    unit_period.period_key,
    coalesce(expected.n_expected, 0) as n_expected,
    coalesce(expected.n_received, 0) as n_received,
    coalesce(expected.n_on_time, 0) as n_on_time,
    coalesce(expected.n_overdue, 0) as n_overdue,
    coalesce(held.n_held, 0) as n_held,
    coalesce(finding.n_errors, 0) as n_errors,
    coalesce(finding.n_warnings, 0) as n_warnings,
    coalesce(finding.n_infos, 0) as n_infos,
    coalesce(finding.n_mended, 0) as n_mended,
    finding.median_days_to_mend
from unit_period
left join expected
    on
        unit_period.unit_code = expected.unit_code
        and unit_period.period_key = expected.period_key
left join held
    on
        unit_period.unit_code = held.unit_code
        and unit_period.period_key = held.period_key
left join finding
    on
        unit_period.unit_code = finding.unit_code
        and unit_period.period_key = finding.period_key
left join unit
    on unit_period.unit_code = unit.unit_code
