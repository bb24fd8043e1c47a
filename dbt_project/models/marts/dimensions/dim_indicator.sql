-- Which indicators are there? A line of a form that has no indicator of its own is one too: its figures need a name.
with indicator as (
    select
        indicator_code,
        name_vi,
        name_en,
        unit_code,
        direction,
        owner_unit_code,
        aggregation,
        domain_code,
        cast(null as varchar) as line_list
    from {{ ref('indicator') }}
),

form_line as (
    {% for seed in ['budget_line', 'investment_line', 'indicator_line', 'trade_line'] -%}
        select
            line_code,
            list_code,
            name_vi,
            name_en,
            unit_code
        from {{ ref(seed) }}
        where indicator_code is null
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

line_list as (
    select * from {{ ref('line_list') }}
),

line_indicator as (
    select
        form_line.line_code as indicator_code,
        form_line.name_vi,
        form_line.name_en,
        form_line.unit_code,
        'none' as direction,
        cast(null as varchar) as owner_unit_code,
        'none' as aggregation,
        coalesce(line_list.domain_code, 'budget') as domain_code,
        form_line.list_code as line_list
    from form_line
    left join line_list
        on form_line.list_code = line_list.list_code
),

named as (
    select * from indicator
    union all
    select * from line_indicator
),

unit_of_measure as (
    select * from {{ ref('unit_of_measure') }}
),

agency as (
    select * from {{ ref('agency') }}
),

domain as (
    select
        code,
        label_vi
    from {{ ref('vocabulary') }}
    where list_code = 'domain'
)

select
    named.indicator_code,
    named.name_vi,
    named.name_en,
    named.domain_code,
    domain.label_vi as domain_vi,
    named.unit_code as unit_of_measure,
    unit_of_measure.name_vi as unit_of_measure_vi,
    named.direction,
    named.owner_unit_code,
    agency.name_vi as owner_name_vi,
    named.aggregation,
    named.line_list
from named
left join unit_of_measure
    on named.unit_code = unit_of_measure.unit_code
left join agency
    on named.owner_unit_code = agency.unit_code
left join domain
    on named.domain_code = domain.code
