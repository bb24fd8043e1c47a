"""A finding: what is wrong, where, what was expected, how to mend it, in the officer's words.

The words are in `sentences.yml`, one entry a rule, and in the files of plan rules and of rules
between forms (rule_files.py); nothing in Python spells out a sentence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from expectations.rule_files import wordings

SENTENCES = Path(__file__).with_name("sentences.yml")
SEVERITIES = ("error", "warning", "info")


class Subject(NamedTuple):
    """Whose findings are: a unit's, on a form for a period where these are known."""

    unit_code: str
    form_code: str | None = None
    period_key: str | None = None


@dataclass(frozen=True)
class Finding:
    """One finding on one submission. `cell_ref` is `Sheet!B12`; `cells` are all cells looked at.

    What was not sent at all has no submission: its `subject` says whose finding it is.
    """

    submission_no: int | None
    rule: str
    severity: str
    sheet: str | None
    cell_ref: str | None
    cells: tuple[str, ...]
    value: str | None
    expected: str | None
    message: str
    fix: str
    place: tuple[str, ...] = ()  # table, row and field, or what else names the place for good
    subject: Subject | None = None

    def place_key(self, subject: Subject) -> str:
        """The same rule at the same place of a unit's form and period, whatever file it came in
        and wherever on the sheet: what a corrected file closes, and an explanation is about."""
        parts = (*map(str, subject), self.rule, *(self.place or (self.cell_ref or "",)))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]

    def key(self, submission_id: str) -> str:
        """Stable over builds: the same rule at the same place of the same submission, once."""
        parts = (submission_id, self.rule, self.cell_ref or "", *self.cells, self.message)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Sentence:
    severity: str
    message: str
    expected: str | None
    fix: str
    # the data team sees each, the sender how many there are
    is_counted_only: bool = False


@cache
def counted_only() -> tuple[str, ...]:
    """The rules whose findings ask nothing of the sender: letters only count them."""
    return tuple(rule for rule, sentence in sentences().items() if sentence.is_counted_only)


@cache
def sentences() -> dict[str, Sentence]:
    """Every rule's words. Raises ValueError for an entry that is incomplete."""
    content = yaml.load(SENTENCES.read_bytes(), yaml.CSafeLoader)
    found = {}
    for rule, entry in content.items():
        sentence = Sentence(
            entry["severity"],
            entry["message"],
            entry.get("expected"),
            entry["fix"],
            entry.get("is_counted_only", False),
        )
        if sentence.severity not in SEVERITIES:
            raise ValueError(f"{SENTENCES.name}: {rule}: unknown severity {sentence.severity!r}")
        found[rule] = sentence
    for rule, (severity, words) in wordings().items():
        if rule in found:
            raise ValueError(f"{rule}.yml: {SENTENCES.name} has words for {rule!r} too")
        found[rule] = Sentence(severity, words.message, words.expected, words.fix)
    return found


class _Filled(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        raise KeyError(f"the sentence needs {key!r}")


def compose(
    rule: str,
    submission_no: int | None,
    *,
    sheet: str | None = None,
    cell: str | None = None,
    cells: tuple[str, ...] = (),
    value: str | None = None,
    severity: str | None = None,
    sentence: str | None = None,
    detail: Mapping[str, str] | None = None,
    place: tuple[str, ...] = (),
    subject: Subject | None = None,
) -> Finding:
    """The finding of a rule with its sentence filled in, or with another `sentence`.

    `cell` and `cells` are addresses without the sheet (`D8`); `detail` fills the other blanks;
    `place` names the place for good (Finding.place_key).
    """
    words = sentences()[sentence or rule]
    blanks = _Filled(
        {"cell": cell or "", "value": value or "", "sheet": sheet or "", **(detail or {})}
    )

    def reference(address: str) -> str:
        return f"{sheet}!{address}" if sheet and "!" not in address else address

    expected = words.expected.format_map(blanks) if words.expected else None
    return Finding(
        submission_no=submission_no,
        rule=rule,
        severity=severity or words.severity,
        sheet=sheet,
        cell_ref=reference(cell) if cell else None,
        cells=tuple(reference(address) for address in cells)
        or ((reference(cell),) if cell else ()),
        value=value,
        expected=expected,
        message=words.message.format_map(blanks).strip(),
        fix=words.fix.format_map(blanks),
        place=place,
        subject=subject,
    )
