"""Writes the simulated inbox: a workbook a unit and month with all forms due, and the truth.

<out>/<unit>/<unit>_<month>.xlsx    as `kho template --all` would make it, filled
<out>/simulation.json               marks the inbox as simulated (sources.py)
<out>/planted_errors.csv            file, sheet, cell and kind of every planted error
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from ingest import reference
from ingest.contract import Contract, RestatedCheck, all_contracts
from ingest.period import period_of, related
from ingest.simulation.deadlines import Missed, missed
from ingest.simulation.fill import Filler, Key, Value
from ingest.simulation.model import read_model
from ingest.simulation.plant import COMMUNE_SUM, Form, Spoiled, chooser, kinds, plant
from ingest.simulation.sheet_edits import spoil_sheet
from ingest.simulation.sums import agencies, quantities, reporters, simulated_contracts
from ingest.simulation.world import World
from ingest.sources import SIMULATION_MARKER
from ingest.template import FilledForm, due_forms, previous_period, sheet_name, write_workbook
from ingest.template_values import TableValues, total_columns

PLANTED = "planted_errors.csv"
LATE_PER_ERROR, LATE_MOST = 20, 0.5
ALL = "*"
FIRST_PERIOD = "2025-07"  # the communes of today exist since July 2025


@dataclass(frozen=True)
class Plan:
    """What to simulate. `months` are keys of months, in order."""

    out: Path
    communes: int
    months: tuple[str, ...]
    seed: int
    error_rate: float


@dataclass(frozen=True)
class Planted:
    """One row of planted_errors.csv. `cell` is empty where the error is no one cell's."""

    file: str
    sheet: str
    cell: str
    kind: str
    form: str
    unit: str
    period: str
    original: str
    planted: str
    # the other cells of the sheet that say something else for it; * for all of them
    touched: str = ""
    # what quantities the cell states, that other senders state too
    states: str = ""


def months_from(first: str, count: int) -> tuple[str, ...]:
    """Keys of `count` months from `first` on."""
    year, month = period_of(first).start.year, period_of(first).start.month - 1
    keys = []
    for number in range(count):
        passed, place = divmod(month + number, 12)
        keys.append(f"{year + passed}-{place + 1:02d}")
    return tuple(keys)


def units_of(communes: int) -> list[str]:
    """The agencies, and the first communes of the catalogue."""
    units = reference.reporting_units().values()
    return [*agencies(), *[unit.code for unit in units if unit.level == "commune"][:communes]]


