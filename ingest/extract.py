"""From sheets to submissions: which form, which unit and period, and the reading of every cell.

`read_submissions` runs in a child process and returns plain frames of values; nothing is judged
here. What was odd about a cell is its `problem`, what was odd about a sheet is a `Remark`; the
rules in `expectations/` turn both into findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest import reference
from ingest.contract import Column, Contract, all_contracts
from ingest.identity import Identity, form_sheets, read_identities
from ingest.locate import (
    HEADER_ROWS_SEARCHED,
    Candidate,
    Located,
    locate,
    match_columns,
    nearness,
)
from ingest.normalise import (
    BLANK,
    CODE,
    NUMBER,
    TEXT,
    UNREAD,
    clean,
    fold,
    nil_state,
    read_comparator,
    read_number_float,
    read_number_text,
)
from ingest.period import period_of, read_period
from ingest.workbook import Cell, Sheet, read_workbook

TITLE_ROWS = 12
# half of the required headers, or the title: an instruction sheet has neither
MEANT_TO_BE_A_FORM = 0.5
_PERIOD_LINE = re.compile(r"^kỳ báo cáo\s*:\s*(.+)$", re.IGNORECASE)
_UNIT_LINE = re.compile(r"^đơn vị báo cáo\s*:\s*(.+)$", re.IGNORECASE)
_UNIT_CODE = re.compile(r"\(([A-Z0-9Đ]+)\)\s*$")
_CUTOFF_LINE = re.compile(r"số liệu đến (?:hết )?ngày\s*(\d{1,2})/(\d{1,2})/(\d{4})", re.IGNORECASE)


@dataclass(frozen=True)
class ReadCell:
    """One cell of a form's table (raw.cell), its address as row and column from 1."""

    table_no: int
    row_no: int
    col_no: int
    state: str
    number: Decimal | None = None
    printed_step: Decimal | None = None
    text: str | None = None
    code: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Remark:
    """What stood out about a sheet, not about one cell's value: a rule, a place, details."""

    rule: str
    sheet: str
    row_no: int | None = None
    col_no: int | None = None
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ReadSubmission:
    """One form of one file, as read: identity, tables and every cell in them."""

    form: str
    version: int
    named_unit_code: str | None
    period_key: str | None
    cutoff_date: date | None
    sheet_tables: tuple[tuple[int, str], ...]
    columns: tuple[tuple[int, int, str], ...]
    rows: tuple[tuple[int, int, str | None], ...]
    cells: tuple[ReadCell, ...]
    remarks: tuple[Remark, ...]
    cells_outside: int
    is_simulated: bool = False


@dataclass(frozen=True)
class ReadFile:
    """Everything read from one file. `unread_sheets` carry a form's title or most of its headers,
    and are none; `nearest` says what came near where no form was found at all."""

    submissions: tuple[ReadSubmission, ...]
    nearest_title: str | None
    missing_headers: tuple[str, ...]
    cells_seen: int
    unread_sheets: tuple[UnreadSheet, ...] = ()


@dataclass(frozen=True)
class UnreadSheet:
    """A sheet that was meant to be a form: its name, the form it comes nearest, what it lacks."""

    sheet: str
    nearest_title: str
    missing_headers: tuple[str, ...]


def read_submissions(path: Path) -> ReadFile:
    """Read a file and every form in it. Raises ingest.workbook.Unreadable."""
    return submissions_of(read_workbook(path), all_contracts())


