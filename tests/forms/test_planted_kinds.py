"""Every kind of error that is planted in a form: it stands where it says, and a check answers with
its sentence and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from filled_templates import filler

from expectations.findings import Finding
from expectations.validate import validate_submissions
from ingest import reference
from ingest.contract import all_contracts
from ingest.extract import ReadSubmission, submissions_of
from ingest.period import related
from ingest.simulation.dice import chance
from ingest.simulation.fill import Key
from ingest.simulation.model import read_model
from ingest.simulation.plant import COMMUNE_SUM, Form, Spoiled, kinds, plant
from ingest.simulation.plant_laws import LAW_PLANTERS
from ingest.simulation.sheet_edits import spoil_sheet
from ingest.simulation.sums import agencies, quantities, reporters
from ingest.simulation.write import Plan, _UnitWriter, months_from
from ingest.template import FilledForm, write_workbook
from ingest.workbook import read_workbook

CONTRACTS = {contract.id: contract for contract in all_contracts()}
FORM = {c.form: c for c in all_contracts() if c.reporting.frequency != "span"}
COMMUNES = [code for code, unit in reference.reporting_units().items() if unit.level == "commune"]

# kind, form, sender, period, what the officer reads; {cell} is where the error stands
SAID = [
    ("wrong_total", "kbnn_thu_nsnn_chi_tiet", "KBNN", "2026-02", "Ô {cell}: tổng "),
    ("digit_swapped", "giai_ngan_nguon_von", "STC", "2026-02", " cộng số trong kỳ (ô {cell})"),
    ("unit_1000", "kim_ngach_cua_khau", "HQ6", "2026-02", "Ô {cell}: "),
    ("required_blank", "giai_ngan_du_an", "SXD", "2026-02", "Ô {cell} (cột "),
    ("text_in_number", "tong_muc_ban_le", "TKT", "2026-02", "Ô {cell} ghi “khoảng "),
    ("falling_cumulative", "xa_thu_nsnn", COMMUNES[0], "2026-02", "Ô {cell}: lũy kế tháng 2/2026"),
    ("stale_period", "kim_ngach_cua_khau", "HQ6", "2026-02", "trùng hoàn toàn tháng 1/2026."),
    ("missing_row", "kim_ngach_cua_khau", "HQ6", "2026-02", "thiếu dòng “"),
    ("negative", "giai_ngan_du_an", "SXD", "2026-02", "Ô {cell}: -"),
    ("share_over_100", "chi_tieu_thang", "BHXH", "2026-02", "Ô {cell}: 112,5 ngoài khoảng"),
    ("unknown_code", "giai_ngan_du_an", "SXD", "2026-02", "Ô {cell} ghi “mã lạ 99”, không có"),
    ("wrong_period", "tong_muc_ban_le", "TKT", "2026-02", "Phần đầu biểu ghi "),
    ("broken_formula", "giai_ngan_nguon_von", "STC", "2026-02", "Ô {cell}: "),
    ("part_above_whole", "giai_phong_mat_bang", "BQLDA", "2026-Q2", "Ô {cell}: "),
    ("impossible_date", "moc_tien_do_du_an", "BQLDA", "2026-Q2",
     "Ô {cell} ghi “31/02/2026”, không phải ngày."),
    ("duplicate_row", "giai_ngan_du_an", "SXD", "2026-02", "trùng hoàn toàn khóa với dòng"),
    ("error_cell", "tong_muc_ban_le", "TKT", "2026-02", "Ô {cell} là ô báo lỗi của công thức."),
    ("unknown_line", "kim_ngach_cua_khau", "HQ6", "2026-02",
     "Ô {cell}: dòng “Nội dung tự ghi thêm” không có trong biểu nhưng có số liệu."),
    ("unknown_unit", "xa_ke_hoach_chi_tieu", COMMUNES[0], "2026",
     "Ô {cell} ghi đơn vị tính “thúng”, không có trong danh mục."),
    ("wrong_unit_line", "giai_ngan_nguon_von", "STC", "2026-02",
     "ghi đơn vị tính tỷ đồng, biểu mẫu dùng triệu đồng; số liệu được hiểu theo tỷ đồng."),
    ("unknown_unit_line", "giai_ngan_nguon_von", "STC", "2026-02",
     "Ô {cell} ghi đơn vị tính “quan tiền”, chưa hiểu là đơn vị nào."),
    ("unit_of_column", "giai_ngan_nguon_von", "STC", "2026-02",
     ", gấp khoảng 1.000 lần tháng 1/2026 ("),
    ("not_of_line", "kim_ngach_cua_khau", "HQ6", "2026-02",
     "Ô {cell} ghi 12,5; dòng “Hàng địa phương xuất khẩu” không có số liệu ở cột “"),
    ("unit_of_line", "chi_tieu_thang", "TKT", "2026-02", "Ô {cell} ghi đơn vị “"),
]  # fmt: skip


def _filled(form: str, unit: str, period: str) -> FilledForm:
    values = filler().values(FORM[form], unit, period)
    before = related(period, "previous")
    previous = filler().values(FORM[form], unit, before) if before else {}
    return FilledForm(FORM[form], unit, period, values, previous, True)


def _planted(form: FilledForm, kind: str) -> Spoiled | None:
    def choose(places: object) -> tuple[int, str, str] | None:
        found = sorted(places)  # type: ignore[call-overload]
        return found[int(len(found) * chance(kind))] if found else None

    return plant(Form(form.contract, form.period_key, form.values, form.previous, choose), kind)


def _findings(folder: Path, form: FilledForm, error: Spoiled | None) -> tuple[list[Finding], str]:
    """What is found in a form after the clean one of the period before, and the error's cell."""
    read: list[ReadSubmission] = []
    cell = ""
    before = related(form.period_key, "previous")
    if before is not None and form.previous:
        clean = FilledForm(form.contract, form.unit_code, before, form.previous, {}, True)
        write_workbook(folder / "before.xlsx", [clean])
        read += submissions_of(read_workbook(folder / "before.xlsx"), all_contracts()).submissions
    path = folder / "form.xlsx"
    if error is not None:
        form = FilledForm(
            form.contract, form.unit_code, form.period_key, error.values, form.previous, True
        )
    addresses = write_workbook(path, [form])
    if error is not None:
        cell = spoil_sheet(path, form, error, addresses)
    read += submissions_of(read_workbook(path), all_contracts()).submissions
    found = validate_submissions(CONTRACTS, enumerate(read, start=1))
    return [finding for each in found for finding in each.findings], cell


