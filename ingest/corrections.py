"""Corrections of the data team, applied to cells that were read, before any rule looks at them.

The archive keeps the original, raw.correction keeps what was typed and read, raw.cell says the new
value. A correction applies only to a cell that says what the correction expects. Once the
submission in force says anything else, that is said aloud (`failed_corrections`): nobody may go on
believing that a figure is being mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from expectations.numbers import cell_place
from ingest.cells import STATES
from ingest.columns import read_word
from ingest.contract import Column, Contract
from ingest.normalise import NUMBER, clean, nil_state, read_number_text
from ingest.register import ACCEPTED, Submission
from warehouse.acts import Correction

# what a row is was decided when the form was found: its label cannot be corrected afterwards
_NAMES_THE_ROW = ("line", "symbol")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission_no": pl.Int32,
    "area_no": pl.Int16,
    "row_no": pl.Int32,
    "col_no": pl.Int16,
    "act_no": pl.Int32,
    "typed_text": pl.String,
    "corrected_text": pl.String,
    "state": pl.String,
    "number": pl.Decimal(38, 12),
    "printed_step": pl.Decimal(38, 12),
    "text": pl.String,
    "code": pl.String,
}


class WrongValue(ValueError):
    """The new value is no value of its column; the text says why, in Vietnamese."""


@dataclass(frozen=True)
class NewValue:
    """A corrected cell as raw.cell says it."""

    state: str
    number: Decimal | None = None
    printed_step: Decimal | None = None
    text: str | None = None
    code: str | None = None


def read_new_value(column: Column, text: str) -> NewValue:
    """Read a new value as if it had been typed as text, numbers in Vietnamese style, in the unit
    that the column has on the sheet. Raises WrongValue."""
    if column.role in _NAMES_THE_ROW:
        raise WrongValue("ô này là tên dòng, không phải số liệu")
    if not clean(text):
        return NewValue("blank")
    if not column.is_numeric:
        state, words, code, problem = read_word(column, text)
        if problem is not None:
            raise WrongValue(f"“{text}” không phải là giá trị của cột “{column.header[-1]}”")
        return NewValue(STATES[state], text=words, code=code)
    if (nil := nil_state(text)) is not None:
        return NewValue(nil, text=text)
    reading = read_number_text(text, "vietnamese")
    if reading.value is None or reading.problem is not None:
        raise WrongValue(
            f"“{text}” không phải là số viết theo kiểu Việt Nam (dấu chấm ngăn hàng nghìn, "
            "dấu phẩy thập phân)"
        )
    return NewValue(NUMBER, reading.value, reading.step, text)


def says(expected: str, text: str | None, number: Decimal | None) -> bool:
    """Whether a cell says what a correction expects: its text as typed, or, for a cell that was
    typed as a number, that number."""
    if text is not None:
        return clean(text) == clean(expected)
    if number is None:
        return not clean(expected)
    reading = read_number_text(expected, "vietnamese")
    if reading.problem is not None:
        reading = read_number_text(expected, "english")
    return reading.value == number


def shown(text: str | None, number: Decimal | None) -> str:
    """What a cell says, as officers write it."""
    if text is not None or number is None:
        return text or ""
    return f"{number.normalize():f}".replace(".", ",")


def place_of(address: str) -> tuple[int, int]:
    """Row and column of `B12`. Raises WrongValue."""
    place = cell_place(address)
    if place is None:
        raise WrongValue(f"“{address}” không phải là địa chỉ ô; ví dụ B12")
    return place


def targets_of(correction: Correction, submissions: Sequence[Submission]) -> list[Submission]:
    """The submissions that a correction is about: those in its file, or all of its unit, form and
    period."""
    if correction.file_sha256 is not None:
        sha = correction.file_sha256
        return [s for s in submissions if s.read is not None and s.receipt.file_sha256 == sha]
    key = (correction.unit_code, correction.form_code, correction.period_key)
    return [s for s in submissions if s.key == key]


_CELLS_AT = """
select c.submission_no, c.area_no, c.row_no, c.col_no, c.number, c.text, a.table_no, k.field
from raw.cell as c
inner join raw.sheet_area as a using (submission_no, area_no)
inner join raw.sheet_column as k using (submission_no, area_no, col_no)
where c.submission_no in (select unnest(?)) and a.sheet_name = ? and c.row_no = ? and c.col_no = ?
"""


def apply_corrections(
    connection: duckdb.DuckDBPyConnection,
    corrections: Sequence[Correction],
    submissions: Sequence[Submission],
    contracts: Iterable[Contract],
) -> None:
    """Change the cells in raw.cell that say what a correction expects; keep what they said in
    raw.correction. Of several corrections of one cell the last counts."""
    by_id = {contract.id: contract for contract in contracts}
    by_number = {s.submission_no: s for s in submissions}
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for correction in corrections:
        numbers = [s.submission_no for s in targets_of(correction, submissions)]
        row, col = place_of(correction.cell)
        for number, area, _, _, typed, text, table, field in connection.execute(
            _CELLS_AT, [numbers, correction.sheet, row, col]
        ).fetchall():
            read = by_number[number].read
            assert read is not None  # it has cells
            column = by_id[f"{read.form}.v{read.version}"].tables[table - 1].column(field)
            if not says(correction.expect, text, typed):
                continue
            try:
                new = read_new_value(column, correction.new_value)
            except WrongValue:  # said by failed_corrections
                continue
            found[number, area, row, col] = {
                "submission_no": number,
                "area_no": area,
                "row_no": row,
                "col_no": col,
                "act_no": correction.act_no,
                "typed_text": shown(text, typed),
                "corrected_text": correction.new_value,
                **new.__dict__,
            }
    connection.execute("delete from raw.correction")
    if not found:
        return
    frame = pl.DataFrame(list(found.values()), schema=_SCHEMA)
    connection.register("incoming_correction", frame.to_arrow())
    connection.execute(
        """
        insert into raw.correction by name
        select i.submission_no, i.area_no, i.row_no, i.col_no, i.act_no, i.typed_text,
            i.corrected_text, c.number as number_read
        from incoming_correction as i
        inner join raw.cell as c using (submission_no, area_no, row_no, col_no)
        """
    )
    connection.execute(
        """
        update raw.cell as c
        set state = i.state, number = i.number, printed_step = i.printed_step, text = i.text,
            code = i.code, problem = null
        from incoming_correction as i
        where c.submission_no = i.submission_no and c.area_no = i.area_no
            and c.row_no = i.row_no and c.col_no = i.col_no
        """
    )
    connection.unregister("incoming_correction")


def failed_corrections(
    connection: duckdb.DuckDBPyConnection,
    corrections: Sequence[Correction],
    judged: Sequence[Submission],
) -> dict[int, str]:
    """The corrections that do not apply to the submission in force, by act number, each with the
    sentence that the data team reads."""
    applied: dict[int, set[int]] = {}
    for act, number in connection.execute(
        "select act_no, submission_no from raw.correction"
    ).fetchall():
        applied.setdefault(act, set()).add(number)
    failed = {}
    for correction in corrections:
        about = _in_force(correction, judged)
        if about is None:
            why = "không có lần gửi nào ứng với việc sửa này"
        elif about.submission_no in applied.get(correction.act_no, ()):
            continue
        else:
            why = _why(connection, correction, about)
        failed[correction.act_no] = (
            f"Việc sửa số liệu số {correction.act_no} không còn được áp dụng: {why}. "
            f"Đề nghị kiểm tra, rồi rút lại bằng lệnh kho withdraw {correction.act_no}."
        )
    return failed


def _in_force(correction: Correction, judged: Sequence[Submission]) -> Submission | None:
    """The submission in force (or, where none is, the newest) of what a correction is about; of a
    file, of the unit, form and period that the corrected sheet reports on."""
    targets = [s for s in targets_of(correction, judged) if s.key is not None]
    keys = {s.key for s in targets if _has_sheet(s, correction.sheet)} or {s.key for s in targets}
    about = [s for s in judged if s.key in keys]
    accepted = [s for s in about if s.status == ACCEPTED]
    return max(accepted or about, key=lambda s: s.submission_no, default=None)


def _has_sheet(submission: Submission, sheet: str) -> bool:
    return submission.read is not None and any(a.sheet == sheet for a in submission.read.areas)


def _why(
    connection: duckdb.DuckDBPyConnection, correction: Correction, submission: Submission
) -> str:
    """Why a correction does not apply to a submission."""
    where = f"ô {correction.sheet}!{correction.cell} của tệp {submission.receipt.file_path}"
    row, col = place_of(correction.cell)
    cells = connection.execute(
        _CELLS_AT, [[submission.submission_no], correction.sheet, row, col]
    ).fetchall()
    if not cells:
        return f"{where} không có trong bảng của biểu"
    number, text = cells[0][4], cells[0][5]
    if says(correction.expect, text, number):
        if correction.file_sha256 not in (None, submission.receipt.file_sha256):
            return f"{where} vẫn ghi “{correction.expect}”, nhưng việc sửa chỉ dành cho tệp trước"
        return (
            f"{where} không nhận giá trị “{correction.new_value}”, hoặc đã có việc sửa sau thay thế"
        )
    if says(correction.new_value, text, number):
        return f"nơi gửi đã sửa, {where} nay ghi “{shown(text, number)}”"
    return f"{where} nay ghi “{shown(text, number)}”, không còn là “{correction.expect}”"
