"""Every kind of error that is planted in a form: it stands where it says, and a check answers with
its sentence and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from filled_templates import filler

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

# by form, sender and period of a year: every kind that is planted there, and what the officer
# reads; {cell} is where the error stands, {year} the year
SAID: dict[tuple[str, str, str], dict[str, str]] = {
    ("kbnn_thu_nsnn_chi_tiet", "KBNN", "02"): {"wrong_total": "Ô {cell}: tổng "},
    ("giai_ngan_nguon_von", "STC", "02"): {
        "digit_swapped": " cộng số trong kỳ (ô {cell})",
        "broken_formula": "Ô {cell}: ",
        "wrong_unit_line": (
            "ghi đơn vị tính tỷ đồng, biểu mẫu dùng triệu đồng; số liệu được hiểu theo tỷ đồng."
        ),
        "unknown_unit_line": ("Ô {cell} ghi đơn vị tính “quan tiền”, chưa hiểu là đơn vị nào."),
        "unit_of_column": ", gấp khoảng 1.000 lần tháng 1/{year} (",
    },
    ("kim_ngach_cua_khau", "HQ6", "02"): {
        "unit_1000": "Ô {cell}: ",
        "stale_period": "trùng hoàn toàn tháng 1/{year}.",
        "missing_row": "thiếu dòng “",
        "unknown_line": (
            "Ô {cell}: dòng “Nội dung tự ghi thêm” không có trong biểu nhưng có số liệu."
        ),
        "not_of_line": (
            "Ô {cell} ghi 12,5; dòng “Hàng địa phương xuất khẩu” không có số liệu ở cột “"
        ),
    },
    ("giai_ngan_du_an", "SXD", "02"): {
        "required_blank": "Ô {cell} (cột ",
        "negative": "Ô {cell}: -",
        "unknown_code": "Ô {cell} ghi “mã lạ 99”, không có",
        "duplicate_row": "trùng hoàn toàn khóa với dòng",
    },
    ("tong_muc_ban_le", "TKT", "02"): {
        "text_in_number": "Ô {cell} ghi “khoảng ",
        "wrong_period": "Phần đầu biểu ghi ",
        "error_cell": "Ô {cell} là ô báo lỗi của công thức.",
    },
    ("xa_thu_nsnn", COMMUNES[0], "02"): {"falling_cumulative": "Ô {cell}: lũy kế tháng 2/{year}"},
    ("chi_tieu_thang", "BHXH", "02"): {"share_over_100": "Ô {cell}: 112,5 ngoài khoảng"},
    ("chi_tieu_thang", "TKT", "02"): {"unit_of_line": "Ô {cell} ghi đơn vị “"},
    ("giai_phong_mat_bang", "BQLDA", "Q2"): {"part_above_whole": "Ô {cell}: "},
    ("moc_tien_do_du_an", "BQLDA", "Q2"): {
        "impossible_date": "Ô {cell} ghi “31/02/2026”, không phải ngày."
    },
    ("xa_ke_hoach_chi_tieu", COMMUNES[0], ""): {
        "unknown_unit": "Ô {cell} ghi đơn vị tính “thúng”, không có trong danh mục."
    },
}


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


def _read(path: Path) -> list[ReadSubmission]:
    return list(submissions_of(read_workbook(path), all_contracts()).submissions)


def _sent(
    folder: Path, form: FilledForm, error: Spoiled | None
) -> tuple[list[ReadSubmission], str]:
    """The clean form of the period before and this one, and the error's cell."""
    read: list[ReadSubmission] = []
    before = related(form.period_key, "previous")
    if before is not None and form.previous:
        clean = FilledForm(form.contract, form.unit_code, before, form.previous, {}, True)
        write_workbook(folder / "before.xlsx", [clean])
        read += _read(folder / "before.xlsx")
    path = folder / "form.xlsx"
    if error is None:
        write_workbook(path, [form])
        return read + _read(path), ""
    form = replace(form, values=error.values)
    cell = spoil_sheet(path, form, error, write_workbook(path, [form]))
    return read + _read(path), cell


@pytest.mark.parametrize(("place", "said"), SAID.items(), ids=lambda v: "-".join(v))
def test_what_is_planted_is_found_with_its_sentence_and_cell(
    tmp_path: Path, place: tuple[str, str, str], said: dict[str, str]
) -> None:
    """A clean form and each kind of error in a year of its own, all judged at once: no rule of a
    form looks from one year's February or second quarter at another's."""
    form, unit, part = place
    years = range(2026, 2026 + 2 * len(said) + 1, 2)
    submissions: list[ReadSubmission] = []
    sent: list[tuple[int, str | None, str, range]] = []
    for year, kind in zip(years, [None, *said], strict=True):
        clean = _filled(form, unit, f"{year}-{part}" if part else f"{year}")
        error = _planted(clean, kind) if kind is not None else None
        assert (kind is None) == (error is None), kind
        read, cell = _sent(tmp_path / str(year), clean, error)
        first = len(submissions) + 1
        submissions += read
        sent.append((year, kind, cell, range(first, first + len(read))))

    found = validate_submissions(CONTRACTS, enumerate(submissions, start=1))
    for year, kind, cell, numbers in sent:
        findings = [f for each in found for f in each.findings if f.submission_no in numbers]
        messages = [finding.message for finding in findings]
        if kind is None:
            assert messages == []
        else:
            answers = read_model().errors[kind]
            words = said[kind].format(cell=cell, year=year)
            assert [f for f in findings if f.rule in answers and words in f.message], messages


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
    planted = [kind for said in SAID.values() for kind in said]
    assert {*planted, COMMUNE_SUM, "missing_column", *LAW_PLANTERS} == set(kinds())


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
