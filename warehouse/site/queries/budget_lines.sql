-- Revenue and expenditure of the province by line, each list at its newest report: against estimate and last year.
with province as (
    select unit_code from dim_unit
    where level = 'province' and valid_to is null
),

newest as (
    select execution.*
    from mart_budget_execution as execution
    inner join province on execution.unit_code = province.unit_code
    where execution.budget_level = 'all' and execution.list_code in ('b60', 'b61', 'kbnn')
    -- a line with an estimate and no outturn has a row of the whole year, which is no newer report
    qualify execution.period_end = coalesce(
        max(execution.period_end) filter (execution.outturn_cumulative_vnd is not null) over (partition by execution.list_code),
        max(execution.period_end) over (partition by execution.list_code)
    )
)

select
    newest.budget_side,
    newest.list_code,
    coalesce(form.code_on_paper, newest.form_code) as form_vi,
    period.label_vi as period_vi,
    newest.symbol as symbol_vi,
    repeat('· ', newest.depth - 1) || newest.line_name_vi as line_vi,
    coalesce(newest.estimate_assigned_vnd, newest.estimate_council_vnd) / 1e9 as estimate_billion,
    newest.outturn_cumulative_vnd / 1e9 as outturn_billion,
    newest.outturn_of_estimate_pct,
    newest.outturn_last_year_vnd / 1e9 as last_year_billion,
    newest.outturn_of_last_year_pct,
    list_filter(newest.fact_keys, lambda key: key like '%/estimate_%') as estimate_keys,
    list_filter(
        newest.fact_keys,
        lambda key: key like '%/' || newest.period_key || '/%' and key like '%/outturn_cumulative/%'
    ) as outturn_keys,
    list_filter(
        newest.fact_keys,
        lambda key: key like '%/' || period.last_year_key || '/%' and key like '%/outturn_cumulative/%'
    ) as last_year_keys
from newest
left join dim_period as period on newest.period_key = period.period_key
left join dim_budget_line as line on newest.line_code = line.line_code
left join (select distinct form_code, code_on_paper from dim_form) as form on newest.form_code = form.form_code
order by newest.list_code, line.line_no, newest.line_code
