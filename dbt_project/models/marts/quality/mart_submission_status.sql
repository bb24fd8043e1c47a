with expected as (
    select * from {{ source('raw', 'expected_submission') }}
),

form as (
    select * from {{ ref('dim_form') }}
),

unit as (
    select * from {{ ref('dim_unit') }}
    where valid_to is null
),

period as (
    select * from {{ ref('dim_period') }}
),

received as (
    select
        reporter_unit_code,
        form_code,
        period_key,
        count(*) as n_received,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at,
        max(case when status = 'accepted' then 1 else 0 end) as n_accepted
    from {{ ref('submission') }}
    where form_code is not null
    group by reporter_unit_code, form_code, period_key
)

select
    expected.unit_code,
    unit.name_vi as unit_name_vi,
    expected.form_code,
    form.code_on_paper,
    form.title_vi,
    expected.period_key,
    period.end_date as period_end,
    expected.due_date,
    coalesce(received.n_received, 0) as n_received,
    received.first_received_at,
    received.last_received_at,
    case
        when received.n_received is null and expected.due_date >= cast({{ as_of() }} as date)
            then 'not_due'
        when received.n_received is null and expected.due_date is null
            then 'missing'
        when received.n_received is null
            then 'overdue'
        when received.n_accepted = 0
            then 'held'
        when cast(received.first_received_at as date) > expected.due_date
            then 'received_late'
        else 'received'
    end as status,
    case
        when
            coalesce(cast(received.first_received_at as date), cast({{ as_of() }} as date))
            > expected.due_date
            then cast(date_diff(
                'day',
                expected.due_date,
                coalesce(cast(received.first_received_at as date), cast({{ as_of() }} as date))
            ) as integer)
        else 0
    end as days_late
from expected
left join form
    on
        expected.form_code = form.form_code
        and expected.form_version = form.form_version
left join unit
    on expected.unit_code = unit.unit_code
left join period
    on expected.period_key = period.period_key
left join received
    on
        expected.unit_code = received.reporter_unit_code
        and expected.form_code = received.form_code
        and expected.period_key = received.period_key
