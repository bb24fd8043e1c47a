"""The two gates: nothing goes on to dbt, and nothing is published, unless these hold.

Before dbt: every file has an answer, every cell read was loaded, no rule raised. Before
publishing: Great Expectations on the finished facts and marts (totals, balances, traces). A rule
that looks at each unit's cells and facts for themselves (`by_reporter`) is asked of the units that
hold something else than when they last passed; the working file says of each what that was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from expectations.suites import RuleResult, validate_residuals
from ingest.cell_tables import EXACT_DIGITS

MART_RULES = Path(__file__).with_name("rules") / "marts"
SUBMISSIONS_OF_A_TURN = 40_000
"""With their cells and facts: of more at once DuckDB needs more memory than it is given."""
_BY_REPORTER = MART_RULES.with_name("by_reporter.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class GateCheck:
    """One condition of a gate: whether it holds, and what was counted."""

    name: str
    passed: bool
    counted: dict[str, str | int]


def gate_before_dbt(
    connection: Any,
    files_received: int,
    as_read: Mapping[str, Decimal | int],
    raised: list[str],
) -> list[GateCheck]:
    """Nothing lost between reading and loading, no rule that could not be evaluated."""
    files, submissions, undecided = connection.execute(
        """
        select count(distinct (file_path, received_at, file_sha256)), count(*),
            count(*) filter (status not in
                ('accepted', 'held', 'superseded', 'unrecognised', 'unreadable',
                'expunged'))
        from raw.submission
        """
    ).fetchone()
    # whole parts and decimals apart: a few huge numbers of one sender must not overflow the sum
    cells, numbers, whole, decimals = connection.execute(
        """
        with cell as (
            select number, cast(trunc(number) as decimal(38, 12)) as whole from raw.number_as_read
        )
        select count(*), count(number), coalesce(sum(cast(whole as hugeint)), 0),
            coalesce(sum(cast(round(cast(number - whole as double) * 1e12) as bigint)), 0)
        from cell
        """
    ).fetchone()
    rows, columns = connection.execute(
        "select (select count(*) from raw.sheet_row), (select count(*) from raw.sheet_column)"
    ).fetchone()
    with localcontext(prec=EXACT_DIGITS):
        total = Decimal(int(whole)) + Decimal(int(decimals)).scaleb(-12)
    return [
        GateCheck(
            "every_file_has_an_answer",
            files == files_received and undecided == 0,
            {"received": files_received, "answered": files, "submissions": submissions},
        ),
        GateCheck(
            "every_cell_was_loaded",
            cells == as_read["cells"]
            and numbers == as_read["numbers"]
            and total == as_read["total"]
            and (rows, columns) == (as_read["rows"], as_read["columns"]),
            {"read": int(as_read["cells"]), "loaded": cells, "numbers": numbers},
        ),
        GateCheck("no_rule_raised", not raised, {"raised": ", ".join(raised)}),
    ]


@dataclass(frozen=True)
class MartRule:
    """A rule on finished tables: its SQL returns `key` and `residual` (0 obeys) a row; of one that
    is `by_reporter` also the unit that reported it, for the units in `looked_at`."""

    name: str
    says: str
    sql: str
    by_reporter: bool = False


def read_mart_rules(folder: Path = MART_RULES) -> list[MartRule]:
    """One YAML file a rule: what it says in plain words, and its SQL."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        entry = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        by_reporter = entry.get("by_reporter", False)
        found.append(MartRule(path.stem, entry["says"], entry["sql"], by_reporter))
    return found