def simulate(plan: Plan, workers: int) -> Iterator[tuple[int, int, int]]:
    """Write everything; yields (units done, units in all, workbooks so far)."""
    plan.out.mkdir(parents=True, exist_ok=True)
    # the marker first: what is half written is simulated too
    marker = {"seed": plan.seed, "communes": plan.communes, "months": plan.months,
              "error_rate": plan.error_rate}  # fmt: skip
    (plan.out / SIMULATION_MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
    units = units_of(plan.communes)
    planted: dict[str, list[Planted]] = {}
    workbooks = 0
    all_contracts()  # read once, before the workers part
    with ProcessPoolExecutor(max_workers=workers) as pool:
        results = pool.map(_write_unit, [(plan, unit) for unit in units])
        for done, (unit, count, found) in enumerate(results, start=1):
            planted[unit] = found
            workbooks += count
            yield done, len(units), workbooks
    _write_truth(plan.out / PLANTED, [row for unit in units for row in planted[unit]])


def _write_truth(path: Path, rows: Iterable[Planted]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(Planted.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_truth(out: Path) -> list[Planted]:
    with (out / PLANTED).open(encoding="utf-8", newline="") as file:
        return [Planted(**row) for row in csv.DictReader(file)]


@cache
def _world(seed: int, late: float) -> World:
    """One world a process: what one unit has asked of it, the next need not work out again."""
    return World(seed, read_model(), late)


def _write_unit(task: tuple[Plan, str]) -> tuple[str, int, list[Planted]]:
    plan, unit = task
    # few units are bound by the plan's dates: more of their projects are late than forms spoiled
    world = _world(plan.seed, min(LATE_MOST, LATE_PER_ERROR * plan.error_rate))
    writer = _UnitWriter(plan, unit, world, Filler(world, world.projects))
    count = sum(writer.write_month(month) for month in plan.months)
    return unit, count, writer.planted


class _UnitWriter:
    """One unit's workbooks, month after month."""

    def __init__(self, plan: Plan, unit: str, world: World, filler: Filler) -> None:
        self.plan = plan
        self.unit = unit
        self.world = world
        self.filler = filler
        self.contracts = simulated_contracts()
        self.planted: list[Planted] = []

    def write_month(self, month: str) -> int:
        due = due_forms(self.contracts, self.unit, month)
        if not due:
            return 0
        path = self.plan.out / self.unit / f"{self.unit}_{month}.xlsx"
        sheets: list[FilledForm] = []
        spoiled: list[tuple[FilledForm, FilledForm, Spoiled]] = []
        late: list[tuple[FilledForm, Missed]] = []
        for contract, period_key in due:
            values = self.filler.values(contract, self.unit, period_key)
            previous = self._previous(contract, period_key)
            clean = form = FilledForm(contract, self.unit, period_key, values, previous, True)
            past = list(missed(contract, self.unit, period_key, values))
            late += [(form, each) for each in past]
            if not past and (error := self._error(form, month)) is not None:
                form = replace(form, values=error.values)
                spoiled.append((clean, form, error))
            sheets.append(form)
        addresses = write_workbook(path, sheets)
        for form, each in late:
            cell = addresses[form.contract.form, *each.place]
            self._add(path, form, each.kind, cell, each.asked, each.said)
        for clean, form, error in spoiled:
            self._note(path, clean, form, error, addresses)
        return 1 + self._spoil_file(path, month, sheets)

    def _previous(self, contract: Contract, period_key: str) -> dict[Key, Value]:
        """What was reported last; nothing before the first simulated period."""
        before = previous_period(period_key)
        if before is None or period_of(before).end < period_of(self.plan.months[0]).end:
            return {}
        return self.filler.values(contract, self.unit, before)

    # --- errors ---------------------------------------------------------------------------------

    def _is_drawn(self, *key: object) -> bool:
        return self.world.chance("error", *key) < self.plan.error_rate

    def _error(self, form: FilledForm, month: str) -> Spoiled | None:
        key = (form.contract.form, self.unit, form.period_key)
        if not self._is_drawn(*key):
            return None
        before = related(form.period_key, "previous")
        look = Form(
            form.contract,
            form.period_key,
            form.values,
            form.previous if before else {},
            chooser(self.world, *key),
            self.unit,
            frozenset(self._summed(form, month)),
        )
        if look.summed:
            return plant(look, COMMUNE_SUM)
        scarce = self.world.model.scarce_errors
        order = sorted(
            kinds(),
            key=lambda kind: self.world.chance("kind", *key, kind) * (0.3 if kind in scarce else 1),
        )
        return next((error for kind in order if (error := plant(look, kind)) is not None), None)

    def _summed(self, form: FilledForm, month: str) -> Iterator[Key]:
        """The cells in which an untrue figure shows in the communes' sum, and nowhere else.

        The sum is looked at when all communes count: in the forms and months in which one of them
        may be untrue, none of them is spoiled otherwise. These are the first month, which no
        earlier error reaches, and the year.
        """
        if not self._is_sum_month(form, month):
            return
        stated = reporters(month)
        for place, quantity in quantities(form.contract, self.unit, form.period_key):
            if any(
                not self._is_drawn(contract.form, unit, period)
                and not self._is_drawn("file", unit, month)
                for contract, unit, period in stated.get(quantity, ())
            ):
                yield place

    def _is_sum_month(self, form: FilledForm, month: str) -> bool:
        if self.unit not in self.world.communes or self.plan.communes < len(self.world.communes):
            return False
        return form.contract.reporting.frequency == "year" or month == self.plan.months[0]

    def _note(
        self,
        path: Path,
        clean: FilledForm,
        form: FilledForm,
        error: Spoiled,
        addresses: dict[tuple[str, int, str, str], str],
    ) -> None:
        cell = spoil_sheet(path, form, error, addresses)
        whole = error.place is None or error.edit == "column"
        differ = [] if whole else _differ(clean, form)
        touched = ALL if whole else " ".join(_cells(error, differ, form, addresses))
        states = " ".join(
            _quantities(form, None if error.place is None or whole else [*differ, error.place])
        )
        self._add(path, form, error.kind, cell, error.original, error.planted, touched, states)

    def _add(
        self,
        path: Path,
        form: FilledForm,
        kind: str,
        cell: str,
        original: str,
        planted: str,
        touched: str = "",
        states: str = "",
    ) -> None:
        self.planted.append(
            Planted(
                path.relative_to(self.plan.out).as_posix(), sheet_name(form.contract), cell, kind,
                form.contract.form, self.unit, form.period_key, original, planted, touched, states,
            )
        )  # fmt: skip

    def _add_file(self, path: Path, month: str, kind: str, original: str, planted: str) -> None:
        file = path.relative_to(self.plan.out).as_posix()
        self.planted.append(
            Planted(file, "", "", kind, "", self.unit, month, original, planted, ALL)
        )

    def _spoil_file(self, path: Path, month: str, sheets: Sequence[FilledForm]) -> int:
        """The same file twice, or in another unit's folder."""
        key = ("file", self.unit, month)
        if not self._is_drawn(*key) or any(any(self._summed(form, month)) for form in sheets):
            return 0
        file = path.relative_to(self.plan.out).as_posix()
        if self.world.chance("kind", *key) < 0.5:
            copy = path.with_name(f"{path.stem}_lan2.xlsx")
            shutil.copyfile(path, copy)
            self._add_file(copy, month, "duplicate_file", file, "")
            return 1
        if any(row.file == file for row in self.planted):
            return 0  # what is refused with its file is not said of its cells
        others = [unit for unit in units_of(self.plan.communes) if unit != self.unit]
        other = others[int(len(others) * self.world.chance("other", *key))]
        moved = self.plan.out / other / path.name
        moved.parent.mkdir(parents=True, exist_ok=True)
        path.replace(moved)
        self._add_file(moved, month, "wrong_sender", self.unit, other)
        return 0


Addresses = Mapping[tuple[str, int, str, str], str]


def _differ(clean: FilledForm, form: FilledForm) -> list[Key]:
    """The cells that say something else, by what was typed or by what is computed of it."""
    found = []
    for number, table in enumerate(form.contract.tables, start=1):
        added = total_columns(form.contract)
        was, now = (TableValues(number, table, each.values, added) for each in (clean, form))
        rows = {row for each in (clean, form) for at, row, _ in each.values if at == number}
        rows |= set(table.parts_of())
        found += [
            (number, row, column.field)
            for row in sorted(rows)
            for column in table.columns
            if was.value(row, column) != now.value(row, column)
        ]
    return found


def _cells(
    error: Spoiled, differ: Sequence[Key], form: FilledForm, addresses: Addresses
) -> list[str]:
    assert error.place is not None
    places = set(differ)
    rows = {error.place[:2]} if error.edit == "row" else set()
    table = form.contract.tables[error.place[0] - 1]
    if error.place[2] in table.rows.key:
        # to whatever compares, the row is now another's, and the one whose key it has is two
        value = form.values.get(error.place)
        rows = {p[:2] for p, v in form.values.items() if p[2] == error.place[2] and v == value}
    repeated = {
        check.states: check.column
        for check in form.contract.checks
        if isinstance(check, RestatedCheck)
    }
    # what the next period says again of this one stands elsewhere in the row
    again = {(*p[:2], repeated[p[2]]) for p in places if p[2] in repeated}
    places |= {place for place in again if (form.contract.form, *place) in addresses}
    places |= {key[1:] for key in addresses if key[0] == form.contract.form and key[1:3] in rows}
    return sorted({addresses[form.contract.form, *place] for place in places})


def _quantities(form: FilledForm, places: Sequence[Key] | None) -> list[str]:
    """The indicators that these cells state, or all of the form's."""
    rows = None if places is None else {place[:2] for place in places}
    return sorted(
        {
            line.indicator_code
            for number, table in enumerate(form.contract.tables, start=1)
            for line in table.lines
            if line.indicator_code is not None and (rows is None or (number, line.code) in rows)
        }
    )
