"""Holds the findings of a build against the errors that were planted: found, missed, false alarms.

An error is found where a finding stands on its sheet and either names its cell or comes from a rule
that answers its kind (simulation.yml, errors). A false alarm is a finding on a sheet in which
nothing was planted, unless it follows from an error elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from ingest.period import period_of
from ingest.simulation.model import read_model
from ingest.simulation.write import Planted

# rules that look at figures of several senders: their findings follow from any error of the period
BETWEEN_LEVELS = "commune_sum"
BETWEEN_SENDERS = (BETWEEN_LEVELS, "identity_broken")


@dataclass(frozen=True)
class Found:
    """One open finding of a build, with what it was found on."""

    file: str
    form: str | None
    unit: str | None
    period: str | None
    sheet: str | None
    rule: str
    cells: tuple[str, ...]  # without the sheet


@dataclass(frozen=True)
class KindScore:
    kind: str
    planted: int
    found: int

    @property
    def missed(self) -> int:
        return self.planted - self.found


@dataclass(frozen=True)
class Score:
    """What became of every planted error, and the findings that answer to none, by rule."""

    kinds: tuple[KindScore, ...]
    missed: tuple[Planted, ...]
    false_alarms: tuple[Found, ...]

    @property
    def false_alarms_by_rule(self) -> dict[str, int]:
        return dict(sorted(Counter(finding.rule for finding in self.false_alarms).items()))


def score(
    truth: Sequence[Planted],
    findings: Sequence[Found],
    rules_of_kind: Mapping[str, Sequence[str]] | None = None,
) -> Score:
    """Every planted error against every finding; without `rules_of_kind`, by simulation.yml."""
    rules = read_model().errors if rules_of_kind is None else rules_of_kind
    by_sheet: dict[tuple[str, str], list[Found]] = {}
    between: set[tuple[str, str | None]] = set()
    for finding in findings:
        if finding.rule in BETWEEN_SENDERS:
            between.add((finding.rule, finding.period))
        for place in _places(finding):
            by_sheet.setdefault(place, []).append(finding)

    def is_found(row: Planted) -> bool:
        answers = rules.get(row.kind, ())
        if answers and all(rule in BETWEEN_SENDERS for rule in answers):
            # said on another sender's sheet: whose part is wrong, no rule can know
            return any((rule, row.period) in between for rule in answers)
        return any(
            (row.cell and row.cell in finding.cells) or finding.rule in answers
            for place in _places_of(row)
            for finding in by_sheet.get(place, ())
        )

    missed = tuple(row for row in truth if not is_found(row))
    planted, lost = Counter(row.kind for row in truth), Counter(row.kind for row in missed)
    return Score(
        kinds=tuple(
            KindScore(kind, count, count - lost[kind]) for kind, count in sorted(planted.items())
        ),
        missed=missed,
        false_alarms=tuple(_false_alarms(truth, findings)),
    )


def _places(finding: Found) -> list[tuple[str, str]]:
    """A sheet by its file, and by whose form of which period it is: a file sent twice is answered
    on either copy."""
    sheet = finding.sheet or ""
    return [(finding.file, sheet), (f"{finding.unit}/{finding.form}/{finding.period}", sheet)]


def _places_of(row: Planted) -> list[tuple[str, str]]:
    whose = f"{row.unit}/{row.form}/{row.period}"
    return [(row.file, row.sheet), (whose, row.sheet), (row.file, ""), (whose, "")]


def _false_alarms(truth: Sequence[Planted], findings: Iterable[Found]) -> Iterable[Found]:
    spoiled_files = {(row.file, row.sheet) for row in truth}
    first_error: dict[tuple[str, str], str] = {}
    ends = set()
    for row in truth:
        # a file in another unit's folder meets that unit's own
        units = {row.unit, row.file.partition("/")[0]}
        for unit, period in product(units, (row.period, *_said_period(row))):
            key, end = (unit, row.form), period_of(period).end.isoformat()
            first_error[key] = min(end, first_error.get(key, end))
            ends.add(end)
    for finding in findings:
        if (finding.file, finding.sheet or "") in spoiled_files:
            continue
        end = period_of(finding.period).end.isoformat() if finding.period else ""
        if finding.rule in BETWEEN_SENDERS and any(each <= end for each in ends):
            continue
        # a unit's later periods are held against the spoiled one
        before = first_error.get((finding.unit or "", finding.form or ""))
        if before is not None and before <= end:
            continue
        yield finding


def _said_period(row: Planted) -> Iterable[str]:
    """A sheet that names another period meets that period's own sheet."""
    if not row.cell and row.original == row.period and row.planted:
        yield row.planted


_FINDINGS = """
    select result.file, result.form_code, result.reporter_unit_code, submission.period_key,
        result.sheet, result.rule, result.cell_ref, result.cells
    from dq_result as result
    left join submission on result.submission_id = submission.submission_id
    where result.closed is null and result.severity in ('error', 'warning')
    order by result.finding_key
"""


def read_findings(published: Path) -> list[Found]:
    """The open errors and warnings of a published build (`kho.duckdb`)."""
    from warehouse.connection import open_published

    with open_published(published) as connection:
        rows = connection.execute(_FINDINGS).fetchall()
    return [
        Found(file, form, unit, period, sheet, rule, _addresses(cell, cells))
        for file, form, unit, period, sheet, rule, cell, cells in rows
    ]


def _addresses(cell: str | None, cells: Sequence[str] | None) -> tuple[str, ...]:
    named = [each for each in (cell, *(cells or ())) if each]
    return tuple(dict.fromkeys(each.rpartition("!")[2] for each in named))


def as_markdown(result: Score) -> str:
    """The table for the README: kinds, and one line for false alarms."""
    lines = ["| kind | planted | found | missed | share |", "| --- | ---: | ---: | ---: | ---: |"]
    planted = found = 0
    for each in result.kinds:
        lines.append(_row(each.kind, each.planted, each.found))
        planted, found = planted + each.planted, found + each.found
    lines.append(_row("all", planted, found))
    alarms = ", ".join(f"{rule} {n}" for rule, n in result.false_alarms_by_rule.items()) or "none"
    return "\n".join([*lines, "", f"False alarms: {alarms}."])


def _row(kind: str, planted: int, found: int) -> str:
    share = f"{100 * found / planted:.1f} %" if planted else "-"
    return f"| `{kind}` | {planted} | {found} | {planted - found} | {share} |"
