with current_rows as (
    select
        fact_key,
        unit_key,
        unit_code,
        period_key,
        project_code,
        milestone,
        milestone_state,
        date_value,
        stage_group,
        value_text,
        corrected_text,
        statement_no,
        outranked_by,
        submission_id,
        file_path,
        cell_ref,
        form_code,
        reporter_unit_code,
        source_rank
    from {{ ref('int_milestone__keyed') }}
),

{{ with_history('fct_milestone', 'current_rows') }}