def submissions_of(sheets: Sequence[Sheet], contracts: Sequence[Contract]) -> ReadFile:
    """Every form found on the sheets, one submission for each."""
    found: list[ReadSubmission] = []
    unread: list[UnreadSheet] = []
    nearest: tuple[float, str, tuple[str, ...]] | None = None
    identities = read_identities(sheets)
    for sheet in form_sheets(sheets):
        if not sheet.cells:
            continue
        # a sheet that names its form is held against that form first: forms are many
        named = _named_forms(sheet, contracts)
        candidates = [nearness(sheet, contract) for contract in named]
        complete = [candidate.contract for candidate in candidates if candidate.score == 1]
        decided = _decide(sheet, complete)
        if decided is None:
            candidates += [nearness(sheet, other) for other in contracts if other not in named]
            complete = [candidate.contract for candidate in candidates if candidate.score == 1]
            decided = _decide(sheet, complete)
        contract = _in_force(sheet, decided, complete)
        head = _head(sheet, contract) if contract else None
        if contract is not None and head is not None:
            tables = range(1, len(contract.tables) + 1)
            located = [locate(sheet, contract, number, head.unit_code) for number in tables]
            if located[0] is not None:
                identity = identities.get(sheet.name)
                found.append(
                    _submission(sheet, contract, head, [x for x in located if x], identity)
                )
                continue
        here: Candidate | None = None
        for candidate in candidates:
            titled = _carries_title(sheet, candidate.contract)
            candidate = replace(candidate, score=candidate.score + titled)
            here = max(here, candidate, key=lambda each: each.score) if here else candidate
        if here is not None and here.score > 0:
            if nearest is None or here.score > nearest[0]:
                nearest = (here.score, here.contract.title, here.missing_headers)
            if here.score >= MEANT_TO_BE_A_FORM:
                unread.append(UnreadSheet(sheet.name, here.contract.title, here.missing_headers))
    return ReadFile(
        submissions=tuple(found),
        nearest_title=nearest[1] if nearest else None,
        missing_headers=nearest[2] if nearest else (),
        cells_seen=sum(len(sheet.cells) for sheet in sheets),
        unread_sheets=tuple(unread),
    )


def _named_forms(sheet: Sheet, contracts: Sequence[Contract]) -> list[Contract]:
    """The forms whose title or code stands on the upper part of the sheet; most sheets name one."""
    top = [fold(cell.text) for (row, _), cell in sheet.cells.items() if row <= HEADER_ROWS_SEARCHED]
    return [
        contract
        for contract in contracts
        if any(fold(contract.title) in text or _has_code(contract, text) for text in top)
    ]


def _has_code(contract: Contract, text: str) -> bool:
    code = fold(contract.code_on_paper)
    return code in text and bool(re.search(rf"(^|\W){re.escape(code)}($|\W)", text))


def _carries_title(sheet: Sheet, contract: Contract) -> bool:
    """Whether the form's code or title stands above its table (in it, a note may name a form)."""
    table = contract.tables[0]
    match = match_columns(sheet, table)
    depth = max(len(column.header) for column in table.columns)
    end = match[0] - depth if match else TITLE_ROWS
    top = [fold(cell.text) for (row, _), cell in sheet.cells.items() if row <= end]
    return any(fold(contract.title) in text or _has_code(contract, text) for text in top)


def _decide(sheet: Sheet, complete: list[Contract]) -> Contract | None:
    """The form of a sheet whose headers fit: its title decides, and a guess is not made."""
    titled = [contract for contract in complete if _carries_title(sheet, contract)]
    if titled:
        # one title may stand within a longer one
        return max(titled, key=lambda contract: (len(contract.title), contract.version))
    return complete[0] if len({contract.form for contract in complete}) == 1 else None


def _in_force(sheet: Sheet, latest: Contract | None, complete: list[Contract]) -> Contract | None:
    """The version of a form that is valid at the end of the sheet's period, else the latest."""
    versions = [c for c in complete if latest is not None and c.form == latest.form]
    if len(versions) < 2:
        return latest
    period_key = next(
        (
            read_period(match[1])
            for line in _title_lines(sheet, TITLE_ROWS)
            if (match := _PERIOD_LINE.match(line))
        ),
        None,
    )
    if period_key is None:
        return latest
    day = period_of(period_key).end
    return next((contract for contract in versions if contract.is_in_force(day)), latest)


def _title_lines(sheet: Sheet, header_row: int) -> Iterator[str]:
    for (row, _), cell in sorted(sheet.cells.items()):
        if row < header_row:
            yield clean(cell.text)


@dataclass(frozen=True)
class _Head:
    """What stands above the table: for which unit and period, cut at which day, what was odd."""

    unit_code: str | None
    period_key: str | None
    cutoff: date | None
    remarks: tuple[Remark, ...]


