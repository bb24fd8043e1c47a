"""From a fact back to the cell: file, sheet, address, text as typed, and the fact's history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import jinja2

from expectations.numbers import cell_address
from ingest.contract import all_contracts
from ingest.locate import match_columns
from ingest.normalise import read_number_float
from ingest.package import Unreadable
from ingest.reference import units
from ingest.sandbox import read_isolated
from ingest.workbook import Sheet, read_workbook
from warehouse.history import FACTS
from warehouse.home import Home

if TYPE_CHECKING:
    from warehouse.trace_row import MartRow

TEMPLATES = Path(__file__).with_name("templates")
AROUND_ROWS = 12


class TraceError(LookupError):
    """A key that no published fact has, or an archive without the file; the text says which."""


@dataclass(frozen=True)
class Version:
    """One version of a fact."""

    known_from: datetime
    known_to: datetime | None
    value_text: str
    file_path: str
    cell_ref: str


@dataclass(frozen=True)
class Trace:
    """A fact, its cell, and what stands in that cell of the archived original."""

    key: str
    table: str
    fact: dict[str, Any]
    file_path: str
    file_sha256: str
    received_at: datetime
    archived: Path
    sheet_name: str
    address: str
    found_text: str
    versions: tuple[Version, ...]
    findings: tuple[str, ...]
    row: tuple[tuple[str, str], ...]
    sheet: Sheet
    corrections: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether the original shows the text that the fact was read from."""
        return self.found_text == str(self.fact["value_text"])


def trace_fact(connection: duckdb.DuckDBPyConnection, home: Home, key: str) -> Trace:
    """Follow a fact_key to its cell and read that cell again. Raises TraceError."""
    table = next((fact for fact in FACTS if key.startswith(f"{fact}/")), None)
    if table is None:
        known = ", ".join(f"{fact}/…" for fact in FACTS)
        raise TraceError(f"“{key}” không phải khóa số liệu; khóa bắt đầu bằng {known}")
    cursor = connection.execute(
        f"select * from {table} where fact_key = ? order by known_from desc, is_current desc",
        [key],
    )
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if not rows:
        raise TraceError(f"Không có số liệu nào mang khóa {key}")
    fact = next((row for row in rows if row["is_current"]), rows[0])
    submission = connection.execute(
        "select file_path, file_sha256, received_at from submission where submission_id = ?",
        [fact["submission_id"]],
    ).fetchone()
    if submission is None:
        raise TraceError(f"Không có lần gửi {fact['submission_id']} trong bản phát hành")
    archived = home.archived(submission[1])
    sheet_name, _, address = fact["cell_ref"].rpartition("!")
    sheet = read_sheet(archived, sheet_name)
    findings = connection.execute(
        """
        select message from dq_result
        where submission_id = ? and closed is null and list_contains(cells, ?) order by severity
        """,
        [fact["submission_id"], fact["cell_ref"]],
    ).fetchall()
    return Trace(
        key=key,
        table=table,
        fact=fact,
        file_path=submission[0],
        file_sha256=submission[1],
        received_at=submission[2],
        archived=archived,
        sheet_name=sheet_name,
        address=address,
        found_text=cell_text(sheet, *place_of(address)),
        versions=tuple(
            Version(
                row["known_from"], row["known_to"], row["value_text"], row["file_path"],
                row["cell_ref"],
            )
            for row in rows
        ),
        findings=tuple(message for (message,) in findings),
        row=_row_with_headers(sheet, fact["form_code"], place_of(address)[0]),
        sheet=sheet,
        corrections=_corrections(connection, fact) if fact.get("corrected_text") else (),
    )  # fmt: skip


def _corrections(connection: duckdb.DuckDBPyConnection, fact: dict[str, Any]) -> tuple[str, ...]:
    """The corrections of a fact's cell that are in force: what, by whom, when and why."""
    rows = connection.execute(
        """
        select act.act_no, act.expect, act.new_value, act.owner, act.done_at, act.reason
        from dq_act as act, submission
        where
            submission.submission_id = ? and act.kind = 'correction' and act.cell_ref = ?
            and act.state in ('in_force', 'failed')
            and (
                act.file_sha256 = submission.file_sha256
                or (
                    act.unit_code = submission.reporter_unit_code
                    and act.form_code = submission.form_code
                    and act.period_key = submission.period_key
                )
            )
        order by act.act_no
        """,
        [fact["submission_id"], fact["cell_ref"]],
    ).fetchall()
    return tuple(
        f"“{expect}” sửa thành “{value}” (việc số {number}, {owner}, {at:%d/%m/%Y %H:%M}): {reason}"
        for number, expect, value, owner, at, reason in rows
    )


def _row_with_headers(sheet: Sheet, form_code: str, row: int) -> tuple[tuple[str, str], ...]:
    """Header and text of every filled cell of the row: label, unit, quote, what the form has."""
    for contract in all_contracts():
        match = match_columns(sheet, contract.tables[0])
        if contract.form == form_code and match is not None:
            columns = (
                (c, match.columns[c.field])
                for c in contract.tables[0].columns
                if c.field in match.columns
            )
            return tuple(
                (" / ".join(column.header), sheet.text(row, col))
                for column, col in columns
                if sheet.text(row, col)
            )
    return ()