def gate_before_publishing(
    connection: Any, rules: list[MartRule]
) -> list[tuple[MartRule, RuleResult, list[str]]]:
    """Evaluate every rule on the finished tables in one Great Expectations batch.

    Returns each rule with its result and the keys of the rows that break it. What passed stays
    counted while the unit holds the same.
    """
    by_reporter = [rule for rule in rules if rule.by_reporter]
    if by_reporter:
        connection.execute(f"set variable submissions_of_a_turn = {SUBMISSIONS_OF_A_TURN}")
        connection.execute(_BY_REPORTER)
    looked_at = [
        _in_turns(connection, rule) if rule.by_reporter else _keys_and_residuals(connection, rule)
        for rule in rules
    ]
    keys = pl.concat([each["key"] for each in looked_at])
    frame = pl.concat(
        (
            each.select(pl.col("residual").alias(rule.name))
            for rule, each in zip(rules, looked_at, strict=True)
        ),
        how="diagonal",
    ).with_row_index("cell_id")
    results = {r.rule: r for r in validate_residuals("marts", frame, [r.name for r in rules])}
    # a unit is not looked at again only where all of them passed
    is_passed = all(results[rule.name].outcome == "passed" for rule in by_reporter)
    for rule, each in zip(rules, looked_at, strict=True):
        if rule.by_reporter:
            before = _passed_before(connection, rule)
            evaluated = results[rule.name].evaluated + before
            results[rule.name] = replace(results[rule.name], evaluated=evaluated)
            if is_passed:
                _note_passed(connection, rule, each)
    return [
        (rule, results[rule.name], keys.gather(list(results[rule.name].unexpected)).to_list())
        for rule in rules
    ]


def _in_turns(connection: Any, rule: MartRule) -> pl.DataFrame:
    """What a rule's SQL returns of all units that are to be looked at, some of them at a time."""
    turns = connection.execute("select distinct turn from to_look_at order by turn").fetchall()
    found = []
    for (turn,) in turns or [(None,)]:
        connection.execute(
            "create or replace temp table looked_at as "
            "select unit_code from to_look_at where turn is not distinct from ?",
            [turn],
        )
        # of few, the cells of others are not put together (warehouse/schema.sql)
        connection.execute(
            """
            set variable only_submissions = (
                select kept.if_few(list(submission_no)) from raw.submission
                where reporter_unit_code in (select unit_code from looked_at)
            )
            """
        )
        found.append(_keys_and_residuals(connection, rule))
    connection.execute("reset variable only_submissions")
    return pl.concat(found)


def _keys_and_residuals(connection: Any, rule: MartRule) -> pl.DataFrame:
    """What a rule's SQL returns; a row without a residual does not obey."""
    found = pl.DataFrame(connection.sql(rule.sql).to_arrow_table())
    key, residual, *unit = found.columns
    return found.select(
        pl.col(key).cast(pl.String).alias("key"),
        pl.col(residual).cast(pl.Float64).fill_nan(1).fill_null(1).alias("residual"),
        *unit,
    )


def _passed_before(connection: Any, rule: MartRule) -> int:
    """How much was looked at of the units that hold what they held when they passed."""
    [(evaluated,)] = connection.execute(
        """
        select coalesce(sum(gated.evaluated), 0)
        from kept.gated as gated
        inner join reporter
            on gated.unit_code = reporter.unit_code and gated.digest = reporter.digest
        where gated.rule = ?
        """,
        [rule.name],
    ).fetchall()
    return int(evaluated)


def _note_passed(connection: Any, rule: MartRule, looked_at: pl.DataFrame) -> None:
    """Note what each unit holds that passed, and how much of it was looked at."""
    connection.execute(
        """
        delete from kept.gated
        where rule = ? and (
            unit_code in (select unit_code from to_look_at)
            or unit_code not in (select unit_code from reporter)
        )
        """,
        [rule.name],
    )
    connection.register("evaluated", looked_at.group_by("unit_code").len("evaluated").to_arrow())
    connection.execute(
        """
        insert into kept.gated
        select ?, reporter.unit_code, reporter.digest, coalesce(evaluated.evaluated, 0)
        from to_look_at
        inner join reporter on to_look_at.unit_code = reporter.unit_code
        left join evaluated on to_look_at.unit_code = evaluated.unit_code
        """,
        [rule.name],
    )
    connection.unregister("evaluated")
