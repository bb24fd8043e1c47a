with current_rows as (
    select
        fact_key,
        unit_key,
        unit_code,
        period_key,
        budget_line_code as line_code,
        budget_level,
        measure,
        dossier_no,
        budget_indicator_code as indicator_code,
        cast(case when value_unit = 'vnd' then value end as decimal(24, 2)) as amount_vnd,
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
    from {{ ref('int_budget__keyed') }}
),

{{ with_history('fct_budget', 'current_rows') }}
