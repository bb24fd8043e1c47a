{%- set facts = ['budget', 'investment', 'indicator', 'trade', 'target', 'milestone'] -%}

-- Versions that begin or end with this build: one that the last publish showed, in the same cell, is known longer.
with version as (
    {% for fact in facts -%}
        select
            'fct_{{ fact }}' as fact_table,
            fact_key,
            unit_code,
            content_hash,
            submission_id,
            {{ 'is_leaf' if fact != 'milestone' else 'true' }} as is_leaf,
            {{ 'comparator' if fact != 'milestone' else "'='" }} as comparator,
            coalesce(corrected_text, value_text) as value_text,
            corrected_text,
            {{ 'stated_unit' if fact != 'milestone' else 'cast(null as varchar)' }} as stated_unit,
            known_to,
            is_current
        from {{ ref('fct_' ~ fact) }}
        where known_from = {{ as_of() }} or known_to = {{ as_of() }}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- what the last publish showed
shown as (
    select
        fact_table,
        fact_key,
        content_hash,
        submission_id
    from {{ source('history', 'fact_version') }}
    where known_to is null
),

shown_submission as (
    select distinct submission_id
    from shown
),

last_publish as (
    select max(as_of) as as_of
    from {{ source('history', 'publish') }}
),

-- what the last publish knew of and held
held_then as (
    select distinct json_extract_string(row_json, '$.submission_id') as submission_id
    from {{ source('history', 'finding') }}
    where closed_at is null and json_extract_string(row_json, '$.severity') = 'error'
),

expunged_since as (
    select distinct act.unit_code
    from {{ source('raw', 'act') }} as act
    cross join last_publish
    where act.kind = 'expunge' and act.done_at > last_publish.as_of
),

-- Submissions in force, and whether they were at the last publish. One that said nothing new then shows in no
-- version of a fact, yet it was.
in_force as (
    select
        submission.submission_id,
        submission.reporter_unit_code,
        submission.form_code,
        submission.period_key,
        shown_submission.submission_id is not null
        -- after a file was expunged nothing tells which of its sender's were behind it
        or (
            submission.received_at <= last_publish.as_of
            and held_then.submission_id is null
            and expunged_since.unit_code is null
        ) as was_in_force
    from {{ source('raw', 'submission') }} as submission
    cross join last_publish
    left join shown_submission
        on submission.submission_id = shown_submission.submission_id
    left join held_then
        on submission.submission_id = held_then.submission_id
    left join expunged_since
        on submission.reporter_unit_code = expunged_since.unit_code
    where submission.status = 'accepted'
),

-- submissions whose figures are not in force any more since this build
taken_away as (
    select shown_submission.submission_id
    from shown_submission
    left join {{ source('raw', 'submission') }} as submission
        on shown_submission.submission_id = submission.submission_id
    left join in_force
        on
            submission.reporter_unit_code = in_force.reporter_unit_code
            and submission.form_code = in_force.form_code
            and submission.period_key = in_force.period_key
            and in_force.was_in_force
    where in_force.submission_id is null
),

-- submissions of a unit, form and period in which a release put one in force, or held it again at its end
released as (
    select distinct submission.submission_id
    from {{ source('raw', 'act') }} as act
    inner join {{ source('raw', 'submission') }} as about
        on act.submission_id = about.submission_id
    inner join {{ source('raw', 'submission') }} as submission
        on
            about.reporter_unit_code = submission.reporter_unit_code
            and about.form_code = submission.form_code
            and about.period_key = submission.period_key
    -- one that was sent again is superseded, and the new one is the cause
    where act.kind = 'release' and about.status in ('accepted', 'held')
),

-- Quantities (fact keys without the number of the statement) that a submission states since this build,
-- or no longer states. Looked at as a whole, because a statement that goes renumbers those behind it.
restated_by as (
    select
        regexp_replace(version.fact_key, '/[0-9]+$', '') as natural_key,
        version.submission_id
    from version
    left join in_force
        on version.submission_id = in_force.submission_id
    where version.is_current and in_force.was_in_force is not true
    union
    select
        regexp_replace(shown.fact_key, '/[0-9]+$', '') as natural_key,
        shown.submission_id
    from shown
    inner join taken_away
        on shown.submission_id = taken_away.submission_id
),

restated as (
    select
        restated_by.natural_key,
        max(case when released.submission_id is null then 0 else 1 end) as is_by_release
    from restated_by
    left join released
        on restated_by.submission_id = released.submission_id
    group by restated_by.natural_key
),

described as (
    select
        version.*,
        shown.fact_key is not null as was_shown,
        {{ stated_text('version.comparator', 'version.value_text', 'unit_of_measure.name_vi') }} as says
    from version
    left join shown
        on
            version.fact_table = shown.fact_table
            and version.fact_key = shown.fact_key
            and version.content_hash = shown.content_hash
    left join {{ ref('unit_of_measure') }} as unit_of_measure
        on version.stated_unit = unit_of_measure.unit_code
),

new_version as (
    select * from described
    where is_current and not was_shown
),

-- the same value from another file or cell is a new version of the fact, and no change
same_value as (
    select
        fact_table,
        fact_key,
        content_hash
    from version
    where is_current
),

old_version as (
    select described.* from described
    left join same_value
        on
            described.fact_table = same_value.fact_table
            and described.fact_key = same_value.fact_key
            and described.content_hash = same_value.content_hash
    where
        not described.is_current
        and described.was_shown
        and described.known_to = {{ as_of() }}
        and same_value.fact_key is null
),

change as (
    select
        coalesce(new_version.fact_table, old_version.fact_table) as fact_table,
        coalesce(new_version.fact_key, old_version.fact_key) as fact_key,
        coalesce(new_version.unit_code, old_version.unit_code) as unit_code,
        case
            when old_version.fact_key is null then 'added'
            when new_version.fact_key is null then 'removed'
            else 'changed'
        end as change,
        old_version.says as before_text,
        new_version.says as after_text,
        new_version.corrected_text is not null or old_version.corrected_text is not null as is_corrected,
        -- detail that another submission brought, or took away, makes a total or a leaf of this figure
        coalesce(new_version.is_leaf <> old_version.is_leaf, false) as is_leaf_changed
    from new_version
    full outer join old_version
        on
            new_version.fact_table = old_version.fact_table
            and new_version.fact_key = old_version.fact_key
)

select
    change.fact_table,
    change.fact_key,
    change.unit_code,
    change.change,
    change.before_text,
    change.after_text,
    case
        when not exists (select 1 from {{ source('history', 'fact_version') }}) then 'first_publish'
        when restated.is_by_release = 1 then 'release'
        when restated.natural_key is not null or change.is_leaf_changed then 'submission'
        when change.is_corrected then 'correction'
        else 'code'
    end as cause
from change
left join restated
    on regexp_replace(change.fact_key, '/[0-9]+$', '') = restated.natural_key
