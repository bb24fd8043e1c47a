"""A unit that the sheet states and the form does not use reaches the facts: equal amounts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from ingest.normalise import read_number_text
from tests.integration.conftest import SAMPLES, Built

FORM = "LS-05"
AMOUNTS = (
    "select fact_key, amount_vnd from fct_investment where form_code = 'ls05_von_nong_thon_moi'"
    " and amount_vnd is not null and is_current order by fact_key"
)


def in_millions(path: Path) -> int:
    """Say millions for billions in the header of the amounts, and write them so; the total, which
    was rounded to billions, is made what its parts are."""
    book = openpyxl.load_workbook(path)
    sheet = book[FORM]
    [header] = [cell for row in sheet.iter_rows() for cell in row if "(tỷ đồng)" in str(cell.value)]
    header.value = str(header.value).replace("(tỷ đồng)", "(triệu đồng)")
    changed = 0
    for row in range(header.row + 1, sheet.max_row + 1):
        cell = sheet.cell(row, header.column)
        reading = read_number_text(str(cell.value or ""), "vietnamese")
        if reading.value is not None and row > header.row + 1:  # not the row of column numbers
            cell.value = float(reading.value * 1000)
            changed += 1
    total = next(
        sheet.cell(row, header.column)
        for row in range(header.row + 2, sheet.max_row + 1)
        if isinstance(sheet.cell(row, header.column).value, float)
    )
    total.value += 600
    book.save(path)
    return changed


def test_amounts_in_millions_are_those_in_billions(
    built: Built, tmp_path: Path, nightly: Callable[[Path, Path, str], Any]
) -> None:
    inbox = tmp_path / "inbox"
    [source] = SAMPLES.glob(f"*/{FORM}_*.xlsx")
    target = inbox / source.parent.name / source.name
    target.parent.mkdir(parents=True)
    shutil.copy(source, target)
    assert in_millions(target) > 3
    run = nightly(tmp_path / "home", inbox, "2026-11-22T02:00")
    assert run.returncode == 0, run.stdout + run.stderr
    other = Built(tmp_path / "home", run.stdout)
    expected, found = dict(built.query(AMOUNTS)), dict(other.query(AMOUNTS))
    assert found.keys() == expected.keys()
    differ = {key: found[key] - expected[key] for key in expected if found[key] != expected[key]}
    assert len(expected) == 7
    assert list(differ.values()) == [Decimal(600_000_000)]
    [(message,)] = other.query("select message from dq_result where rule = 'unit_line_differs'")
    assert message == (
        f"Trang “{FORM}” ghi đơn vị tính triệu đồng, biểu mẫu dùng tỷ đồng;"
        " số liệu được hiểu theo triệu đồng."
    )
