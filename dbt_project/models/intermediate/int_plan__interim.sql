-- Where does a target stand while its period runs: the latest figure inside the period, what is to be expected by
-- then, and what each remaining period must bring?
with target as (
    select
        target.fact_key as target_fact_key,
        target.unit_code,
        target.indicator_code,
        target.measure,
        target.comparator,
        coalesce(target.value_high, target.value_low) as value_high,
        target.value_low,
        period.start_date,
        period.end_date,
        coalesce(indicator.direction, 'none') as direction,
        coalesce(indicator.aggregation, 'none') as aggregation
    from {{ ref('fct_target') }} as target
    inner join {{ ref('dim_period') }} as period
        on target.period_key = period.period_key
    left join {{ ref('dim_indicator') }} as indicator
        on target.indicator_code = indicator.indicator_code
    where target.is_current and target.is_authoritative and target.value_low is not null
),

actual as (
    select
        actual.*,
        period.start_date as period_start,
        period.last_year_key,
        -- the amount since 1 January of what a year's target counts
        case
            when actual.meets_measure = 'cumulative' then 'level'
            else actual.meets_measure
        end as target_measure
    from {{ ref('int_plan__actual') }} as actual
    inner join {{ ref('dim_period') }} as period
        on actual.period_key = period.period_key
    where actual.breakdowns = 0 and actual.outranked_by is null and actual.period_kind <> 'span'
),

-- a figure of one month says nothing about the year where the amount since 1 January is known
has_cumulative as (
    select distinct
        unit_code,
        indicator_code,
        period_key
    from actual
    where meets_measure = 'cumulative'
),

usable as (
    select actual.*
    from actual
    left join has_cumulative
        on
            actual.unit_code = has_cumulative.unit_code
            and actual.indicator_code = has_cumulative.indicator_code
            and actual.period_key = has_cumulative.period_key
    where has_cumulative.period_key is null or actual.meets_measure <> 'level'
),

inside as (
    select
        target.*,
        usable.fact_key as interim_fact_key,
        usable.period_key as interim_period_key,
        usable.period_kind as interim_period_kind,
        usable.period_end as interim_period_end,
        usable.last_year_key,
        usable.value as interim_value,
        usable.meets_measure = 'cumulative' as is_cumulative,
        row_number() over (
            partition by target.target_fact_key
            order by
                usable.period_end desc,
                usable.kind_rank asc nulls last,
                -- the year itself before its last month
                usable.period_start asc,
                usable.fact_key asc
        ) as choice
    from target
    inner join usable
        on
            target.unit_code = usable.unit_code
            and target.indicator_code = usable.indicator_code
            and target.measure = usable.target_measure
            and target.start_date < usable.period_end
            and target.end_date >= usable.period_end
    where
        -- what adds up over the years of a plan is not met by one of them
        target.aggregation <> 'sum'
        or usable.meets_measure = 'cumulative'
        or target.end_date <= target.start_date + interval 366 day
),

chosen as (
    select * from inside
    where choice = 1
),

-- what the path of a level starts from: the last figure before the period of the target
base as (
    select
        chosen.target_fact_key,
        usable.value as base_value,
        usable.fact_key as base_fact_key,
        row_number() over (
            partition by chosen.target_fact_key
            order by
                usable.period_end desc,
                usable.kind_rank asc nulls last,
                usable.period_start asc,
                usable.fact_key asc
        ) as choice
    from chosen
    inner join usable
        on
            chosen.unit_code = usable.unit_code
            and chosen.indicator_code = usable.indicator_code
            and chosen.measure = usable.target_measure
            and chosen.start_date > usable.period_end
    where not chosen.is_cumulative
),

-- how much of the year was there by the same time of last year
last_year as (
    select
        chosen.target_fact_key,
        max(then_.value) as value_then,
        max(whole.value) as value_whole
    from chosen
    inner join usable as then_
        on
            chosen.unit_code = then_.unit_code
            and chosen.indicator_code = then_.indicator_code
            and chosen.last_year_key = then_.period_key
            and then_.meets_measure = 'cumulative'
    inner join usable as whole
        on
            chosen.unit_code = whole.unit_code
            and chosen.indicator_code = whole.indicator_code
            and whole.period_key = substring(chosen.last_year_key, 1, 4)
            and whole.target_measure = 'level'
    where chosen.is_cumulative
    group by chosen.target_fact_key
),

measured as (
    select
        chosen.*,
        base.base_value,
        base.base_fact_key,
        case
            when chosen.comparator in ('<', '<=') then chosen.value_high
            when chosen.comparator in ('>', '>=') or chosen.direction = 'up' then chosen.value_low
            when chosen.direction = 'down' then chosen.value_high
            else chosen.value_low
        end as goal,
        chosen.comparator in ('<', '<=') or (chosen.comparator not in ('>', '>=') and chosen.direction = 'down') as is_less_better,
        case
            when last_year.value_whole > 0 and last_year.value_then >= 0
                then 'seasonal'
            when chosen.is_cumulative then 'linear'
            -- a rate of growth is to be kept all along
            when chosen.measure in ('growth', 'average_growth') then 'rate'
            when base.base_value is not null then 'path'
        end as expected_basis,
        case
            when last_year.value_whole > 0 and last_year.value_then >= 0
                then least(last_year.value_then / last_year.value_whole, 1)
            else
                cast(date_diff('day', chosen.start_date, chosen.interim_period_end) + 1 as double)
                / (date_diff('day', chosen.start_date, chosen.end_date) + 1)
        end as expected_share,
        case chosen.interim_period_kind
            when 'month' then date_diff('month', chosen.interim_period_end, chosen.end_date)
            when 'quarter' then date_diff('quarter', chosen.interim_period_end, chosen.end_date)
            else date_diff('year', chosen.interim_period_end, chosen.end_date)
        end as n_remaining_periods
    from chosen
    left join base
        on chosen.target_fact_key = base.target_fact_key and base.choice = 1
    left join last_year
        on chosen.target_fact_key = last_year.target_fact_key
),

expected as (
    select
        *,
        case
            when is_cumulative then goal * expected_share
            when expected_basis = 'rate' then goal
            when expected_basis = 'path' then base_value + (goal - base_value) * expected_share
        end as expected_value
    from measured
)

select
    target_fact_key,
    interim_fact_key,
    base_fact_key,
    interim_period_key,
    interim_period_kind,
    cast(interim_value as decimal(28, 6)) as interim_value,
    is_cumulative,
    expected_basis,
    cast(expected_value as decimal(28, 6)) as expected_value,
    n_remaining_periods,
    cast(
        case when is_less_better then interim_value <= goal else interim_value >= goal end as boolean
    )
    -- a limit on an amount is kept only when the year is over
    and not (is_less_better and is_cumulative and n_remaining_periods > 0) as is_reached,
    case
        when n_remaining_periods = 0 then null
        when is_less_better and interim_value <= expected_value then 'on_track'
        when not is_less_better and interim_value >= expected_value then 'on_track'
        when expected_value is not null then 'behind'
    end as pace,
    cast(
        case
            when n_remaining_periods > 0 and is_less_better and is_cumulative
                then greatest(goal - interim_value, 0) / n_remaining_periods
            when n_remaining_periods > 0 and is_less_better
                then least(goal - interim_value, 0) / n_remaining_periods
            when n_remaining_periods > 0 then greatest(goal - interim_value, 0) / n_remaining_periods
        end as decimal(28, 6)
    ) as needed_per_period
from expected
