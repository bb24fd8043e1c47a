"""Compares what was read with what is true, cell by cell, and says what the workbook came to."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.mangler.case import Case
from tests.mangler.reading import Seen, SeenCell, unit_factor
from tests.mangler.truth import Key, TrueCell, Truth

# complete: accepted, every cell right. held: an error names a true cause. other: an error does not.
# partial: accepted, the rest right, and a warning names what is missing and why.
# wrong: accepted with a wrong value, one too many, or one missing in silence.
# guessed: accepted though it cannot be decided.
Outcome = Literal["complete", "held", "other", "partial", "wrong", "guessed"]
OUTCOMES: tuple[Outcome, ...] = ("complete", "held", "other", "partial", "wrong", "guessed")
_WORST: dict[Outcome, int] = {
    "complete": 0, "held": 1, "partial": 2, "other": 3, "guessed": 4, "wrong": 5,
}  # fmt: skip
# a cell without figure or code in it
_EMPTY = {"blank"}
_SAYS_MISSING = {"column_missing", "line_missing", "figure_outside_table", "sheet_unrecognised"}
_COMPARED_ROLES = {"value", "bound", "ratio", "milestone", "dimension"}


@dataclass(frozen=True)
class Result:
    """What one workbook came to: the outcome, and the first things that show why."""

    case: Case
    outcome: Outcome
    details: tuple[str, ...]

    @property
    def is_as_it_must_be(self) -> bool:
        match self.case.verdict:
            case "decidable":
                return self.outcome == "complete"
            case "arguable":
                return self.outcome in ("complete", "held")
        return self.outcome == "held"


def score(case: Case, seen: Sequence[Seen]) -> Result:
    """The worst of what its submissions came to."""
    outcomes: list[tuple[Outcome, list[str]]] = []
    excused: list[
        int
    ] = []  # held, not for what the workbook must be held for, but for a true cause
    taken: list[Seen] = []
    for truth in case.truths:
        match = next((each for each in seen if _is_of(each, truth) and each not in taken), None)
        if match is not None:
            taken.append(match)
            if match.errors & case.causes:
                excused.append(len(outcomes))
            outcomes.append(_compare(case, truth, match))
    found = len(taken)
    # what is no known submission: held if an error says so, else something was read too much
    for each in seen:
        if any(each is other for other in taken):
            continue
        if each.errors:
            outcomes.append((_held(case, each.errors), [f"{each.sheet}: {sorted(each.errors)}"]))
        elif each.form is None:
            outcomes.append(("other", ["a sheet without form and without error"]))
        else:
            outcomes.append(("wrong", [f"read as {each.form} {each.period_key}, which it is not"]))
    if found < len(case.truths) and not any(each.errors for each in seen if each not in taken):
        names = ", ".join(f"{truth.contract.form} {truth.period_key}" for truth in case.truths)
        outcomes.append(("wrong", [f"missing in silence: one of {names}"]))
    if any(each == "held" for each, _ in outcomes):
        for at in excused:
            if outcomes[at][0] == "other":
                outcomes[at] = ("held", outcomes[at][1])
    outcome, details = max(outcomes, key=lambda pair: _WORST[pair[0]])
    accepted = outcome in ("complete", "partial", "wrong")
    if case.verdict == "must_hold" and accepted:
        held = [pair for pair in outcomes if pair[0] == "held"]
        # of several submissions in a file only the faulty one is to be held
        if outcome == "wrong" or not held:
            outcome, details = "guessed", [*case.reasons, *details]
        else:
            outcome, details = held[0]
    return Result(case, outcome, tuple(details))


def _is_of(seen: Seen, truth: Truth) -> bool:
    return (seen.form, seen.period_key, seen.unit_code) == (
        truth.contract.form,
        truth.period_key,
        truth.unit_code,
    )


def _held(case: Case, errors: set[str]) -> Outcome:
    # a number in doubt is first to be cleared up: what follows from it cannot be said before
    wanted = case.owed | case.argued if case.verdict == "must_hold" else case.causes
    return "held" if errors & wanted else "other"


def _compare(case: Case, truth: Truth, seen: Seen) -> tuple[Outcome, list[str]]:
    if seen.errors:
        first = [f"{f.rule} {f.cell_ref}: {f.message}" for f in seen.findings
                 if f.severity == "error"]  # fmt: skip
        return _held(case, seen.errors), first[:6]
    wrong: list[str] = []
    missing: list[str] = []
    order = _records_in_order(truth)
    for key, cell in truth.cells.items():
        read = seen.cells.get((key[0], order.get(key[:2], key[1]), key[2]))
        if truth.column(key).role in ("line", "symbol"):
            continue
        if read is None or (read.state in _EMPTY and cell.nil is None):
            missing.append(f"missing {key}: {_words(cell)}")
        elif not _same(truth, key, cell, read, "letters_tcvn3" in case.habits):
            wrong.append(f"wrong {key}: {_words(cell)} read as {read}")
    back = {(table, str(new)): row for (table, row), new in order.items()}
    for place, read in seen.cells.items():
        key = (place[0], back.get(place[:2], place[1]), place[2])
        if key in truth.cells or read.state in _EMPTY:
            continue
        if truth.column(key).role in _COMPARED_ROLES:
            wrong.append(f"too much {key}: {read}")
    if wrong:
        return "wrong", wrong[:6]
    if missing:
        said = {finding.rule for finding in seen.findings} & _SAYS_MISSING
        return ("partial" if said else "wrong"), [*missing[:6], *sorted(said)]
    return "complete", []


def _records_in_order(truth: Truth) -> dict[tuple[int, str], str]:
    """Records go by their place on the sheet, lines by their code."""
    return {
        (number, row): str(place)
        for number, rows in truth.rows.items()
        if truth.table(number).rows.kind == "records"
        for place, row in enumerate(rows, start=1)
    }


def _same(truth: Truth, key: Key, cell: TrueCell, read: SeenCell, any_case: bool) -> bool:
    """`any_case`: TCVN3 has no capitals with tones, so that they come back as small letters."""
    if cell.nil is not None:
        return read.state == cell.nil
    if cell.number is not None:
        if not truth.column(key).is_numeric:  # a text that looks like a number
            return read.number == cell.number
        if read.state != "number" or read.number is None:
            return False
        base, factor = unit_factor(cell.unit_code)
        other, other_factor = unit_factor(read.unit_code)
        if cell.unit_code is None:
            return read.number == cell.number
        return base == other and read.number * other_factor == cell.number * factor
    if cell.day is not None:
        return read.code == cell.day.isoformat()
    if cell.code is not None:
        return read.code == cell.code
    one, other = _clean(read.text or ""), _clean(cell.text or "")
    return one.casefold() == other.casefold() if any_case else one == other


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _words(cell: TrueCell) -> str:
    if cell.number is not None:
        return f"{cell.number} {cell.unit_code or ''}".strip()
    return str(cell.nil or cell.day or cell.code or cell.text)


# --- the table ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """Counts of workbooks by verdict and outcome."""

    counts: Counter[tuple[str, Outcome]]

    def count(self, verdict: str | None = None, outcome: Outcome | None = None) -> int:
        return sum(
            number
            for (each_verdict, each), number in self.counts.items()
            if verdict in (None, each_verdict) and outcome in (None, each)
        )

    @property
    def share_read(self) -> float:
        """Of the decidable workbooks, how many were read completely."""
        decidable = self.count("decidable")
        return self.count("decidable", "complete") / decidable if decidable else 1.0


def totals(results: Iterable[Result]) -> Totals:
    return Totals(Counter((result.case.verdict, result.outcome) for result in results))


def table(results: Sequence[Result]) -> str:
    """Per habit and in all: workbooks, how many were decidable, what they came to."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        for name in result.case.habits:
            groups[name].append(result)
    head = f"{'habit':34}{'books':>6}{'decid.':>7}" + "".join(f"{x:>9}" for x in OUTCOMES)
    head += f"{'read %':>8}"
    lines = [head, "-" * len(head)]
    for name in sorted(groups):
        lines.append(_line(name, groups[name]))
    lines += ["-" * len(head), _line("all", results)]
    for verdict in ("decidable", "arguable", "must_hold"):
        chosen = [result for result in results if result.case.verdict == verdict]
        lines.append(_line(f"  {verdict}", chosen))
    return "\n".join(lines)


def _line(name: str, results: Sequence[Result]) -> str:
    sums = totals(results)
    cells = "".join(f"{sums.count(outcome=outcome):>9}" for outcome in OUTCOMES)
    share = f"{100 * sums.share_read:>7.1f}%" if sums.count("decidable") else f"{'':>8}"
    return f"{name:34}{len(results):>6}{sums.count('decidable'):>7}{cells}{share}"
