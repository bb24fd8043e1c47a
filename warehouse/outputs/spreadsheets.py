"""Each mart as a formatted workbook, for those who live in Excel.

A title, a line that says as of when, Vietnamese headings (the first words of a column's comment),
numbers as numbers. A code that has its name beside it is left out, and so are the keys of facts:
the way to the cell is SQL (trace) or `kho trace`. A mart that says the same as in the build before
keeps its workbook, date and all. Of a large mart the last months are written, and
the sheet says so: nobody scrolls through years, and SQL has them all. No text is ever a formula.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from warehouse.connection import MEMORY_LIMIT, holds_simulated, open_published
from warehouse.home import take_over
from warehouse.kept_tables import CONTENT_DIGEST
from warehouse.outputs import sheet_rows
from warehouse.outputs.sheet_rows import LONGEST_TEXT, NO, NO_LIMIT, YES, write_with_rows

FONT = "Times New Roman"
ROWS_OF_A_SHEET = 1_000_000
# of a mart with more rows than this, so many months are written
LARGE = 20_000
MONTHS = 6
_FIRST_ROW = 4
_CONTENTS = ".contents.json"  # what each workbook says, as a hash
_HEADING_ENDS = re.compile(r"[:;(.]")
_LEFT_OUT = ("fact_keys", "fact_key")


@dataclass(frozen=True)
class MartColumn:
    """A column of a mart as a spreadsheet shows it."""

    name: str
    data_type: str
    heading: str
    meaning: str
    labels: Mapping[str, str]  # of codes, where the column has codes of a list


def mart_columns(connection: duckdb.DuckDBPyConnection, mart: str) -> list[MartColumn]:
    """What a spreadsheet shows of a mart, in order; no two headings are the same."""
    rows = connection.execute(
        "select column_name, data_type, coalesce(comment, column_name) from duckdb_columns() "
        "where schema_name = 'main' and table_name = ? order by column_index",
        [mart],
    ).fetchall()
    names = {name for name, _, _ in rows}
    shown = [
        row
        for row in rows
        if row[0] not in _LEFT_OUT
        and not row[0].endswith(("_fact_key", "_fact_keys"))
        and not _has_name(row[0], names)
    ]
    short = [_HEADING_ENDS.split(comment)[0].strip() for _, _, comment in shown]
    lists = _labels(connection)
    return [
        MartColumn(
            name,
            data_type,
            heading if short.count(heading) == 1 else comment.rstrip("."),
            comment,
            next((lists[code] for code in _lists_of(name) if code in lists), {}),
        )
        for (name, data_type, comment), heading in zip(shown, short, strict=True)
    ]


def _labels(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The names of codes by list."""
    found: dict[str, dict[str, str]] = {}
    for list_code, code, label in connection.execute(
        "select list_code, code, label_vi from dim_code"
    ).fetchall():
        found.setdefault(list_code, {})[code] = label
    # measures of flows (what a budget line or a project does in a period) are a list of their own
    found["measure"] = found.get("flow_measure", {}) | found.get("measure", {})
    return found


def _lists_of(column: str) -> tuple[str, ...]:
    """The list whose codes a column may hold: its name, or what the name ends on
    (`actual_kind`, `remaining_period_kind`, `source_code` for the sources of capital)."""
    bare = column.removesuffix("_code")
    words = bare.split("_")
    return (bare, f"capital_{bare}", *("_".join(words[at:]) for at in range(1, len(words))))


def _has_name(column: str, names: set[str]) -> bool:
    """Whether a code's name stands beside it: `status` and `status_vi`, `gate_code` and
    `gate_name_vi`. Codes of units, lines and indicators stay: people know and join by them."""
    if column in ("unit_code", "line_code", "indicator_code"):
        return False
    bare = column.removesuffix("_code")
    return bool({f"{bare}_vi", f"{bare}_name_vi"} & (names - {column}))


def spreadsheets_of(
    published_file: Path, folder: Path, as_of: datetime, before: Path | None = None
) -> list[Path]:
    """As write_spreadsheets, in whatever process."""
    with open_published(published_file, MEMORY_LIMIT) as connection:
        return write_spreadsheets(connection, folder, as_of, before)


