"""Communes against the province: what adds up over communes, wherever all of them have reported.

A difference is a warning to whoever reported the province's figure: one commune's figure alone
proves nothing. The query is rules/levels.sql.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.findings import Finding, compose
from expectations.numbers import vietnamese
from ingest import reference

_LEVELS = (Path(__file__).with_name("rules") / "levels.sql").read_text(encoding="utf-8")
RULE = "commune_sum"


@dataclass(frozen=True)
class LevelSum:
    """One figure of the province and what its communes add up to, in the unit typed."""

    submission_no: int
    cell_ref: str
    value_text: str
    communes: int
    low: float
    high: float
    unit_vi: str
    residual: float
    difference: float


def read_level_sums(connection: Any) -> list[LevelSum]:
    """Every figure of the province that all communes have a part of."""
    rows = connection.execute(_LEVELS, {"province": reference.province_code()}).fetchall()
    return [LevelSum(*row) for row in rows]


def level_findings(sums: Iterable[LevelSum]) -> Iterator[Finding]:
    """A warning for every figure of the province that its communes do not add up to."""
    for each in sums:
        if each.residual <= 0:
            continue
        sheet, _, cell = each.cell_ref.rpartition("!")
        yield compose(
            RULE,
            each.submission_no,
            sheet=sheet,
            cell=cell,
            value=each.value_text,
            detail={
                "communes": str(each.communes),
                "low": vietnamese(each.low),
                "high": vietnamese(each.high),
                "difference": vietnamese(float(f"{each.difference:.6g}")),
                "unit": each.unit_vi,
            },
            place=(each.cell_ref,),
        )
