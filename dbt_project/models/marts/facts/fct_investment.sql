with current_rows as (
    select
        fact_key,
        unit_key,
        unit_code,
        period_key,
        quantity_code as indicator_code,
        source_code,
        project_code,
        package,
        stage_group,
        measure,
        kind,
        cast(case when value_unit = 'vnd' then value end as decimal(24, 2)) as amount_vnd,
        cast(case when value_unit = 'usd' then value end as decimal(24, 2)) as amount_usd,
        cast(
            case when coalesce(value_unit, '') not in ('vnd', 'usd') then value end as decimal(24, 6)
        ) as quantity,
        case when coalesce(value_unit, '') not in ('vnd', 'usd') then value_unit end as quantity_unit,
        budget_year,
        comparator,
        cast(step as decimal(38, 12)) as printed_step,
        value_text,
        corrected_text,
        stated_unit,
        statement,
        statement_no,
        outranked_by,
        is_leaf,
        submission_id,
        file_path,
        cell_ref,
        form_code,
        reporter_unit_code,
        source_rank,
        cutoff_date
    from {{ ref('int_investment__keyed') }}
),

{{ with_history('fct_investment', 'current_rows') }}
