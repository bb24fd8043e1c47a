-- Every target of the province: where it stands, what must come yet, and who is to say where nothing is known.
with province as (
    select unit_code from dim_unit
    where level = 'province' and valid_to is null
),

scored as (
    select scorecard.*
    from mart_plan_scorecard as scorecard
    inner join province on scorecard.unit_code = province.unit_code
),

-- what the years before said of the same, as typed
yearly as (
    select
        indicator.indicator_code,
        indicator.measure,
        indicator.unit_code,
        string_agg(indicator.period_key || ': ' || fact.value_text, '; ' order by indicator.period_end) as history_vi,
        list(indicator.value order by indicator.period_end) as history_values,
        list(fact.fact_key order by indicator.period_end) as history_keys
    from mart_indicator as indicator
    inner join trace_fact as fact on indicator.fact_keys[1] = fact.fact_key and fact.is_current
    inner join province on indicator.unit_code = province.unit_code
    where indicator.period_kind = 'year'
    group by indicator.indicator_code, indicator.measure, indicator.unit_code
),

scaled as (
    select
        *,
        case unit_of_measure_vi when 'đồng' then 1e9 when 'USD' then 1e6 else 1 end as scale,
        case unit_of_measure_vi when 'đồng' then 'tỷ đồng' when 'USD' then 'triệu USD' else unit_of_measure_vi end
            as unit_vi
    from scored
)

select
    scaled.document_code,
    coalesce(document.number, scaled.document_title_vi) as document_vi,
    scaled.document_title_vi,
    coalesce(indicator.domain_vi, 'Lĩnh vực khác') as domain_vi,
    scaled.indicator_name_vi || coalesce(', ' || lower(measure.label_vi), '') as target_vi,
    coalesce(due.label_vi, scaled.period_key) as due_vi,
    scaled.target_text,
    scaled.actual_value_text,
    coalesce(actual.label_vi, scaled.actual_period_key) || coalesce(', ' || lower(kind.label_vi), '') as actual_of_vi,
    scaled.standing,
    scaled.standing_vi,
    case
        when scaled.standing = 'reached' then null
        else cast(scaled.needed_per_period / scaled.scale as decimal(28, 6))
    end as needed_per_period,
    case
        when scaled.standing <> 'reached' and scaled.needed_per_period is not null
            then
                coalesce(scaled.unit_vi || ', ', '') || 'còn ' || scaled.n_remaining_periods || ' '
                || case scaled.remaining_period_kind
                    when 'month' then 'tháng' when 'quarter' then 'quý' else 'kỳ'
                end
    end as remaining_vi,
    case
        when scaled.standing = 'no_data'
            then
                'Chưa có số thực hiện'
                || coalesce('; đơn vị phụ trách: ' || coalesce(lead.name_vi, indicator.owner_name_vi), '')
        when scaled.actual_findings > 0
            then 'Số thực hiện đang có ' || scaled.actual_findings || ' nội dung chưa giải trình'
        when scaled.comparability_note_vi is not null then scaled.comparability_note_vi
        when not scaled.is_actual_of_target_period and scaled.actual_fact_key is not null
            then 'Số mới nhất là của kỳ trước kỳ mục tiêu'
        else 'Không'
    end as note_vi,
    scaled.target_fact_key as target_keys,
    scaled.actual_fact_key as actual_keys,
    scaled.fact_keys as all_keys,
    yearly.history_vi,
    yearly.history_values,
    yearly.history_keys
from scaled
left join dim_indicator as indicator on scaled.indicator_code = indicator.indicator_code
left join yearly
    on
        scaled.indicator_code = yearly.indicator_code and scaled.measure = yearly.measure
        and scaled.unit_code = yearly.unit_code
left join dim_period as due on scaled.period_key = due.period_key
left join dim_code as measure
    on scaled.measure = measure.code and measure.list_code = 'measure' and measure.code <> 'level'
left join dim_period as actual on scaled.actual_period_key = actual.period_key
left join dim_code as kind on scaled.actual_kind = kind.code and kind.list_code = 'kind'
left join dim_document as document on scaled.document_code = document.document_code
left join fct_target as stated on scaled.target_fact_key = stated.fact_key and stated.is_current
left join dim_unit as lead on stated.lead_unit_code = lead.unit_code and lead.valid_to is null
order by
    scaled.period_key, scaled.document_code,
    case scaled.standing
        when 'behind' then 1 when 'not_reached' then 2 when 'undecided' then 3 when 'on_track' then 4
        when 'reached' then 5 else 6
    end,
    domain_vi, scaled.target_no nulls last, scaled.target_part nulls last, target_vi, scaled.target_fact_key
