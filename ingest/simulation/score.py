"""Holds the findings of a build against the errors that were planted, strictly.

An error is found where a finding on its sheet has its cell among its cells; what concerns a whole
sheet or file (simulation.yml, whole_errors) where a rule that answers it speaks of that sheet or
file. Three sorts are counted apart: what shows only in a sum of many senders, and what no rule can
know. A finding that answers no error is a consequence where the cells that it names say something
else because of one: on the same sheet, in the next period's form of the same unit, or in a figure
of another sender of the same quantity. Every other finding is a false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.period import period_of, related
from ingest.simulation.deadlines import KINDS as LATE_KINDS
from ingest.simulation.model import read_model
from ingest.simulation.write import ALL, Planted

DUPLICATE = "duplicate_file"


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
    quantities: tuple[str, ...] = ()  # what its cell states
    message: str = ""


@dataclass(frozen=True)
class Kinds:
    """How each kind of error is to be found: its rules, and the kinds with a way of their own."""

    rules: Mapping[str, Sequence[str]]
    whole: Sequence[str]
    summed: Sequence[str]
    unknowable: Sequence[str]
    between: Sequence[str]

    @classmethod
    def of_model(cls) -> Kinds:
        model = read_model()
        return cls(
            model.errors, model.whole_errors, model.summed_errors, model.unknowable_errors,
            model.between_senders,
        )  # fmt: skip

    def is_apart(self, kind: str) -> bool:
        return kind in self.summed or kind in self.unknowable


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
    """What became of every planted error, and of every finding."""

    kinds: tuple[KindScore, ...]
    summed: tuple[KindScore, ...] = ()
    unknowable: tuple[KindScore, ...] = ()
    missed: tuple[Planted, ...] = ()
    answers: int = 0
    consequences: tuple[Found, ...] = ()
    false_alarms: tuple[Found, ...] = ()

    @property
    def false_alarms_by_rule(self) -> dict[str, int]:
        return dict(sorted(Counter(finding.rule for finding in self.false_alarms).items()))

    def __add__(self, other: Score) -> Score:
        """Of two provinces together."""
        return Score(
            _sum(self.kinds, other.kinds),
            _sum(self.summed, other.summed),
            _sum(self.unknowable, other.unknowable),
            self.missed + other.missed,
            self.answers + other.answers,
            self.consequences + other.consequences,
            self.false_alarms + other.false_alarms,
        )


def _sum(one: Iterable[KindScore], two: Iterable[KindScore]) -> tuple[KindScore, ...]:
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for each in (*one, *two):
        planted[each.kind] += each.planted
        found[each.kind] += each.found
    return tuple(KindScore(kind, count, found[kind]) for kind, count in sorted(planted.items()))


def score(truth: Sequence[Planted], findings: Sequence[Found], kinds: Kinds | None = None) -> Score:
    """Every planted error against every finding; without `kinds`, by simulation.yml."""
    held = _Held(truth, kinds or Kinds.of_model())
    for finding in findings:
        held.take(finding)
    found = [row for number, row in enumerate(truth) if number in held.found]
    planted, seen = Counter(row.kind for row in truth), Counter(row.kind for row in found)

    def of(chosen: Iterable[str]) -> tuple[KindScore, ...]:
        return tuple(KindScore(kind, planted[kind], seen[kind]) for kind in sorted(chosen))

    how = held.kinds
    return Score(
        kinds=of(kind for kind in planted if not how.is_apart(kind)),
        summed=of(kind for kind in planted if kind in how.summed),
        unknowable=of(kind for kind in planted if kind in how.unknowable),
        missed=tuple(
            row
            for number, row in enumerate(truth)
            if number not in held.found and row.kind not in how.unknowable
        ),
        answers=held.answers,
        consequences=tuple(held.consequences),
        false_alarms=tuple(held.false_alarms),
    )


@dataclass
class _Held:
    """The truth, with what findings have said of it so far."""

    truth: Sequence[Planted]
    kinds: Kinds
    found: set[int] = field(default_factory=set)
    answers: int = 0
    consequences: list[Found] = field(default_factory=list)
    false_alarms: list[Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        # a file and its copy are one: an officer is answered on either
        self._first = {row.file: row.original for row in self.truth if row.kind == DUPLICATE}
        self._of_file: dict[str, list[int]] = {}
        self._of_unit: dict[str, list[int]] = {}
        for number, row in enumerate(self.truth):
            self._of_file.setdefault(self._file(row.file), []).append(number)
            self._of_unit.setdefault(row.unit, []).append(number)

    def _file(self, name: str) -> str:
        return self._first.get(name, name)

    def take(self, finding: Found) -> None:
        answered = [n for n in self._near(finding) if self._answers(self.truth[n], finding)]
        answered += [n for n in self._summed(finding) if n not in answered]
        self.found.update(answered)
        if answered:
            self.answers += 1
        elif any(self._explains(row, finding) for row in self.truth):
            self.consequences.append(finding)
        else:
            self.false_alarms.append(finding)

    def _near(self, finding: Found) -> list[int]:
        return [
            n
            for n in self._of_file.get(self._file(finding.file), ())
            if self.truth[n].sheet in ("", finding.sheet or "")
        ]

    def _answers(self, row: Planted, finding: Found) -> bool:
        if row.kind in self.kinds.whole:
            return finding.rule in self.kinds.rules.get(row.kind, ())
        return bool(row.cell) and row.cell in finding.cells and row.sheet == finding.sheet

    def _summed(self, finding: Found) -> list[int]:
        """Errors that show in a sum of many senders: of the same quantity and period."""
        return [
            n
            for n, row in enumerate(self.truth)
            if row.kind in self.kinds.summed
            and finding.rule in self.kinds.rules.get(row.kind, ())
            and row.period == finding.period
            and set(row.states.split()) & set(finding.quantities)
        ]

    def _explains(self, row: Planted, finding: Found) -> bool:
        touched = set(row.touched.split()) | {row.cell}
        is_touched = ALL in touched or bool(touched & set(finding.cells))
        if self._file(row.file) == self._file(finding.file) and row.sheet in (
            "",
            finding.sheet or "",
        ):
            # a finding without a cell names none that could be touched
            answers = self.kinds.rules.get(row.kind, ())
            return is_touched or (not finding.cells and finding.rule in answers)
        if finding.rule in self.kinds.between:
            return bool(set(row.states.split()) & set(finding.quantities))
        if row.unit != finding.unit:
            return False
        if row.kind in LATE_KINDS:  # the project is late on the unit's other forms too
            return finding.rule in self.kinds.rules.get(row.kind, ())
        if not finding.file:  # nothing was received, or not this
            return row.kind in self.kinds.whole and finding.period in _periods(row)
        if (row.form, row.sheet) != (finding.form, finding.sheet):
            return False
        later = {related_key for key in _periods(row) if (related_key := _next(key))}
        is_said = row.kind in self.kinds.whole and finding.period in _periods(row)
        return (finding.period in later and is_touched) or is_said


def _periods(row: Planted) -> tuple[str, ...]:
    """The period of a row; a sheet that names another period meets that period's own sheet."""
    if not row.cell and row.original == row.period and row.planted:
        return row.period, row.planted
    return (row.period,)


