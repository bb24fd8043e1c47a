"""The columns of an area: the units that the sheet states, and codes, days and words as typed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_areas import FORMS, LINES, RECORDS, area_of, line, record

from ingest import reference
from ingest.areas import AreaRead
from ingest.cells import CellColumns, ReadCell
from ingest.columns import (
    AreaUnits,
    figure_unit,
    read_columns,
    read_day,
    unit_factor,
    units_of_area,
)
from ingest.locate import ColumnMatch
from ingest.workbook import Odd, Sheet

REVENUE = FORMS["b60_thu_nsnn"]  # million_vnd in two columns, percentages in two

# --- days -----------------------------------------------------------------------------------------

days = st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31))
PRINTED = (
    "{d:02d}/{m:02d}/{y}", "{d}/{m}/{y}", "{d}-{m}-{y}", "{d:02d}.{m:02d}.{y}", "{d} / {m} / {y}",
    "ngày {d} tháng {m} năm {y}", "{d:02d} tháng {m:02d} năm {y}", "Ngày {d:02d}/{m:02d}/{y}",
    "NGÀY {d} THÁNG {m} NĂM {y}", "{y}-{m:02d}-{d:02d}", "{y}-{m:02d}-{d:02d} 00:00:00",
    "ngày: {d}/{m}/{y}", " {d}/{m}/{y} ",
)  # fmt: skip


@given(days, st.sampled_from(PRINTED))
def test_printed_day_is_read_back(day: dt.date, printed: str) -> None:
    text = printed.format(d=day.day, m=day.month, y=day.year)
    assert read_day(text, text) == day.isoformat()


@given(st.dates(dt.date(2000, 1, 1), dt.date(2060, 12, 31)))
def test_day_is_read_from_its_cell_its_number_and_its_short_year(day: dt.date) -> None:
    assert read_day(day, day.isoformat()) == day.isoformat()
    noon = dt.datetime.combine(day, dt.time(12))
    assert read_day(noon, noon.isoformat()) == day.isoformat()
    serial = float((day - dt.date(1899, 12, 30)).days)
    assert read_day(serial, f"{serial:.15g}") == day.isoformat()
    short = f"{day.day}/{day.month}/{day.year % 100:02d}"
    assert read_day(short, short) == day.isoformat()


@pytest.mark.parametrize(
    "text",
    ["31/02/2026", "13/13/2026", "00/01/2026", "6/2026", "30/6", "tháng 6/2026", "2026",
     "5 tháng 6",
     "30/06/2026 (dự kiến)", "trước 30/06/2026", "30/06/026", "٣٠/٠٦/٢٠٢٦", "30/06/2026/1", "", "x",
     "ngày 31 tháng 4 năm 2026", "2026-02-30"],
)  # fmt: skip
def test_text_that_is_no_day(text: str) -> None:
    assert read_day(text, text) is None


@pytest.mark.parametrize(
    "value", [20260630.0, 36525.0, 58807.0, 45000.5, 30.0, True, dt.time(8, 0)]
)
def test_number_that_is_no_day(value: Any) -> None:
    assert read_day(value, str(value)) is None


@pytest.mark.parametrize("year", [1899, 1989, 2101])
def test_day_of_a_year_far_off_is_none(year: int) -> None:
    day = dt.date(year, 1, 1)
    assert read_day(day, day.isoformat()) is None


@given(st.text(max_size=20))
def test_any_text_is_a_day_or_none(text: str) -> None:
    found = read_day(text, text)
    assert found is None or dt.date.fromisoformat(found)


# --- cells ----------------------------------------------------------------------------------------

MILESTONES = FORMS["moc_tien_do_du_an"].tables[0]
DAY = next(column.field for column in MILESTONES.columns if column.type == "date")


def read(area: AreaRead, field: str) -> list[ReadCell]:
    cells = CellColumns()
    read_columns(area, 1, AreaUnits(), None, cells)
    return [cell for cell in cells if cell.col_no == area.match.columns[field]]


def milestones(*values: Any) -> list[ReadCell]:
    """Days in a column of dates, on a sheet with nothing else."""
    width = len(MILESTONES.columns)
    at = next(n for n, column in enumerate(MILESTONES.columns) if column.field == DAY)
    grid: list[list[Any]] = [[""] * width for _ in range(1 + len(values))]
    for row, value in enumerate(values, start=1):
        grid[row][at] = value
    columns = {column.field: n for n, column in enumerate(MILESTONES.columns, start=1)}
    match = ColumnMatch(1, 1, columns, (), ())
    rows = [(row, None) for row in range(2, 2 + len(values))]
    area = AreaRead(1, MILESTONES, Sheet("S", grid), match, rows, 1 + len(values))
    return read(area, DAY)


def test_days_beside_typed_days_above_the_twelfth_are_held() -> None:
    cells = milestones(dt.date(2026, 3, 4), "13/04/2026", dt.date(2026, 5, 5), "-", "25/12/2026")
    assert [(cell.code, cell.problem) for cell in cells] == [
        (None, "date_ambiguous"), ("2026-04-13", None), ("2026-05-05", None), (None, None),
        ("2026-12-25", None),
    ]  # fmt: skip
    assert cells[0].text == "2026-03-04"


@pytest.mark.parametrize(
    "values",
    [[dt.date(2026, 3, 4), "03/04/2026", "13/04/2026"], [dt.date(2026, 3, 4), dt.date(2026, 4, 13)],
     [dt.date(2026, 3, 4), "13/04/2026", dt.date(2026, 4, 13)], [dt.date(2026, 3, 4)],
     [dt.date(2026, 3, 4), "chưa có"]],
)  # fmt: skip
def test_day_is_read_where_the_column_shows_no_other_locale(values: list[Any]) -> None:
    assert milestones(*values)[0].code == "2026-03-04"


def test_text_that_is_no_day_has_its_problem_and_stays_as_typed() -> None:
    [cell] = milestones("giữa tháng 6")
    assert (cell.state, cell.text, cell.problem) == ("unread", "giữa tháng 6", "date_unknown")


@pytest.mark.parametrize(
    ("field", "value", "code", "problem"),
    [
        ("measure", "MỨC", "level", None), ("measure", "  mức ", "level", None),
        ("measure", "mước", None, "code_unknown"), ("period_key", "Quý II/2026", "2026-Q2", None),
        ("period_key", 2025.0, "2025", None), ("period_key", "dạo này", None, "period_unknown"),
        ("unit", "héc ta", "ha", None), ("unit", "hec ta", None, "unit_unknown"),
        ("data_unit_code", 20.0, "20", None), ("data_unit_code", "020", None, "code_unknown"),
        ("comparator", "Trên", ">", None), ("comparator", "hình như", None, "comparator_unknown"),
        ("comparator", "-", None, "comparator_unknown"),
        ("unit", Odd("error_cell", "#N/A"), None, "error_cell"),
        ("locator", Odd("formula_without_value", "=A1"), None, "formula_without_value"),
    ],
)  # fmt: skip
def test_coded_cell(field: str, value: Any, code: str | None, problem: str | None) -> None:
    [cell] = read(area_of(RECORDS, [record(**{field: value})]), field)
    assert (cell.code, cell.problem) == (code, problem)
    assert cell.state == ("unread" if problem else "code")
    assert cell.text is not None


def test_one_word_is_read_by_the_list_of_its_own_column() -> None:
    """What a word came to is kept, for that list and kind alone."""
    fields = ("measure", "unit", "period_key", "comparator", "measure")
    area = area_of(RECORDS, [record(**dict.fromkeys(fields, "mức"))])
    assert [read(area, field)[0].code for field in fields] == ["level", None, None, None, "level"]


@pytest.mark.parametrize(
    ("value", "state", "text"),
    [("", "blank", None), ("-", "none", "-"), ("x", "not_applicable", "x"),
     ("…", "not_collected", "…"), ("Ghi chú", "text", "Ghi chú"), (5.0, "text", "5"),
     (True, "text", "TRUE"), (dt.date(2026, 3, 4), "text", "2026-03-04")],
)  # fmt: skip
def test_cell_of_words(value: Any, state: str, text: str | None) -> None:
    [cell] = read(area_of(RECORDS, [record(note=value)]), "note")
    assert (cell.state, cell.text, cell.problem) == (state, text, None)


def test_words_that_were_decoded_are_kept_as_typed() -> None:
    """The sheet holds what an old font meant, and beside it what was typed."""
    area = area_of(RECORDS, [record(note="Tổng thu", value="1.234,5")])
    typed = {
        (area.match.bottom + 1, area.match.columns["note"]): "Tæng thu",
        (area.match.bottom + 1, area.match.columns["value"]): "1.234,5 ",
    }
    area.sheet.typed.update(typed)
    [note], [value] = read(area, "note"), read(area, "value")
    assert (note.code or note.text, note.problem) == ("Tổng thu", None)
    assert note.text == "Tæng thu"
    assert (value.number, value.text) == (Decimal("1234.5"), "1.234,5 ")


def test_every_cell_of_an_area_is_read_once() -> None:
    area = area_of(RECORDS, [record(), record(locator="P2")])
    cells = CellColumns()
    read_columns(area, 3, AreaUnits(), None, cells)
    assert len(cells) == 2 * len(RECORDS.columns)
    assert {cell.area_no for cell in cells} == {3}
    assert len({(cell.row_no, cell.col_no) for cell in cells}) == len(cells)


def test_area_without_rows_gives_no_cells() -> None:
    cells = CellColumns()
    read_columns(area_of(LINES, []), 1, AreaUnits(), None, cells)
    assert len(cells) == 0


def test_figure_may_carry_the_unit_of_its_own_row() -> None:
    rows = [record(value="12 ha"), record(value="12 tấn", locator="P2")]
    assert [c.number for c in read(area_of(RECORDS, rows), "value")] == [Decimal(12), None]


# --- units ----------------------------------------------------------------------------------------


def revenue(**headers: str) -> AreaRead:
    """An area of the form, whose headers name these units."""
    table = REVENUE.tables[0]
    columns = {column.field: n for n, column in enumerate(table.columns, start=1)}
    match = ColumnMatch(5, 6, columns, (), (), units=headers)
    return AreaRead(1, table, Sheet("S"), match, [], 6)


def said(found: AreaUnits) -> list[tuple[str, int | None, str]]:
    return [(r.rule, r.col_no, dict(r.detail)["value"]) for r in found.remarks]


def test_unit_of_the_form_needs_no_word() -> None:
    for measure in (None, "million_vnd"):
        found = units_of_area(REVENUE, revenue(estimate_assigned="million_vnd"), measure)
        assert (found.by_field, found.remarks) == ({}, [])


def test_unit_above_the_table_is_that_of_all_columns_of_money() -> None:
    found = units_of_area(REVENUE, revenue(), "billion_vnd")
    assert found.by_field == {
        "estimate_assigned": "billion_vnd", "outturn_cumulative": "billion_vnd",
    }  # fmt: skip
    assert said(found) == [("unit_line_differs", None, "tỷ đồng")]


def test_unit_of_a_header_is_that_of_its_column_alone() -> None:
    found = units_of_area(REVENUE, revenue(estimate_assigned="thousand_vnd"), None)
    assert found.by_field == {"estimate_assigned": "thousand_vnd"}
    assert said(found) == [("unit_line_differs", 3, "nghìn đồng")]


@pytest.mark.parametrize("header", ["thousand_vnd", "million_vnd"])
def test_unit_of_a_header_contradicts_another_above_the_table(header: str) -> None:
    area = revenue(estimate_assigned=header)
    found = units_of_area(REVENUE, area, "billion_vnd")
    name = reference.units()[header].name_vi
    assert said(found)[0] == (
        "unit_line_contradiction", area.match.columns["estimate_assigned"],
        f"“{name}” và “tỷ đồng”",
    )  # fmt: skip
    assert "estimate_assigned" not in found.by_field


def test_unit_of_another_quantity_is_a_contradiction_at_its_column() -> None:
    area = revenue(estimate_assigned="million_usd")
    found = units_of_area(REVENUE, area, None)
    assert found.by_field == {}
    assert said(found) == [
        ("unit_line_contradiction", area.match.columns["estimate_assigned"],
         "“triệu USD” và “triệu đồng”")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "factor"),
    [(None, "1"), ("vnd", "0.000001"), ("thousand_vnd", "0.001"), ("billion_vnd", "1000")],
)
def test_factor_brings_a_figure_into_the_unit_of_the_form(stated: str | None, factor: str) -> None:
    assert unit_factor(REVENUE.tables[0], "estimate_assigned", stated) == Decimal(factor)


def test_names_of_a_unit_behind_a_figure_are_those_of_the_seed() -> None:
    assert {"triệu đồng", "tr đồng", "trđ"} <= figure_unit("million_vnd", False).names
    assert figure_unit(None, False).names == frozenset()
    names = {code: figure_unit(code, False).names for code in reference.units()}
    for code, own in names.items():
        assert not any(own & other for each, other in names.items() if each != code), code


def test_unit_that_counts_things_counts_whole_ones() -> None:
    assert figure_unit("people", False).is_whole
    assert not figure_unit("thousand_people", False).is_whole
    assert not figure_unit("million_vnd", False).is_whole
    assert figure_unit(None, True).is_whole


def test_figures_stay_as_typed_whatever_unit_is_stated() -> None:
    cells = CellColumns()
    area = area_of(LINES, [line(LINES.lines[0].label_vi, 5.0)])
    field = next(c.field for c in LINES.columns if c.unit == "billion_vnd")
    read_columns(area, 1, AreaUnits({field: "million_vnd"}), None, cells)
    at = area.match.columns[field]
    assert [cell.number for cell in cells if cell.col_no == at] == [Decimal(5)]