@pytest.mark.parametrize(("kind", "form", "unit", "period", "message"), SAID, ids=lambda v: str(v))
def test_what_is_planted_is_found_with_its_sentence_and_cell(
    tmp_path: Path, kind: str, form: str, unit: str, period: str, message: str
) -> None:
    clean = _filled(form, unit, period)
    assert _findings(tmp_path, clean, None)[0] == []
    error = _planted(clean, kind)
    assert error is not None
    found, cell = _findings(tmp_path, clean, error)
    said = message.format(cell=cell)
    answers = read_model().errors[kind]
    assert [f for f in found if f.rule in answers and said in f.message], [f.message for f in found]


def test_a_sheet_without_a_required_column_is_not_known(tmp_path: Path) -> None:
    form = _filled("giai_ngan_du_an", "SXD", "2026-02")
    look = Form(form.contract, form.period_key, form.values, form.previous, _plan_year)
    error = plant(look, "missing_column")
    assert error is not None
    path = tmp_path / "form.xlsx"
    spoiled = FilledForm(form.contract, form.unit_code, form.period_key, error.values, {}, True)
    cell = spoil_sheet(path, spoiled, error, write_workbook(path, [spoiled]))
    assert cell == "G11"
    reading = submissions_of(read_workbook(path), all_contracts())
    assert reading.submissions == ()
    assert [sheet.sheet for sheet in reading.unread_sheets] == ["DTC-GN"]


def _plan_year(places: Sequence[Key]) -> Key | None:
    return next((place for place in places if place[2] == "plan_year"), None)


def test_every_kind_is_asked_about() -> None:
    of_form = set(kinds()) - set(LAW_PLANTERS)
    assert {kind for kind, *_ in SAID} | {COMMUNE_SUM, "missing_column"} == of_form


@pytest.mark.parametrize(
    "kind", ["wrong_total", "duplicate_row", "impossible_date", "unknown_unit"]
)
def test_a_form_without_a_place_for_a_kind_gets_none(kind: str) -> None:
    assert _planted(_filled("xep_hang_cai_cach", "SNV", "2026"), kind) is None


