"""The two gates: nothing goes on to dbt, and nothing is published, unless these hold.

Before dbt: every file has an answer, every cell read was loaded, no rule raised. Before
publishing: Great Expectations on the finished facts and marts (totals, balances, traces).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from expectations.suites import RuleResult, validate_residuals
from ingest.cell_tables import EXACT_DIGITS

MART_RULES = Path(__file__).with_name("rules") / "marts"


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
    """A rule on finished tables: its SQL returns `key` and `residual` (0 obeys) a row."""

    name: str
    says: str
    sql: str


def read_mart_rules(folder: Path = MART_RULES) -> list[MartRule]:
    """One YAML file a rule: what it says in plain words, and its SQL."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(MartRule(path.stem, entry["says"], entry["sql"]))
    return found


def gate_before_publishing(
    connection: Any, rules: list[MartRule]
) -> list[tuple[MartRule, RuleResult, list[str]]]:
    """Evaluate every rule on the finished tables in one Great Expectations batch.

    Returns each rule with its result and the keys of the rows that break it.
    """
    places: list[str] = []
    columns: dict[str, dict[int, float]] = {}
    for rule in rules:
        columns[rule.name] = {}
        for key, residual in connection.execute(rule.sql).fetchall():
            columns[rule.name][len(places)] = float(residual)
            places.append(str(key))
    frame = pl.DataFrame(
        {"cell_id": range(len(places))}
        | {
            name: [column.get(row) for row in range(len(places))]
            for name, column in columns.items()
        },
        schema={"cell_id": pl.Int64} | dict.fromkeys(columns, pl.Float64),
    )
    results = validate_residuals("marts", frame, columns)
    by_rule = {result.rule: result for result in results}
    return [
        (rule, by_rule[rule.name], [places[row] for row in by_rule[rule.name].unexpected])
        for rule in rules
    ]