def read_sheet(archived: Path, name: str) -> Sheet:
    """A sheet of an archived original, read in a child process. Raises TraceError."""
    if not archived.exists():
        raise TraceError(f"Kho lưu trữ không còn tệp gốc {archived.name}")
    sheets = _read_once(archived)
    if isinstance(sheets, Unreadable):
        raise TraceError(f"Không đọc lại được tệp gốc {archived.name}: {sheets.reason}")
    for sheet in sheets:
        if sheet.name == name:
            return sheet
    raise TraceError(f"Tệp gốc {archived.name} không có trang “{name}”")


@lru_cache(maxsize=8)
def _read_once(archived: Path) -> tuple[Sheet, ...] | Unreadable:
    """The sheets of an original (the name of an archived file is its hash), or why not."""
    [(_, sheets)] = list(read_isolated(read_workbook, [archived]))
    return sheets if isinstance(sheets, Unreadable) else tuple(sheets)


def cell_text(sheet: Sheet, row: int, col: int) -> str:
    """The text typed; a number typed as a number is written with a decimal comma, as in facts."""
    cell = sheet.cells.get((row, col))
    if cell is None or cell.number is None:
        return sheet.text(row, col)
    reading = read_number_float(cell.number)
    if reading.value is None:
        return cell.text
    return f"{reading.value:f}".replace(".", ",")


def place_of(address: str) -> tuple[int, int]:
    """Row and column of an address, from 1. Raises TraceError."""
    match = re.fullmatch(r"([A-Z]+)(\d+)", address)
    if match is None:
        raise TraceError(f"địa chỉ ô không hợp lệ: {address}")
    col = 0
    for letter in match[1]:
        col = 26 * col + ord(letter) - 64
    return int(match[2]), col


def _facts(trace: Trace) -> list[tuple[str, str]]:
    """What there is to say of the cell, as label and text."""
    unit = units().get(trace.fact.get("stated_unit") or "")
    facts = [
        ("Số liệu", trace.key),
        ("Tệp", trace.file_path),
        ("Tệp gốc", str(trace.archived)),
        ("Nhận lúc", str(trace.received_at)),
        ("Trang, ô", f"{trace.sheet_name}!{trace.address}"),
        ("Chữ trong ô", trace.found_text),
        ("Đơn vị tính", unit.name_vi if unit else ""),
    ]
    if trace.fact.get("corrected_text"):
        facts.append(("Đã sửa thành", str(trace.fact["corrected_text"])))
        facts += [("Việc sửa", correction) for correction in trace.corrections]
    if not trace.matches:
        facts.append(("KHÔNG KHỚP", f"kho đã đọc “{trace.fact['value_text']}”"))
    return facts


def _history(trace: Trace) -> list[str]:
    return [
        f"{version.known_from} → {version.known_to or 'nay'}: {version.value_text}"
        f"  ({version.file_path}, {version.cell_ref})"
        for version in trace.versions
    ]


def render_text(trace: Trace) -> str:
    """The trace as lines of text, in Vietnamese."""
    lines = [f"{label:<12} {text}" for label, text in _facts(trace)]
    lines += ["Cả dòng", *(f"  {header}: {text}" for header, text in trace.row)]
    lines += ["Lịch sử", *(f"  {line}" for line in _history(trace))]
    if trace.findings:
        lines += ["Nội dung kiểm tra", *(f"  {message}" for message in trace.findings)]
    return "\n".join(lines)


def render_html(traces: Sequence[Trace], row: MartRow | None = None) -> str:
    """Each trace with the rows around its cell as they stand in the sheet, and the cell framed;
    before them the row of the mart that is made of them. Text is escaped: a workbook is hostile
    input."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("trace.html.j2").render(
        title=row.mart if row else traces[0].key,
        mart=row,
        traces=[_drawn(trace) for trace in traces],
    )


def _drawn(trace: Trace) -> dict[str, Any]:
    place = place_of(trace.address)
    columns = range(1, trace.sheet.last_column + 1)
    first, last = max(1, place[0] - AROUND_ROWS), min(trace.sheet.last_row, place[0] + AROUND_ROWS)
    return {
        "sheet_name": trace.sheet_name,
        "address": trace.address,
        "file_path": trace.file_path,
        "facts": _facts(trace),
        "row": trace.row,
        "history": _history(trace),
        "findings": trace.findings,
        "letters": [cell_address(1, col).rstrip("1") for col in columns],
        "rows": [
            {"number": row, "cells": _drawn_cells(trace.sheet, row, columns, place)}
            for row in range(first, last + 1)
        ],
    }


def _drawn_cells(
    sheet: Sheet, row: int, columns: range, place: tuple[int, int]
) -> list[dict[str, Any]]:
    """The cells of a row; a lone text (a title, a note) runs over the rest of its row."""
    filled = [col for col in columns if sheet.text(row, col)]
    drawn = []
    for col in columns:
        lone = filled == [col]
        drawn.append(
            {
                "text": sheet.text(row, col),
                "framed": (row, col) == place,
                "span": columns.stop - col if lone else 1,
            }
        )
        if lone:
            break
    return drawn
