{#- The bases of trade differ by a factor of 10 to 500. In the marts each has columns of its own, so that no sum over
    rows can add one to another. -#}
{% macro trade_bases() -%}
    {{ return(['crossing', 'declared', 'local']) }}
{%- endmacro %}


{#- CTE by_basis: the money of trade by unit, period and `dimensions`, the bases beside each other, with the facts
    under each row. `condition` says which facts of fct_trade are meant. -#}
{% macro trade_by_basis(dimensions, condition) -%}
fact as (
    select
        *,
        {{ best_statement(['unit_code', 'period_key', 'basis'] + dimensions + ['measure']) }} as choice
    from {{ ref('fct_trade') }}
    where
        is_current
        and kind <> 'planned'
        and value_usd is not null
        and measure in ('level', 'cumulative')
        and {{ condition }}
),

by_basis as (
    select
        unit_code,
        period_key,
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        {% for basis in trade_bases() -%}
            max(case when basis = '{{ basis }}' and measure = 'level' then value_usd end) as {{ basis }}_usd,
            max(case when basis = '{{ basis }}' and measure = 'cumulative' then value_usd end)
                as {{ basis }}_cumulative_usd,
        {% endfor -%}
        -- "trên 88 tỷ": where a figure is no plain number, the fact has its comparator
        max(case when comparator <> '=' then 1 else 0 end) = 1 as is_approximate,
        list(fact_key order by fact_key) as fact_keys
    from fact
    where choice = 1
    group by unit_code, period_key, {{ dimensions | join(', ') }}
)
{%- endmacro %}


{#- The columns of every basis, of `now` and against `last_year` (both by_basis). -#}
{% macro trade_amounts() -%}
    {% for basis in trade_bases() -%}
        {% for amount in [basis, basis ~ '_cumulative'] -%}
            cast(now.{{ amount }}_usd as decimal(24, 2)) as {{ amount }}_usd,
        {% endfor -%}
        {% for amount in [basis, basis ~ '_cumulative'] -%}
            cast(
                100 * (now.{{ amount }}_usd - last_year.{{ amount }}_usd)
                / nullif(last_year.{{ amount }}_usd, 0) as decimal(18, 4)
            ) as {{ amount }}_growth_pct,
        {% endfor -%}
    {% endfor -%}
{%- endmacro %}


{#- Joins last year's row of by_basis to this year's. -#}
{% macro same_trade_last_year(dimensions) -%}
    period.last_year_key = last_year.period_key
    and now.unit_code = last_year.unit_code
    {%- for dimension in dimensions %}
        and now.{{ dimension }} is not distinct from last_year.{{ dimension }}
    {%- endfor %}
{%- endmacro %}