def write_spreadsheets(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    as_of: datetime,
    before: Path | None = None,
) -> list[Path]:
    """Write every mart of a published file to `folder`/<mart>.xlsx; returns the paths.

    `before` is the same folder of the build before: what says the same is taken over from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marts = connection.execute(
        "select table_name, coalesce(comment, table_name) from duckdb_tables() "
        "where schema_name = 'main' and table_name like 'mart\\_%' escape '\\' order by table_name"
    ).fetchall()
    line = f"Số liệu đến {as_of:%d/%m/%Y %H:%M}"
    is_simulated = holds_simulated(connection)
    if is_simulated:
        line = f"SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh. {line}"
    known = _contents(before) if before else {}
    contents: dict[str, str] = {}
    paths = []
    for mart, title in marts:
        path = folder / f"{mart}.xlsx"
        columns = mart_columns(connection, mart)
        since = _since(connection, mart, columns)
        written = _written(mart, columns, since)
        contents[mart] = _content(connection, written, title, columns, is_simulated)
        earlier = before / path.name if before else None
        if earlier and earlier.exists() and known.get(mart) == contents[mart]:
            take_over(earlier, path)
        else:
            _write(connection, written, path, title, line + _since_vi(since), as_of, columns)
        paths.append(path)
    (folder / _CONTENTS).write_text(json.dumps(contents, indent=1), encoding="utf-8")
    return paths


def _written(mart: str, columns: Sequence[MartColumn], since: date | None) -> str:
    """The query of what is written of a mart."""
    names = ", ".join(f'"{column.name}"' for column in columns)
    part = "" if since is None else f" where period_end >= date '{since:%Y-%m-%d}'"
    return f'select {names} from "{mart}"{part}'


def _content(
    connection: duckdb.DuckDBPyConnection,
    written: str,
    title: str,
    columns: Sequence[MartColumn],
    is_simulated: bool,
) -> str:
    """A hash of everything in a workbook but its date, and of the code that writes it."""
    query = f"select {CONTENT_DIGEST} from ({written}) as content"
    [(rows,)] = connection.execute(query).fetchall()
    said = [(c.name, c.data_type, c.heading, c.meaning, sorted(c.labels.items())) for c in columns]
    content = (written, rows, title, is_simulated, said)
    return hashlib.sha256(_own_code() + repr(content).encode()).hexdigest()


@cache
def _own_code() -> bytes:
    versions = f"{xlsxwriter.__version__} {duckdb.__version__}"
    return b"".join(Path(file).read_bytes() for file in (__file__, sheet_rows.__file__)) + (
        versions.encode()
    )


def _contents(folder: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((folder / _CONTENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _write(
    connection: duckdb.DuckDBPyConnection,
    written: str,
    path: Path,
    title: str,
    line: str,
    as_of: datetime,
    columns: Sequence[MartColumn],
) -> None:
    [(n_rows,)] = connection.execute(f"select count(*) from ({written}) as content").fetchall()
    sizes = [min(ROWS_OF_A_SHEET, n_rows - at) for at in range(0, max(n_rows, 1), ROWS_OF_A_SHEET)]
    made = io.BytesIO()
    book, formats = new_workbook(made, title, as_of)
    of_columns = [formats.of(column) for column in columns]
    for number, size in enumerate(sizes, start=1):
        sheet = book.add_worksheet("Số liệu" if number == 1 else f"Số liệu ({number})")
        _head(sheet, title, line, columns, formats)
        if size:
            for col, shown in enumerate(of_columns):
                sheet.write_blank(_FIRST_ROW, col, None, shown)
            sheet.autofilter(_FIRST_ROW - 1, 0, _FIRST_ROW + size - 1, len(columns) - 1)
    _meanings(book.add_worksheet("Chú giải"), columns, formats)
    book.close()
    write_with_rows(path, made.getvalue(), connection, written, columns, _FIRST_ROW + 1, sizes)


def new_workbook(target: Path | io.BytesIO, title: str, as_of: datetime) -> tuple[Any, Formats]:
    """A workbook in which no text becomes a formula, and its formats. The same input is the same
    file."""
    book = xlsxwriter.Workbook(
        target if isinstance(target, io.BytesIO) else str(target),
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": 11},
        },
    )
    # time is an input: the same build is the same file
    book.set_properties({"title": title, "author": "Kho Xứ Lạng", "created": as_of})
    return book, Formats(book)


def write_table(
    sheet: Any,
    title: str,
    line: str,
    columns: Sequence[MartColumn],
    rows: Sequence[Sequence[Any]],
    formats: Formats,
) -> None:
    """A whole table on a sheet: title, a line that says as of when, headings, rows, a filter."""
    _head(sheet, title, line, columns, formats)
    of_columns = [formats.of(column) for column in columns]
    for number, row in enumerate(rows):
        _row(sheet, _FIRST_ROW + number, row, columns, of_columns)
    if rows:
        sheet.autofilter(_FIRST_ROW - 1, 0, _FIRST_ROW + len(rows) - 1, len(columns) - 1)


def _since(
    connection: duckdb.DuckDBPyConnection, mart: str, columns: Sequence[MartColumn]
) -> date | None:
    """The first day of the periods that are written of a large mart; None for all of a mart."""
    if all(column.name != "period_end" for column in columns):
        return None
    found = connection.execute(
        f'select count(*), max(period_end) - interval {MONTHS} month from "{mart}"'
    ).fetchone()
    if found is None or found[0] <= LARGE:
        return None
    since: date = found[1].date()
    return since


def _since_vi(since: date | None) -> str:
    if since is None:
        return ""
    return f". Bảng lớn: ghi các kỳ kết thúc từ {since:%d/%m/%Y}; các kỳ trước xem trong kho"


class Formats:
    """The cell formats of a workbook, made once."""

    def __init__(self, book: Any) -> None:
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.note = book.add_format({"italic": True})
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "align": "center", "valign": "vcenter",
             "border": 1, "bg_color": "#DDE6F0"}
        )  # fmt: skip
        self.text = book.add_format({"valign": "top"})
        self.wrapped = book.add_format({"valign": "top", "text_wrap": True})
        self.whole = book.add_format({"num_format": "#,##0", "valign": "top"})
        self.decimal = book.add_format({"num_format": "#,##0.00", "valign": "top"})
        self.plain = book.add_format({"num_format": "0", "valign": "top"})
        self.date = book.add_format({"num_format": "dd/mm/yyyy", "valign": "top"})
        self.moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm", "valign": "top"})

    def of(self, column: MartColumn) -> Any:
        if column.name.endswith("_year"):
            return self.plain
        if column.name.endswith(("_vnd", "_usd")) or "INT" in column.data_type:
            return self.whole
        if column.data_type.startswith(("DECIMAL", "DOUBLE")):
            return self.decimal
        if column.data_type.startswith("TIMESTAMP"):
            return self.moment
        return self.date if column.data_type == "DATE" else self.text


def _head(
    sheet: Any, title: str, line: str, columns: Sequence[MartColumn], formats: Formats
) -> None:
    for col, column in enumerate(columns):
        sheet.set_column(col, col, _width(column))
    sheet.freeze_panes(_FIRST_ROW, min(2, len(columns)))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_FIRST_ROW - 1)
    sheet.write_string(0, 0, title, formats.title)
    sheet.write_string(1, 0, line, formats.note)
    sheet.set_row(_FIRST_ROW - 1, 62)
    for col, column in enumerate(columns):
        sheet.write_string(_FIRST_ROW - 1, col, column.heading, formats.heading)


def _width(column: MartColumn) -> float:
    if column.data_type in ("VARCHAR", "VARCHAR[]"):
        return 34 if column.name.endswith("_vi") or column.name in ("quote", "message") else 16
    return 19 if column.name.endswith(("_vnd", "_usd")) else 14


def _row(
    sheet: Any,
    row_no: int,
    row: Sequence[Any],
    columns: Sequence[MartColumn],
    formats: Sequence[Any],
) -> None:
    for col, (value, column, shown) in enumerate(zip(row, columns, formats, strict=True)):
        match value:
            case None:
                continue
            case bool():
                sheet.write_string(row_no, col, YES if value else NO, shown)
            case date():
                sheet.write_datetime(row_no, col, value, shown)
            case str():
                text = column.labels.get(value, value)
                sheet.write_string(row_no, col, text[:LONGEST_TEXT], shown)
            case list():
                text = "; ".join(map(str, value))
                sheet.write_string(row_no, col, text[:LONGEST_TEXT], shown)
            case _ if not math.isfinite(value):
                sheet.write_string(row_no, col, NO_LIMIT, shown)
            case _:
                sheet.write_number(row_no, col, value, shown)


def _meanings(sheet: Any, columns: Sequence[MartColumn], formats: Formats) -> None:
    sheet.set_column(0, 1, 34)
    sheet.set_column(2, 2, 100)
    for col, heading in enumerate(("Cột", "Tên trong kho", "Ý nghĩa")):
        sheet.write_string(0, col, heading, formats.heading)
    for row, column in enumerate(columns, start=1):
        texts = (column.heading, column.name, column.meaning)
        for col, text in enumerate(texts):
            sheet.write_string(row, col, text, formats.wrapped)
