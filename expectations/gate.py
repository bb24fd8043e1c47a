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
        entry = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        found.append(MartRule(path.stem, entry["says"], entry["sql"]))
    return found


def gate_before_publishing(
    connection: Any, rules: list[MartRule]
) -> list[tuple[MartRule, RuleResult, list[str]]]:
    """Evaluate every rule on the finished tables in one Great Expectations batch.

    Returns each rule with its result and the keys of the rows that break it.
    """
    looked_at = [_keys_and_residuals(connection, rule) for rule in rules]
    keys = pl.concat([each["key"] for each in looked_at])
    frame = pl.concat(
        (
            each.select(pl.col("residual").alias(rule.name))
            for rule, each in zip(rules, looked_at, strict=True)
        ),
        how="diagonal",
    ).with_row_index("cell_id")
    results = {r.rule: r for r in validate_residuals("marts", frame, [r.name for r in rules])}
    return [
        (rule, results[rule.name], keys.gather(list(results[rule.name].unexpected)).to_list())
        for rule in rules
    ]


def _keys_and_residuals(connection: Any, rule: MartRule) -> pl.DataFrame:
    """What a rule's SQL returns; a row without a residual does not obey."""
    found = pl.DataFrame(connection.sql(rule.sql).to_arrow_table())
    key, residual = found.columns
    return found.select(
        pl.col(key).cast(pl.String).alias("key"),
        pl.col(residual).cast(pl.Float64).fill_nan(1).fill_null(1).alias("residual"),
    )
