with current_rows as (
    select
        fact_key,
        unit_key,
        unit_code,
        period_key,
        quantity_code as indicator_code,
        measure,
        base_period_key,
        kind,
        cast(value as decimal(28, 6)) as value,
        cast(value_high as decimal(28, 6)) as value_high,
        value_unit,
        rank_of,
        note,
        comparator,
        cast(step as decimal(38, 12)) as printed_step,
        value_text,
        corrected_text,
        stated_unit,
        statement,
        statement_no,
        true as is_leaf,
        submission_id,
        file_path,
        cell_ref,
        form_code,
        reporter_unit_code,
        cutoff_date
    from {{ ref('int_indicator__keyed') }}
),

{{ with_history('fct_indicator', 'current_rows') }}
