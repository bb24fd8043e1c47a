-- Where does every target of the plan stand: reached, on its way, behind, or without data, and what must come yet?
with target as (
    select * from {{ ref('fct_target') }}
    where is_current and is_authoritative
),

actual as (
    select * from {{ ref('int_plan__actual') }}
),

link as (
    select * from {{ ref('target_actual_link') }}
),

indicator as (
    select * from {{ ref('dim_indicator') }}
),

unit_of_measure as (
    select * from {{ ref('unit_of_measure') }}
),

open_finding as (
    select
        found.submission_id,
        looked_at.cell_ref,
        count(*) as findings
    from {{ ref('dq_result') }} as found,
        unnest(found.cells) as looked_at (cell_ref)
    where found.closed is null and found.severity in ('error', 'warning')
    group by found.submission_id, looked_at.cell_ref
),

-- A target is met by the figure of its own name, unless links say by which.
candidate as (
    select
        target.fact_key as target_fact_key,
        actual.fact_key as actual_fact_key,
        actual.actual_table,
        actual.period_key as actual_period_key,
        actual.kind as actual_kind,
        -- a link may turn the sign ("tăng giảm" to "mức giảm"): more than -2 is a fall of less than 2
        case
            when coalesce(link.factor, 1) > 0 then actual.comparator
            when actual.comparator = '>' then '<'
            when actual.comparator = '>=' then '<='
            when actual.comparator = '<' then '>'
            when actual.comparator = '<=' then '>='
            else actual.comparator
        end as actual_comparator,
        actual.value * coalesce(link.factor, cast(1 as decimal(20, 6))) as actual_value,
        actual.value_high * coalesce(link.factor, cast(1 as decimal(20, 6))) as actual_value_high,
        -- a fall of 2.71 meets a target that counts reductions: it is shown as one
        case
            when link.factor < 0 and actual.value_text like '-%' then 'giảm '
            else ''
        end
        || {{ stated_text(
            'actual.comparator',
            "case when link.factor < 0 then ltrim(actual.value_text, '-') else actual.value_text end",
            'unit_of_measure.name_vi'
        ) }} as actual_value_text,
        actual.submission_id,
        actual.cell_ref,
        case
            when link.comparability is not null then link.comparability
            when (actual.period_kind = 'span') <> (period.kind = 'span') then 'near'
            else 'same'
        end as comparability,
        case
            when link.comparability is not null then link.note_vi
            when (actual.period_kind = 'span') <> (period.kind = 'span')
                then 'Một bên là số của cả giai đoạn, một bên là số của kỳ ngắn hơn.'
        end as comparability_note_vi,
        row_number() over (
            partition by target.fact_key
            order by
                actual.period_end desc nulls last,
                -- the year 2025 and the five years to 2025 end on one day
                case when actual.period_kind = period.kind then 0 else 1 end asc,
                actual.kind_rank asc nulls last,
                actual.breakdowns asc,
                actual.source_rank asc,
                actual.statement_no asc,
                actual.fact_key asc
        ) as choice
    from target
    left join link
        on
            target.indicator_code = link.target_indicator_code
            and target.measure = link.target_measure
    inner join actual
        on
            target.unit_code = actual.unit_code
            and coalesce(link.actual_indicator_code, target.indicator_code) = actual.indicator_code
            and coalesce(link.actual_measure, target.measure)
            in (actual.measure, actual.meets_measure)
            and coalesce(link.actual_period_kind, actual.period_kind) = actual.period_kind
    left join {{ ref('dim_period') }} as period
        on target.period_key = period.period_key
    left join indicator
        on target.indicator_code = indicator.indicator_code
    left join unit_of_measure
        on actual.stated_unit = unit_of_measure.unit_code
    where
        -- what adds up over time says nothing about a year when it is known for five years only
        link.comparability is not null
        or coalesce(indicator.aggregation, 'none') <> 'sum'
        or target.measure <> 'level'
        or (actual.period_kind = 'span') = (period.kind = 'span')
),

compared as (
    select
        target.*,
        coalesce(indicator.direction, 'none') as direction,
        indicator.name_vi as indicator_name_vi,
        candidate.actual_fact_key,
        candidate.actual_table,
        candidate.actual_period_key,
        candidate.actual_kind,
        candidate.actual_comparator,
        cast(candidate.actual_value as decimal(28, 6)) as actual_value,
        cast(candidate.actual_value_high as decimal(28, 6)) as actual_value_high,
        candidate.actual_value_text,
        candidate.submission_id as actual_submission_id,
        candidate.cell_ref as actual_cell_ref,
        candidate.comparability,
        candidate.comparability_note_vi
    from target
    left join candidate
        on
            target.fact_key = candidate.target_fact_key
            and candidate.choice = 1
    left join indicator
        on target.indicator_code = indicator.indicator_code
),

