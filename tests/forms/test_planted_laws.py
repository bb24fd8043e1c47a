"""What breaks a law or a plan stands in the file at the cell that the truth names, and the form is
right in itself; so does a wrong digit that no rule can know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from filled_templates import filler

from ingest import reference
from ingest.contract import all_contracts
from ingest.simulation import deadlines
from ingest.simulation.dice import chance
from ingest.simulation.fill import Filler, Key
from ingest.simulation.model import read_model
from ingest.simulation.plant import plant
from ingest.simulation.plant_laws import LAW_PLANTERS
from ingest.simulation.spoiled import Form, Spoiled
from ingest.simulation.world import World
from ingest.simulation.write import Plan, _UnitWriter, months_from
from ingest.template import FilledForm, due_forms, sheet_name, write_workbook
from ingest.template_values import TableValues, total_columns

FORM = {c.form: c for c in all_contracts() if c.reporting.frequency != "span"}
COMMUNES = [code for code, unit in reference.reporting_units().items() if unit.level == "commune"]
BOUND = next(unit for unit in COMMUNES if deadlines.is_bound(unit))
STATUS = reference.vocabulary("request_status")

# kind, form, sender, month, field of the cell, and what the cell says then (None: anything else)
LAWS = [
    ("milestone_order", "moc_tien_do_du_an", BOUND, "2026-06", None, None),
    ("adjustment_too_late", "dieu_chinh_ke_hoach_von", BOUND, "2026-06", "requested_on",
     datetime(2026, 6, 27)),
    ("adjustment_too_late", "dieu_chinh_ke_hoach_von", BOUND, "2026-12", "requested_on",
     datetime(2026, 12, 16)),
    ("decided_before_asked", "dieu_chinh_ke_hoach_von", BOUND, "2026-06", "decided_on", None),
    ("overdue_advance", "giai_ngan_du_an", BOUND, "2026-09", "advance_overdue", None),
    ("no_one_responsible", "moc_tien_do_du_an", BOUND, "2026-06", "responsible_post", ""),
    ("counterpart_short", "chuong_trinh_muc_tieu", "SNNMT", "2026-12",
     "counterpart_allocated", None),
    ("council_below_assigned", "xa_thu_nsnn", BOUND, "2026-02", "estimate_council", None),
    ("wrong_share", "kbnn_thu_nsnn_chi_tiet", "KBNN", "2026-02", "central_cumulative", None),
    ("wrong_share", "ns02_nguon_cai_cach_tien_luong", "STC", "2026-06", None, None),
    ("arrears", "ns03_du_phong_chuyen_nguon", COMMUNES[0], "2026-06", "closing", 35),
    ("wrong_route", "ns04_de_nghi_bo_sung_kinh_phi", COMMUNES[0], "2026-06",
     "lead_unit_code", None),
    ("above_all_of_it", "chi_tieu_thang", "VPUBND", "2026-02", "cumulative", None),
    ("plausible_digit", "du_an_ngoai_ngan_sach", "STC", "2026-06", None, None),
]  # fmt: skip


def choose(places: Sequence[Key]) -> Key | None:
    found = sorted(places)
    return found[int(len(found) * chance("laws", len(found)))] if found else None


def filled(form: str, unit: str, month: str, fill: Filler | None = None) -> FilledForm:
    [(contract, period)] = due_forms([FORM[form]], unit, month)
    return FilledForm(contract, unit, period, (fill or filler()).values(contract, unit, period))


def planted(form: FilledForm, kind: str) -> Spoiled | None:
    look = Form(form.contract, form.period_key, form.values, {}, choose, form.unit_code)
    return plant(look, kind)


def with_requests(form: FilledForm) -> FilledForm:
    """The form with one request that waits for its decision, and one that was refused."""
    day = date(2026, int(form.period_key[-1]) * 3, 3)
    asked = {"requested_on": day, "decrease": Decimal(5), "increase": Decimal(0)}
    rows = {
        "1": {**asked, "request_status": STATUS["pending"]},
        "2": {**asked, "request_status": STATUS["refused"], "decided_on": day.replace(day=9)},
    }
    values = {(1, row, field): v for row, cells in rows.items() for field, v in cells.items()}
    others = {key: value for key, value in form.values.items() if key[1] not in rows}
    return FilledForm(form.contract, form.unit_code, form.period_key, {**others, **values})


@pytest.mark.parametrize(
    ("kind", "form", "unit", "month", "field", "says"), LAWS, ids=lambda value: str(value)
)
def test_what_breaks_a_law_stands_at_the_cell_that_is_named(
    tmp_path: Path,
    kind: str,
    form: str,
    unit: str,
    month: str,
    field: str | None,
    says: object,
) -> None:
    clean = filled(form, unit, month)
    if form == "dieu_chinh_ke_hoach_von":
        clean = with_requests(clean)
    error = planted(clean, kind)
    assert error is not None and error.place is not None
    assert field in (None, error.place[2])
    path = tmp_path / "form.xlsx"
    spoiled = FilledForm(clean.contract, unit, clean.period_key, error.values)
    address = write_workbook(path, [spoiled])[form, *error.place]
    value = openpyxl.load_workbook(path, data_only=True)[sheet_name(clean.contract)][address].value
    if isinstance(value, datetime):
        assert str(value.date()) == error.planted != error.original
    elif isinstance(value, int | float):
        assert Decimal(str(value)) == Decimal(error.planted) != Decimal(error.original)
    else:
        assert (value or "") == error.planted != error.original
    if says is not None:
        assert (value or "") == says


def test_a_round_closes_only_for_units_that_the_plan_binds() -> None:
    unit = next(unit for unit in COMMUNES if not deadlines.is_bound(unit))
    asked = with_requests(filled("dieu_chinh_ke_hoach_von", unit, "2026-06"))
    assert planted(asked, "adjustment_too_late") is None
    assert planted(asked, "decided_before_asked") is not None


def test_a_shares_levels_still_make_the_whole() -> None:
    clean = filled("kbnn_thu_nsnn_chi_tiet", "KBNN", "2026-02")
    error = planted(clean, "wrong_share")
    assert error is not None and error.place is not None
    [table] = clean.contract.tables
    whole = table.column("outturn_cumulative")
    was, now = (
        TableValues(1, table, values, total_columns(clean.contract)).value(error.place[1], whole)
        for values in (clean.values, error.values)
    )
    assert was == now is not None


def test_every_kind_breaks_a_rule_or_is_said_to_be_unknowable() -> None:
    model = read_model()
    assert set(LAW_PLANTERS) == {kind for kind, *_ in LAWS}
    assert set(model.law_errors) | set(model.unknowable_errors) == {
        *LAW_PLANTERS,
        *deadlines.KINDS,
    }
    assert not any(model.errors.get(kind) for kind in model.unknowable_errors)


def test_late_projects_are_written_down_with_the_cells_that_show_them(tmp_path: Path) -> None:
    world = World(5, read_model(), 0.3)
    plan = Plan(tmp_path, 65, months_from("2026-06", 1), 5, 0.0)
    writer = _UnitWriter(plan, BOUND, world, Filler(world, world.projects))
    writer.write_month("2026-06")
    assert {row.kind for row in writer.planted} == set(deadlines.KINDS)
    for row in writer.planted:
        sheet = openpyxl.load_workbook(tmp_path / row.file, data_only=True)[row.sheet]
        value = sheet[row.cell].value
        assert (row.unit, row.touched) == (BOUND, "")
        if row.kind == deadlines.LATE_DISBURSEMENT:
            assert Decimal(str(value)) == Decimal(row.planted)
            assert row.original.endswith(" %")
        else:
            assert str(value.date() if isinstance(value, datetime) else value or "") == row.planted
            assert date.fromisoformat(row.original) == date(2026, 6, 30)