def _head(sheet: Sheet, contract: Contract) -> _Head:
    match = match_columns(sheet, contract.tables[0])
    period_key = unit_code = None
    cutoff: date | None = None
    remarks: list[Remark] = []
    for line in _title_lines(sheet, match[0] if match else TITLE_ROWS):
        if found := _PERIOD_LINE.match(line):
            period_key = read_period(found[1])
            if period_key is None:
                remarks.append(
                    Remark("period_unreadable", sheet.name, detail=(("value", found[1]),))
                )
        if found := _UNIT_LINE.match(line):
            code = _UNIT_CODE.search(found[1])
            unit_code = code[1] if code else _unit_by_name(found[1])
        if found := _CUTOFF_LINE.search(line):
            cutoff = _date(found[3], found[2], found[1])
    if period_key is None and not remarks:
        remarks.append(Remark("period_missing", sheet.name))
    return _Head(unit_code, period_key, cutoff, tuple(remarks))


def _submission(
    sheet: Sheet,
    contract: Contract,
    head: _Head,
    tables: Sequence[Located],
    identity: Identity | None,
) -> ReadSubmission:
    remarks = [*head.remarks, *_identity_remarks(sheet, contract, head, identity)]
    absent = set(range(1, len(contract.tables) + 1)) - {located.table_no for located in tables}
    remarks += [
        Remark(
            "column_missing",
            sheet.name,
            tables[0].header_row,
            detail=(("expected", " / ".join(column.header)),),
        )
        for number in sorted(absent)
        for column in contract.tables[number - 1].columns
        if column.role in ("line", "value")
    ]
    taken = {col for located in tables for col in located.columns.values()}
    for located in tables:
        remarks += _layout_remarks(contract, located, taken if len(tables) > 1 else set())
    cells = tuple(cell for located in tables for cell in _read_cells(sheet, contract, located))
    inside = {(cell.row_no, cell.col_no) for cell in cells if cell.state != BLANK}
    return ReadSubmission(
        form=contract.form,
        version=contract.version,
        named_unit_code=head.unit_code,
        period_key=head.period_key,
        cutoff_date=head.cutoff,
        sheet_tables=tuple((located.table_no, sheet.name) for located in tables),
        columns=tuple(
            (located.table_no, located.columns[column.field], column.field)
            for located in tables
            for column in contract.tables[located.table_no - 1].columns
            if column.field in located.columns
        ),
        rows=tuple(
            (located.table_no, row, line.code if line else None)
            for located in tables
            for row, line in located.rows
        ),
        cells=cells,
        remarks=tuple(remarks),
        cells_outside=len(sheet.cells) - len(inside),
        is_simulated=identity is not None and identity.is_simulated,
    )


def _identity_remarks(
    sheet: Sheet, contract: Contract, head: _Head, identity: Identity | None
) -> Iterator[Remark]:
    """Where the sheet says another form, unit or period than the template was made for."""
    if identity is None:
        return
    said = (contract.form, head.unit_code or identity.unit_code, head.period_key)
    if said != (identity.form, identity.unit_code, head.period_key and identity.period_key):
        yield Remark(
            "identity_contradiction",
            sheet.name,
            detail=(
                ("said", _identity_words(*said)),
                (
                    "hidden",
                    _identity_words(identity.form, identity.unit_code, identity.period_key),
                ),
            ),
        )


def _identity_words(form: str, unit_code: str, period_key: str | None) -> str:
    """`biểu X, đơn vị Y, kỳ Z` as an officer says it."""
    code = next((c.code_on_paper for c in all_contracts() if c.form == form), form)
    unit = reference.reporting_units().get(unit_code)
    words = [f"biểu {code}", unit.name_vi if unit else unit_code]
    if period_key:
        try:
            words.append(period_of(period_key).label_vi)
        except ValueError:
            words.append(period_key)
    return ", ".join(words)