def _next(period_key: str) -> str | None:
    now = period_of(period_key)
    year, month = now.end.year, now.end.month
    if now.kind == "year":
        return f"{year + 1}"
    step = 3 if now.kind == "quarter" else 1
    month += step
    if month > 12:
        year, month = year + 1, month - 12
    key = f"{year}-Q{month // 3}" if step == 3 else f"{year}-{month:02d}"
    return key if related(key, "previous") == period_key else None


_FINDINGS = """
    with figure as (
        select submission_id, cell_ref, indicator_code from fct_indicator
        union select submission_id, cell_ref, indicator_code from fct_budget
        union select submission_id, cell_ref, indicator_code from fct_investment
        union select submission_id, cell_ref, indicator_code from fct_trade
    ),

    stated as (
        select submission_id, cell_ref, list(distinct indicator_code) as quantities
        from figure where indicator_code is not null group by all
    )

    select result.file, result.form_code, result.reporter_unit_code, submission.period_key,
        result.sheet, result.rule, result.cell_ref, result.cells, stated.quantities, result.message
    from dq_result as result
    left join submission on result.submission_id = submission.submission_id
    left join stated
        on result.submission_id = stated.submission_id and result.cell_ref = stated.cell_ref
    where result.closed is null
    order by result.finding_key
"""


def read_findings(published: Path) -> list[Found]:
    """The open findings of a published build (`kho.duckdb`), of every severity."""
    from warehouse.connection import open_published

    with open_published(published) as connection:
        rows = connection.execute(_FINDINGS).fetchall()
    return [
        Found(
            file or "", form, unit, period, sheet, rule, _addresses(cell, cells),
            tuple(quantities or ()), message,
        )
        for file, form, unit, period, sheet, rule, cell, cells, quantities, message in rows
    ]  # fmt: skip


def _addresses(cell: str | None, cells: Sequence[str] | None) -> tuple[str, ...]:
    named = [each for each in (cell, *(cells or ())) if each]
    return tuple(dict.fromkeys(each.rpartition("!")[2] for each in named))


def as_markdown(result: Score) -> str:
    """The table for the README: kinds, what is counted apart, and what else was found."""
    lines = ["| kind | planted | found | missed | share |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [_row(f"`{each.kind}`", each.planted, each.found) for each in result.kinds]
    planted, found = (
        sum(each.planted for each in result.kinds),
        sum(each.found for each in result.kinds),
    )
    lines.append(_row("all", planted, found))
    lines += [_row(f"`{e.kind}` (in the sum only)", e.planted, e.found) for e in result.summed]
    lines += [_row(f"`{e.kind}` (no rule can)", e.planted, e.found) for e in result.unknowable]
    alarms = ", ".join(f"{rule} {n}" for rule, n in result.false_alarms_by_rule.items())
    return "\n".join(
        [
            *lines,
            "",
            f"Findings that name a planted error: {result.answers}; that follow from one: "
            f"{len(result.consequences)}; false alarms: {len(result.false_alarms)}"
            + (f" ({alarms})." if alarms else "."),
        ]
    )


def _row(name: str, planted: int, found: int) -> str:
    share = f"{100 * found / planted:.1f} %" if planted else "-"
    return f"| {name} | {planted} | {found} | {planted - found} | {share} |"