# --- communes against the province ----------------------------------------------------------------


def _writer(tmp_path: Path, unit: str, communes: int, rate: float) -> _UnitWriter:
    plan = Plan(tmp_path, communes, months_from("2026-01", 2), 1, rate)
    return _UnitWriter(plan, unit, filler().world, filler())


def test_a_communes_untrue_figure_is_one_that_the_province_reports_too(tmp_path: Path) -> None:
    stated = reporters("2026-01")
    planted = 0
    for unit in COMMUNES[:10]:
        writer = _writer(tmp_path, unit, 65, 1.0)
        form = _filled("xa_thu_nsnn", unit, "2026-01")
        # everybody else is spoiled too: no sum could show it
        assert list(writer._summed(form, "2026-01")) == []
        writer = _writer(tmp_path, unit, 65, 0.1)
        for place in writer._summed(form, "2026-01"):
            of_place = dict(quantities(form.contract, unit, form.period_key))
            assert {who for _, who, _ in stated[of_place[place]]} <= set(agencies())
            planted += 1
    assert planted


def test_no_sum_is_spoiled_where_communes_are_missing_or_months_have_passed(tmp_path: Path) -> None:
    form = _filled("xa_thu_nsnn", COMMUNES[0], "2026-01")
    assert list(_writer(tmp_path, COMMUNES[0], 65, 0.1)._summed(form, "2026-01"))
    assert list(_writer(tmp_path, COMMUNES[0], 64, 0.1)._summed(form, "2026-01")) == []
    later = _filled("xa_thu_nsnn", COMMUNES[0], "2026-02")
    assert list(_writer(tmp_path, COMMUNES[0], 65, 0.1)._summed(later, "2026-02")) == []


def test_an_untrue_commune_changes_one_figure_and_no_other() -> None:
    unit = COMMUNES[0]
    form = _filled("xa_thu_nsnn", unit, "2026-01")
    places = frozenset(place for place, _ in quantities(form.contract, unit, form.period_key))
    look = Form(
        form.contract,
        form.period_key,
        form.values,
        {},
        lambda found: min(found, default=None),
        unit,
        places,
    )
    error = plant(look, COMMUNE_SUM)
    assert error is not None and error.place in places
    changed = {k for k in form.values if form.values[k] != error.values[k]}
    assert changed == {error.place}
    assert (
        plant(Form(form.contract, form.period_key, form.values, {}, look.choose), COMMUNE_SUM)
        is None
    )


def test_a_copy_is_one_error_of_the_file_and_names_the_first(tmp_path: Path) -> None:
    month = "2026-02"
    unit = next(u for u in COMMUNES if filler().world.chance("kind", "file", u, month) < 0.5)
    writer = _writer(tmp_path, unit, 3, 1.0)
    sheets = [_filled(form, unit, month) for form in ("xa_thu_nsnn", "xa_chi_nsnn")]
    path = tmp_path / unit / f"{unit}_{month}.xlsx"
    write_workbook(path, sheets)

    assert writer._spoil_file(path, month, sheets) == 1
    [copied] = writer.planted
    assert (copied.kind, copied.sheet, copied.cell) == ("duplicate_file", "", "")
    assert copied.file == f"{unit}/{unit}_{month}_lan2.xlsx"
    assert copied.original == f"{unit}/{unit}_{month}.xlsx"


def test_a_file_with_an_error_in_it_stays_in_its_own_folder(tmp_path: Path) -> None:
    month = "2026-02"
    unit = next(u for u in COMMUNES if filler().world.chance("kind", "file", u, month) >= 0.5)
    writer = _writer(tmp_path, unit, 3, 1.0)
    sheets = [_filled("xa_thu_nsnn", unit, month)]
    path = tmp_path / unit / f"{unit}_{month}.xlsx"
    write_workbook(path, sheets)
    writer._add(path, sheets[0], "negative", "D9", "1", "-1")

    assert writer._spoil_file(path, month, sheets) == 0
    assert path.exists()
    writer.planted.clear()
    assert writer._spoil_file(path, month, sheets) == 0
    assert not path.exists()
    [moved] = writer.planted
    assert (moved.kind, moved.original) == ("wrong_sender", unit)
    assert (tmp_path / moved.file).exists()
