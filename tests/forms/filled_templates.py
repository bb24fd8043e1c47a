"""Templates as the simulation fills them, one of every periodic form: what the tests look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.expected import reports
from ingest.extract import submissions_of
from ingest.reading import ReadSubmission
from ingest.simulation.fill import Filler, Key, Value
from ingest.simulation.model import read_model
from ingest.simulation.projects import Projects
from ingest.simulation.world import World
from ingest.template import FilledForm, write_workbook
from ingest.workbook import read_workbook

PERIODS = {"month": ("2026-03", "2026-02"), "quarter": ("2026-Q2", "2026-Q1"),
           "year": ("2026", "2025")}  # fmt: skip
PERIODIC = tuple(c for c in all_contracts() if c.reporting.frequency in PERIODS)


@cache
def filler(seed: int = 1) -> Filler:
    world = World(seed, read_model())
    return Filler(world, Projects(world))


def sender_of(contract: Contract) -> str:
    """A unit that sends the form; of the levels the last, so that communes are tried too."""
    return next(u for u in reversed(reference.reporting_units()) if reports(contract, u))


def filled(contract: Contract) -> FilledForm:
    """The form with simulated figures, and last period's beside them."""
    unit = sender_of(contract)
    period, before = PERIODS[contract.reporting.frequency]
    fill = filler()
    return FilledForm(
        contract, unit, period,
        fill.values(contract, unit, period), fill.values(contract, unit, before), True,
    )  # fmt: skip


def blank(contract: Contract) -> FilledForm:
    period, _ = PERIODS[contract.reporting.frequency]
    return FilledForm(contract, sender_of(contract), period)


def write(folder: Path, form: FilledForm) -> tuple[Path, Mapping[tuple[str, int, str, str], str]]:
    path = folder / f"{form.contract.form}.xlsx"
    return path, write_workbook(path, [form])


def read(path: Path) -> ReadSubmission:
    """The one submission of a workbook; nothing else in it is taken for a form."""
    reading = submissions_of(read_workbook(path), all_contracts())
    assert reading.unread_sheets == ()
    [submission] = reading.submissions
    return submission


def numbers(submission: ReadSubmission) -> dict[tuple[int, int, int], object]:
    """Every filled cell by table, row and column: its number, its code or its text."""
    return {
        (cell.area_no, cell.row_no, cell.col_no):
            cell.number if cell.number is not None else cell.code or cell.text
        for cell in submission.cells
        if cell.state != "blank"
    }  # fmt: skip


__all__ = ["PERIODIC", "Key", "Value", "blank", "filled", "filler", "numbers", "read", "write"]