def _unit_by_name(text: str) -> str | None:
    same = [u.code for u in reference.reporting_units().values() if fold(u.name_vi) == fold(text)]
    return same[0] if len(same) == 1 else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _layout_remarks(contract: Contract, located: Located, elsewhere: set[int]) -> list[Remark]:
    """What is missing or too much; columns and figures `elsewhere` belong to a table beside it."""
    name, table = located.sheet.name, contract.tables[located.table_no - 1]
    remarks = [
        Remark(
            "column_missing",
            name,
            located.header_row,
            detail=(("expected", " / ".join(table.column(field).header)),),
        )
        for field in located.missing_fields
    ]
    remarks += [
        Remark("column_extra", name, located.header_row, col, (("value", text),))
        for col, text in located.extra_columns
        if col not in elsewhere
    ]
    label_col = next(
        (located.columns[column.field] for column in table.columns if column.role == "line"), None
    )
    remarks += [
        Remark("line_unknown", name, row, label_col, (("value", text),))
        for row, text in located.unknown_lines
    ]
    remarks += [
        Remark("line_missing", name, detail=(("expected", line.label_vi),))
        for line in located.missing_lines
    ]
    remarks += [Remark("figure_outside_table", name, row, col) for row, col in located.stray_cells]
    if not located.rows:
        remarks.append(Remark("no_rows", name, located.header_row))
    return remarks


def _read_cells(sheet: Sheet, contract: Contract, located: Located) -> Iterator[ReadCell]:
    table = contract.tables[located.table_no - 1]
    columns = [
        (column, located.columns[column.field])
        for column in table.columns
        if column.field in located.columns
    ]
    for row, _ in located.rows:
        for column, col in columns:
            yield _read_cell(
                contract, column, located.table_no, row, col, sheet.cells.get((row, col))
            )


def _read_cell(
    contract: Contract, column: Column, table_no: int, row: int, col: int, cell: Cell | None
) -> ReadCell:
    if cell is None:
        return ReadCell(table_no, row, col, BLANK)
    if cell.kind in ("error", "formula"):
        rule = "error_cell" if cell.kind == "error" else "formula_without_value"
        return ReadCell(table_no, row, col, UNREAD, text=cell.text, problem=rule)
    typed = cell.text if cell.kind != "number" else None
    if column.is_numeric:
        return _read_number_cell(contract, table_no, row, col, cell, typed)
    if (nil := nil_state(cell.text)) is not None and column.type != "comparator":
        return ReadCell(table_no, row, col, nil, text=typed or cell.text)
    text = clean(cell.text)
    code: str | None = None
    problem: str | None = None
    match column.type:
        case "code":
            code = reference.coded_list(column.list or "").get(fold(text))
            problem = None if code else "code_unknown"
        case "period":
            code = read_period(text)
            problem = None if code else "period_unknown"
        case "unit":
            code = reference.read_unit(text)
            problem = None if code else "unit_unknown"
        case "comparator":
            code = read_comparator(text)
            problem = None if code else "comparator_unknown"
        case "date":
            code = _day(cell, text)
            problem = None if code else "date_unknown"
    state = CODE if code else (UNREAD if problem else TEXT)
    number = Decimal(cell.text) if cell.kind == "number" and state == TEXT else None
    return ReadCell(table_no, row, col, state, number, None, typed or cell.text, code, problem)


def _day(cell: Cell, text: str) -> str | None:
    """The day of a date cell, or of a date typed as text, as `2026-06-30`."""
    if cell.kind == "date":
        return text[:10] if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", text) else None
    match = re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", text)
    day = _date(match[3], match[2], match[1]) if match else None
    return day.isoformat() if day else None


def _read_number_cell(
    contract: Contract, table_no: int, row: int, col: int, cell: Cell, typed: str | None
) -> ReadCell:
    if cell.kind == "number" and cell.number is not None:
        reading = read_number_float(cell.number)
    elif cell.kind == "text":
        if (nil := nil_state(cell.text)) is not None:
            return ReadCell(table_no, row, col, nil, text=typed)
        reading = read_number_text(cell.text, contract.number_style)
    else:  # a date or TRUE where a number belongs
        return ReadCell(table_no, row, col, UNREAD, text=cell.text, problem="number_not_a_number")
    if reading.value is None:
        problem = {
            "ambiguous": "number_ambiguous",
            "words": "number_with_words",
            "too_large": "number_too_large",
        }.get(reading.problem or "", "number_not_a_number")
        return ReadCell(table_no, row, col, UNREAD, text=cell.text, problem=problem)
    return ReadCell(
        table_no,
        row,
        col,
        NUMBER,
        reading.value,
        reading.step,
        typed,
        problem="number_other_style" if reading.problem == "other_style" else None,
    )
