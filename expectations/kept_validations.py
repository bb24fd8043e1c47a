"""What a form was found to be, kept from build to build: `<home>/validations/<version>/`.

A form's batch depends on its contract, on its submissions with their corrected cells, on what
people put up with, and on which days have passed of those that its rules look at. Where none of
that changed, the batch is not run again and Great Expectations is not loaded for it. Deleting the
folder costs time only; an entry that is torn or altered is not there.
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
from typing import NamedTuple

import expectations
from expectations.breaches import Forgiven
from expectations.row_mechanisms import days_looked_at
from expectations.rule_files import all_rules
from expectations.validate import FormValidation, validate_form
from ingest.cell_tables import count_of
from ingest.contract import Contract
from ingest.kept import keep, kept
from ingest.load import CellFrames
from ingest.period import period_of
from ingest.readings import reader_version
from ingest.register import Submission

_AT_ONCE = 2  # forms beside each other: as many as have a process for their suites (beside.py)
_CELLS_AT_ONCE = 1_000_000  # of forms beside each other: with their residuals, a gigabyte
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


class _UnderWay(NamedTuple):
    form: str
    key: str
    n_cells: int
    asked: Future[FormValidation]


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
                key = _key(contracts[form], members, as_of, acts)
                validation: FormValidation | None = kept(self._path(form), key, _MODULES)
                if validation is not None:
                    found[form] = validation
                    continue
                run.append(form)
                reads = [(s.submission_no, s.read) for s in members if s.read is not None]
                n_cells = sum(count_of(read).cells for _, read in reads)
                while under_way and not _has_room(under_way, n_cells):
                    self._take(found, under_way.pop(0))
                asked = threads.submit(
                    validate_form, contracts[form], reads, cells_of([s for s, _ in reads]),
                    as_of, forgiven,
                )  # fmt: skip
                under_way.append(_UnderWay(form, key, n_cells, asked))
            for each in under_way:
                self._take(found, each)
        return [found[form] for form in sorted(by_form)], run

    def _take(self, found: dict[str, FormValidation], each: _UnderWay) -> None:
        validation = found[each.form] = each.asked.result()
        if not validation.raised:
            keep(self._path(each.form), each.key, validation)

    def _path(self, form: str) -> Path:
        return self.home / self.version / form

    def _drop_others(self, anew: bool) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        for folder in self.home.iterdir():
            if anew or folder.name != self.version:
                shutil.rmtree(folder, ignore_errors=True)


def _key(contract: Contract, members: Sequence[Submission], as_of: date, acts: str) -> str:
    """A hash of everything that the validation of a form depends on, but for the code."""
    periods = {s.read.period_key for s in members if s.read and s.read.period_key}
    days = days_looked_at(contract.form, all_rules(), map(period_of, periods))
    digest = hashlib.sha256(f"{acts} {sorted(day for day in days if as_of > day)}\n".encode())
    for submission in members:
        read, receipt = submission.read, submission.receipt
        if read is None:
            continue
        said = (
            submission.submission_no, submission.submission_id, submission.place_in_file,
            receipt.file_sha256, receipt.file_path, receipt.reporter_unit_code,
            read.named_unit_code, read.period_key, read.cutoff_date, read.remarks,
        )  # fmt: skip
        digest.update(f"{said!r}\n".encode())
    return digest.hexdigest()
