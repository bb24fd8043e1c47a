"""Corrections change the cell that still says the wrong value, and say so once it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from expectations.gate import gate_before_dbt
from ingest.cell_tables import tables_of
from ingest.contract import Column, all_contracts
from ingest.corrections import (
    WrongValue,
    apply_corrections,
    failed_corrections,
    place_of,
    read_new_value,
    says,
)
from ingest.extract import read_submissions
from ingest.load import cells_as_read, load_cells, load_submissions
from ingest.register import HELD, Submission, judge, register
from warehouse.acts import Correction
from warehouse.connection import create_working
from warehouse.ledger import Receipt

SAMPLE = Path(__file__).resolve().parents[2] / "samples/inbox/HQ6/LS-06_2021-2025.xlsx"
FORM = "ls06_xuat_nhap_khau"
CONTRACTS = all_contracts()
CONTRACT = next(c for c in CONTRACTS if c.form == FORM)
CORRECTION = Correction(
    at="2026-11-22 09:00:00",
    owner="Lê Thị Thử",
    reason="Hải quan xác nhận",
    act_no=4,
    sheet="LS-06",
    cell="L17",
    expect="88",
    new_value="89",
    unit_code="HQ6",
    form_code=FORM,
    period_key="2021..2025",
)


@dataclass
class Loaded:
    """Files of one unit, one after the other, loaded into a working file."""

    connection: duckdb.DuckDBPyConnection
    submissions: list[Submission]

    def apply(self, *corrections: Correction) -> None:
        apply_corrections(self.connection, corrections, self.submissions, CONTRACTS)

    def failed(self, *corrections: Correction, held: int = 0) -> dict[int, str]:
        errors = {held: ["Ô D8: sai."]} if held else {}
        return failed_corrections(self.connection, corrections, judge(self.submissions, errors))

    def cell(self, number: int = 1) -> tuple[object, ...] | None:
        return self.connection.execute(
            "select state, number, printed_step, text from raw.cell_named "
            "where submission_no = ? and cell_ref = 'LS-06!L17'",
            [number],
        ).fetchone()


Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    connections = []

    def load_files(*values: str | float | None) -> Loaded:
        """One file a value of L17; None leaves it as it is (88)."""
        receipts, readings = [], []
        for number, value in enumerate(values, start=1):
            path = tmp_path / f"{number}.xlsx"
            shutil.copy(SAMPLE, path)
            if value is not None:
                book = openpyxl.load_workbook(path)
                book["LS-06"]["L17"] = value
                book.save(path)
            readings.append(read_submissions(path))
            receipts.append(
                Receipt(
                    number,
                    f"HQ6/{number}.xlsx",
                    f"sha{number}",
                    1,
                    "HQ6",
                    f"2026-11-2{number} 02:00:00",
                )
            )
        numbers = {receipt.file_sha256: n for n, receipt in enumerate(receipts)}
        by_sha = {r.file_sha256: reading for r, reading in zip(receipts, readings, strict=True)}
        submissions = register(receipts, by_sha, CONTRACTS)
        connection = create_working(tmp_path / "w.duckdb")
        connections.append(connection)
        load_submissions(connection, submissions)
        load_cells(connection, submissions, tables_of(readings), numbers)
        return Loaded(connection, submissions)

    yield load_files
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("typed", [None, 88.0])  # as a text, as a number
def test_cell_says_the_new_value_and_what_was_typed_is_kept(
    load: Load, typed: float | None
) -> None:
    loaded = load(typed)
    loaded.apply(CORRECTION)
    assert loaded.cell() == ("number", Decimal(89), Decimal(1), "89")
    assert loaded.connection.execute(
        "select act_no, typed_text, corrected_text, number_read from raw.correction"
    ).fetchall() == [(4, "88", "89", Decimal(88))]
    assert loaded.failed(CORRECTION) == {}


def test_gate_counts_what_was_read_not_what_was_corrected(load: Load) -> None:
    loaded = load(None)
    loaded.apply(replace(CORRECTION, new_value="1.234,5"))
    as_read = cells_as_read(loaded.submissions)
    checks = {c.name: c.passed for c in gate_before_dbt(loaded.connection, 1, as_read, [])}
    assert checks["every_cell_was_loaded"]
    loaded.connection.execute(
        "delete from raw.cell where rowid = (select max(rowid) from raw.cell)"
    )
    checks = {c.name: c.passed for c in gate_before_dbt(loaded.connection, 1, as_read, [])}
    assert not checks["every_cell_was_loaded"]


def test_a_cell_that_says_something_else_is_left_alone_and_said(load: Load) -> None:
    loaded = load("90")
    loaded.apply(CORRECTION)
    assert loaded.cell() == ("number", Decimal(90), Decimal(1), "90")
    assert loaded.failed(CORRECTION) == {
        4: "Việc sửa số liệu số 4 không còn được áp dụng: ô LS-06!L17 của tệp HQ6/1.xlsx nay ghi "
        "“90”, không còn là “88”. Đề nghị kiểm tra, rồi rút lại bằng lệnh kho withdraw 4."
    }


def test_a_mended_file_is_said_and_the_old_one_stays_corrected(load: Load) -> None:
    loaded = load(None, "89")
    loaded.apply(CORRECTION)
    assert loaded.cell(1) == ("number", Decimal(89), Decimal(1), "89")
    assert loaded.cell(2) == ("number", Decimal(89), Decimal(1), "89")
    [sentence] = loaded.failed(CORRECTION).values()
    assert "nơi gửi đã sửa, ô LS-06!L17 của tệp HQ6/2.xlsx nay ghi “89”" in sentence
    # while the mended file is held the corrected one is in force, and so is the correction
    assert judge(loaded.submissions, {2: ["x"]})[1].status == HELD
    assert loaded.failed(CORRECTION, held=2) == {}


def test_a_correction_of_one_file_is_none_of_the_next(load: Load) -> None:
    of_file = replace(
        CORRECTION, file_sha256="sha1", unit_code=None, form_code=None, period_key=None
    )
    loaded = load(None, "88")
    loaded.apply(of_file)
    assert loaded.cell(1) == ("number", Decimal(89), Decimal(1), "89")
    assert loaded.cell(2) == ("number", Decimal(88), Decimal(1), "88")
    [sentence] = loaded.failed(of_file).values()
    assert "HQ6/2.xlsx vẫn ghi “88”, nhưng việc sửa chỉ dành cho tệp trước" in sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit_code": "STC"}, "không có lần gửi nào ứng với việc sửa này"),
        ({"cell": "L999"}, "ô LS-06!L999 của tệp HQ6/1.xlsx không có trong bảng của biểu"),
        ({"sheet": "Khác"}, "ô Khác!L17 của tệp HQ6/1.xlsx không có trong bảng của biểu"),
        ({"new_value": "tám chín"}, "không nhận giá trị “tám chín”"),
    ],
)
def test_a_correction_that_cannot_apply_is_said(
    load: Load, change: dict[str, str], words: str
) -> None:
    correction = replace(CORRECTION, **change)
    loaded = load(None)
    loaded.apply(correction)
    assert loaded.cell() == ("number", Decimal(88), Decimal(1), "88")
    assert words in loaded.failed(correction)[4]


def column(kind: str) -> Column:
    return next(c for t in CONTRACT.tables for c in t.columns if c.role == kind)


@pytest.mark.parametrize(
    ("text", "state", "number", "step"),
    [
        ("1.234,5", "number", Decimal("1234.5"), Decimal("0.1")),
        ("-7", "number", Decimal(-7), Decimal(1)),
        ("…", "not_collected", None, None),
        ("-", "none", None, None),
        ("", "blank", None, None),
    ],
)
def test_a_new_figure_is_read_in_vietnamese_style(
    text: str, state: str, number: Decimal | None, step: Decimal | None
) -> None:
    value = read_new_value(column("value"), text)
    assert (value.state, value.number, value.printed_step) == (state, number, step)


@pytest.mark.parametrize("text", ["12a", "1,234.5", "khoảng 50"])
def test_what_is_no_figure_is_no_new_value(text: str) -> None:
    with pytest.raises(WrongValue, match="không phải là số viết theo kiểu Việt Nam"):
        read_new_value(column("value"), text)


def test_a_new_code_is_read_as_its_column_reads_codes() -> None:
    direction = next(c for t in CONTRACT.tables for c in t.columns if c.field == "direction")
    assert read_new_value(direction, "Xuất khẩu").code == "export"
    with pytest.raises(WrongValue, match="“Xuất chui” không phải là giá trị của cột"):
        read_new_value(direction, "Xuất chui")


@pytest.mark.parametrize(
    ("expected", "text", "number", "agrees"),
    [
        ("88", None, Decimal(88), True),
        ("1.234,5", None, Decimal("1234.5"), True),
        ("1234.5", None, Decimal("1234.5"), True),
        ("88", None, Decimal("88.5"), False),
        ("15.97l,5", "15.97l,5", None, True),
        ("15.97l,5", "15.971,5", Decimal("15971.5"), False),
        ("88", "88,0", Decimal(88), False),  # as typed: a text is not its number
        ("", None, None, True),
        ("", None, Decimal(0), False),
    ],
)
def test_a_cell_says_what_is_expected_or_not(
    expected: str, text: str | None, number: Decimal | None, agrees: bool
) -> None:
    assert says(expected, text, number) is agrees


def test_addresses() -> None:
    assert place_of("AB12") == (12, 28)
    for wrong in ("12", "B", "b2", "B0", "B2:C3"):
        with pytest.raises(WrongValue, match="không phải là địa chỉ ô"):
            place_of(wrong)
