"""What a form was found to be, kept from build to build: `<home>/validations/<version>/`.

What is found of a unit depends on the form's contract, on the unit's submissions with their
corrected cells, on what people put up with, and on which days have passed of those that the form's
rules look at. Units of which none of that changed are left out of the form's batch; where that
leaves nobody, it is not run, and Great Expectations is not asked. Deleting the folder costs time
only; an entry that is torn or altered is not there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import expectations
from expectations.breaches import Forgiven
from expectations.row_mechanisms import days_looked_at
from expectations.rule_files import all_rules
from expectations.validate import (
    Families,
    FormValidation,
    UnitValidation,
    of_units,
    unit_of,
    validate_units,
)
from ingest.cell_tables import count_of
from ingest.contract import Contract
from ingest.kept import keep, kept
from ingest.load import CellFrames
from ingest.period import period_of
from ingest.readings import reader_version
from ingest.register import Submission

_AT_ONCE = 2  # forms beside each other: as many as have a process for their suites (beside.py)
_CELLS_AT_ONCE = 1_000_000  # of forms beside each other: with their residuals, a gigabyte
_UNITS = "by-unit"  # how what is kept of a form is written
_MODULES = frozenset({"expectations.validate", "expectations.suites", "expectations.findings"})


@cache
def rules_version() -> str:
    """A hash of all code, rules and lists that decide what is found in what was read."""
    here = Path(expectations.__file__).parent
    files = [*here.glob("*.py"), *here.glob("*.yml"), *(here / "rules").rglob("*.yml"),
             *(here / "rules").rglob("*.sql"), here.parent / "ingest" / "load.py",
             here.parent / "warehouse" / "schema.sql"]  # fmt: skip
    digest = hashlib.sha256(reader_version().encode())
    for path in sorted(files):
        digest.update(f"{path.name}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


class _Found(NamedTuple):
    """What is kept of a form: its columns of residuals, and by unit of what its validation was
    made, and that."""

    families: Families
    units: dict[str, tuple[str, UnitValidation]]


class _UnderWay(NamedTuple):
    contract: Contract
    keys: Mapping[str, str]  # by unit
    known: _Found
    n_cells: int
    asked: Future[tuple[dict[str, UnitValidation], Families]]


def _has_room(under_way: Sequence[_UnderWay], n_cells: int) -> bool:
    """Whether a form with so many cells may be validated beside these."""
    held = sum(each.n_cells for each in under_way)
    return len(under_way) < _AT_ONCE and held + n_cells <= _CELLS_AT_ONCE


@dataclass
class Validations:
    """The validations of one version below `home`; those of another are removed."""

    home: Path
    version: str = field(default_factory=rules_version)

    def validate(
        self,
        contracts: Mapping[str, Contract],
        submissions: Iterable[Submission],
        cells_of: Callable[[Sequence[int]], CellFrames],
        as_of: date,
        acts: str,
        forgiven: Forgiven | None = None,
        *,
        anew: bool = False,
    ) -> tuple[list[FormValidation], list[str]]:
        """Every form's validation (as expectations.validate), and the forms that were run for it.

        `acts` is a hash of what people decided, corrections too; with `anew` all forms are run.
        """
        self._drop_others(anew)
        by_form: dict[str, list[Submission]] = defaultdict(list)
        for submission in submissions:
            if submission.read is not None:
                by_form[f"{submission.read.form}.v{submission.read.version}"].append(submission)
        found: dict[str, FormValidation] = {}
        run: list[str] = []
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            under_way: list[_UnderWay] = []
            for form, members in sorted(by_form.items()):
                contract = contracts[form]
                keys = _keys(contract, members, as_of, acts)
                known = self._known(form, keys)
                if known.units.keys() == keys.keys():
                    found[form] = _of(contract, known)
                    continue
                run.append(form)
                reads = [
                    (s.submission_no, s.read)
                    for s in members
                    if s.read is not None and unit_of(s.read) not in known.units
                ]
                n_cells = sum(count_of(read).cells for _, read in reads)
                while under_way and not _has_room(under_way, n_cells):
                    self._take(found, under_way.pop(0))
                asked = threads.submit(
                    validate_units, contract, reads, cells_of([s for s, _ in reads]),
                    as_of, forgiven,
                )  # fmt: skip
                under_way.append(_UnderWay(contract, keys, known, n_cells, asked))
            for each in under_way:
                self._take(found, each)
        return [found[form] for form in sorted(by_form)], run

    def _take(self, found: dict[str, FormValidation], each: _UnderWay) -> None:
        parts, families = each.asked.result()
        units = each.known.units | {unit: (each.keys[unit], part) for unit, part in parts.items()}
        all_of_it = _Found({**each.known.families, **families}, units)
        validation = found[each.contract.id] = _of(each.contract, all_of_it)
        if not validation.raised:
            keep(self._path(each.contract.id), _UNITS, tuple(all_of_it))

    def _known(self, form: str, keys: Mapping[str, str]) -> _Found:
        """What is kept of the units that are as they were."""
        found: Any = kept(self._path(form), _UNITS, _MODULES)
        families, units = found if found is not None else ({}, {})
        return _Found(
            families, {u: (k, part) for u, (k, part) in units.items() if keys.get(u) == k}
        )

    def _path(self, form: str) -> Path:
        return self.home / self.version / form

    def _drop_others(self, anew: bool) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        for folder in self.home.iterdir():
            if anew or folder.name != self.version:
                shutil.rmtree(folder, ignore_errors=True)


def _of(contract: Contract, found: _Found) -> FormValidation:
    parts = [part for _, (_, part) in sorted(found.units.items())]
    return of_units(contract, parts, found.families)


def _keys(
    contract: Contract, members: Sequence[Submission], as_of: date, acts: str
) -> dict[str, str]:
    """By unit a hash of everything that its validation depends on, but for the code."""
    periods = {s.read.period_key for s in members if s.read and s.read.period_key}
    days = days_looked_at(contract.form, all_rules(), map(period_of, periods))
    head = f"{acts} {sorted(day for day in days if as_of > day)}\n".encode()
    digests: dict[str, Any] = {}
    for submission in members:
        read, receipt = submission.read, submission.receipt
        if read is None:
            continue
        said = (
            submission.submission_no, submission.submission_id, submission.place_in_file,
            receipt.file_sha256, receipt.file_path, receipt.reporter_unit_code,
            read.named_unit_code, read.period_key, read.cutoff_date, read.remarks,
        )  # fmt: skip
        digest = digests.setdefault(unit_of(read), hashlib.sha256(head))
        digest.update(f"{said!r}\n".encode())
    return {unit: digest.hexdigest() for unit, digest in digests.items()}
