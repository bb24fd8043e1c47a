-- What each commune owed, sent, and sent in time, period by period; the newest first.
select
    league.unit_code,
    coalesce(period.label_vi, league.period_key) as period_vi,
    league.n_expected,
    league.n_received,
    league.n_on_time,
    league.n_overdue,
    league.n_held,
    league.n_errors,
    league.n_warnings,
    league.median_days_to_mend
from mart_quality_league as league
inner join dim_unit as unit
    on league.unit_code = unit.unit_code and unit.level in ('commune', 'ward') and unit.valid_to is null
left join dim_period as period on league.period_key = period.period_key
order by league.unit_code, period.end_date desc, league.period_key