-- What is acceptable and what the actual can be, as two intervals; null is an end without limit.
bounded as (
    select
        *,
        case
            when comparator in ('<', '<=') then null
            when comparator in ('>', '>=') then value_low
            when direction = 'down' then null
            else value_low
        end as accepted_from,
        case
            when comparator in ('>', '>=') then null
            when comparator in ('<', '<=') then coalesce(value_high, value_low)
            when direction = 'up' then null
            else coalesce(value_high, value_low)
        end as accepted_to,
        case
            when actual_comparator not in ('<', '<=')
                then least(actual_value, coalesce(actual_value_high, actual_value))
        end as actual_from,
        case
            when actual_comparator not in ('>', '>=')
                then greatest(actual_value, coalesce(actual_value_high, actual_value))
        end as actual_to
    from compared
),

judged as (
    select
        *,
        case
            when actual_fact_key is null then 'no_actual'
            when
                actual_to < accepted_from
                or actual_from > accepted_to
                or (
                    actual_to = accepted_from
                    and (comparator = '>' or actual_comparator in ('<', '<~'))
                )
                or (
                    actual_from = accepted_to
                    and (comparator = '<' or actual_comparator = '>')
                )
                then 'not_reached'
            when
                (
                    accepted_from is null
                    or actual_from > accepted_from
                    or (actual_from = accepted_from and (comparator <> '>' or actual_comparator = '>'))
                )
                and (
                    accepted_to is null
                    or actual_to < accepted_to
                    or (actual_to = accepted_to and (comparator <> '<' or actual_comparator = '<'))
                )
                then 'reached'
            else 'undecided'
        end as status,
        case
            when actual_value < accepted_from or accepted_to is null then actual_value - accepted_from
            when actual_value > accepted_to or accepted_from is null then actual_value - accepted_to
            when actual_value is not null then 0
        end as gap
    from bounded
),

-- A figure that other figures contradict is shown, but nobody is told that the target is reached.
weighed as (
    select
        judged.* exclude (status),
        coalesce(open_finding.findings, 0) as findings,
        case
            when judged.status = 'reached' and open_finding.findings > 0 then 'undecided'
            else judged.status
        end as status
    from judged
    left join open_finding
        on
            judged.actual_submission_id = open_finding.submission_id
            and judged.actual_cell_ref = open_finding.cell_ref
)

select
    judged.fact_key as target_fact_key,
    judged.document_code,
    document.title_vi as document_title_vi,
    judged.target_no,
    judged.target_part,
    judged.unit_code,
    unit.name_vi as unit_name_vi,
    judged.indicator_code,
    judged.indicator_name_vi,
    judged.measure,
    unit_of_value.name_vi as unit_of_measure_vi,
    judged.direction,
    judged.period_key,
    judged.comparator,
    judged.value_low as target_low,
    judged.value_high as target_high,
    {{ stated_text(
        'judged.comparator', 'coalesce(judged.corrected_text, judged.value_text)', 'unit_as_stated.name_vi'
    ) }}
        as target_text,
    judged.quote,
    judged.actual_fact_key,
    judged.actual_table,
    judged.actual_value,
    judged.actual_value_text,
    judged.actual_comparator,
    judged.actual_period_key,
    coalesce(judged.actual_period_key = judged.period_key, false) as is_actual_of_target_period,
    judged.actual_kind,
    judged.comparability,
    judged.comparability_note_vi,
    judged.status,
    case judged.status
        when 'reached' then 'Đã đạt'
        when 'not_reached' then 'Chưa đạt'
        when 'undecided' then 'Chưa đủ căn cứ'
        when 'no_actual' then 'Chưa có số liệu'
    end as status_vi,
    cast(judged.gap as decimal(28, 6)) as gap,
    cast(judged.findings as bigint) as actual_findings,
    interim.interim_period_key,
    interim.interim_value,
    interim.expected_value as interim_expected_value,
    interim.expected_basis as interim_expected_basis,
    interim.n_remaining_periods,
    interim.interim_period_kind as remaining_period_kind,
    interim.needed_per_period,
    {{ standing() }} as standing,
    case {{ standing() }}
        when 'reached' then 'Đã đạt'
        when 'on_track' then 'Đúng tiến độ'
        when 'behind' then 'Chậm tiến độ'
        when 'not_reached' then 'Chưa đạt'
        when 'undecided' then 'Chưa đủ căn cứ'
        when 'no_data' then 'Chưa có số liệu'
    end as standing_vi,
    {{ fact_keys([
        'judged.fact_key', 'judged.actual_fact_key', 'interim.interim_fact_key', 'interim.base_fact_key',
    ]) }} as fact_keys
from weighed as judged
left join {{ ref('int_plan__interim') }} as interim
    on judged.fact_key = interim.target_fact_key
left join {{ ref('dim_document') }} as document
    on judged.document_code = document.document_code
left join {{ ref('dim_unit') }} as unit
    on judged.unit_key = unit.unit_key
left join unit_of_measure as unit_of_value
    on judged.value_unit = unit_of_value.unit_code
left join unit_of_measure as unit_as_stated
    on judged.stated_unit = unit_as_stated.unit_code
