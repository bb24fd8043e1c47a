"""The rows of a query on the sheets of a workbook, written by DuckDB.

xlsxwriter takes every cell through a dozen functions of Python, and the spreadsheets of the marts
of a large home have millions. So it makes the workbook, with its styles, headings, widths and
filters, and of all rows one as a model; how the model's cells look, DuckDB says of each row of the
query in the words of a sheet (ECMA-376, part 1, 18.3.1), a row in one text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from xlsxwriter.utility import xl_col_to_name

if TYPE_CHECKING:
    from warehouse.outputs.spreadsheets import MartColumn

LONGEST_TEXT = 32_767  # of a cell, in Excel
YES, NO, NO_LIMIT = "Có", "Không", "không giới hạn"
_ROWS_AT_A_TIME = 5_000
_STYLE_OF_A_CELL = re.compile(rb'<c r="[A-Z]+\d+" s="(\d+)"')
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# what XML cannot say is said by its number (ST_Xstring), and so is what looks like that
_NUMBERED = {
    f"chr({code})": f"_x{code:04X}_" for code in [*range(0x09), *range(0x0B, 0x20), 0xFFFE, 0xFFFF]
}


def write_with_rows(
    path: Path,
    made: bytes,
    connection: duckdb.DuckDBPyConnection,
    written: str,
    columns: Sequence[MartColumn],
    first_row: int,
    sizes: Sequence[int],
) -> None:
    """Write the workbook `made` to a path with the rows of the query `written`: so many on each of
    the first sheets, in place of the model, which is row `first_row` (from 1) there.

    Raises ValueError where a column has a type that no cell shows, or rows are missing.
    """
    query = ""
    left = dict(enumerate(sizes, start=1))
    with (
        zipfile.ZipFile(io.BytesIO(made)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.infolist():
            content = source.read(part)
            sheet = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", part.filename)
            size = left.get(int(sheet[1]), 0) if sheet else 0
            if not size:
                target.writestr(_anew(part), content)
                continue
            before, model, after = _split(content, first_row, size)
            if not query:
                styles = _STYLE_OF_A_CELL.findall(model)
                query = _query(written, columns, [style.decode() for style in styles])
                connection.execute(query, {"first_row": first_row, "size": sizes[0]})
            with target.open(_anew(part), "w") as stream:
                stream.write(before)
                for rows in _taken(connection, size):
                    stream.write(rows.encode())
                stream.write(after)


def _anew(part: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """A part of the same name and date, compressed."""
    info = zipfile.ZipInfo(part.filename, part.date_time)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = part.external_attr
    return info


def _split(sheet: bytes, first_row: int, size: int) -> tuple[bytes, bytes, bytes]:
    """What comes before the model row, the row, and what comes after; the size of the sheet is
    that with all rows."""
    sheet = re.sub(
        rb'(<dimension ref="A1:[A-Z]+)\d+"', rb'\g<1>%d"' % (first_row + size - 1), sheet, count=1
    )
    before, start, rest = sheet.partition(b'<row r="%d"' % first_row)
    model, end, after = rest.partition(b"</row>")
    return before, start + model + end, after


def _taken(connection: duckdb.DuckDBPyConnection, size: int) -> Iterator[str]:
    """The next rows of what was asked, so many, in portions."""
    while size and (rows := connection.fetchmany(min(size, _ROWS_AT_A_TIME))):
        size -= len(rows)
        yield "".join(row for (row,) in rows)
    if size:
        raise ValueError(f"{size} rows fewer than were counted")


def _query(written: str, columns: Sequence[MartColumn], styles: Sequence[str]) -> str:
    """The query of the rows as text. A sheet begins with $first_row again after $size rows."""
    cells = [
        _cell(column, xl_col_to_name(number), style)
        for number, (column, style) in enumerate(zip(columns, styles, strict=True))
    ]
    joined = ",\n    ".join(cells)
    return f"""
with numbered as (
    select *, $first_row + (row_number() over () - 1) % $size as row_of_sheet from ({written})
)
select concat(
    '<row r="', row_of_sheet, '">',
    {joined},
    '</row>'
) from numbered
"""


def _cell(column: MartColumn, letters: str, style: str) -> str:
    """The expression of a cell; null where the value is: a cell that is not there."""
    start = f"""'<c r="{letters}' || row_of_sheet || '" s="{style}\""""
    value, data_type = f'"{column.name}"', column.data_type

    def text(shown: str) -> str:
        return (
            f"""{start} t="inlineStr"><is><t xml:space="preserve">' || {shown} || '</t></is></c>'"""
        )

    def number(shown: str) -> str:
        return f"{start}><v>' || {shown} || '</v></c>'"

    match data_type:
        case "BOOLEAN":
            return text(f"case {value} when true then '{YES}' when false then '{NO}' end")
        case "VARCHAR":
            return text(_escaped(f"left({_in_words(value, column.labels)}, {LONGEST_TEXT})"))
        case _ if data_type.endswith("[]"):
            joined = f"array_to_string(cast({value} as varchar[]), '; ')"
            return text(_escaped(f"left({joined}, {LONGEST_TEXT})"))
        case "DATE":
            return number(_day(value))
        case "TIMESTAMP":
            of_the_day = f"epoch_us(cast({value} as time)) / 86400e6"
            return number(f"({_day(f'cast({value} as date)')} + {of_the_day})")
        case "DOUBLE" | "FLOAT":
            limited = f"case when isfinite({value}) then {value} end"
            unlimited = f"case when not isfinite({value}) then '{NO_LIMIT}' end"
            return f"{number(limited)}, {text(unlimited)}"
        case _ if data_type.startswith(("DECIMAL", "INTEGER")) or data_type.endswith("INT"):
            return number(value)
    raise ValueError(f"{column.name}: no cell shows a value of type {data_type}")


def _day(value: str) -> str:
    """The number of a day, as Excel counts: 1900 was a leap year there."""
    since = f"({value} - date '1899-12-31')"
    return f"({since} + if({since} > 59, 1, 0))"


def _in_words(value: str, labels: Mapping[str, str]) -> str:
    """The label of a code; a code that has none as it is."""
    if not labels:
        return value
    cases = " ".join(
        f"when {_quoted(code)} then {_quoted(label)}" for code, label in sorted(labels.items())
    )
    return f"case {value} {cases} else {value} end"


def _escaped(text: str) -> str:
    plain = reduce(
        lambda so_far, mark: f"replace({so_far}, '{mark}', '{_MARKUP[mark]}')", _MARKUP, text
    )
    odd = f"regexp_replace({plain}, '_x([0-9A-Fa-f]{{4}})_', '_x005F_x\\1_', 'g')"
    odd = reduce(
        lambda so_far, character: f"replace({so_far}, {character}, '{_NUMBERED[character]}')",
        _NUMBERED,
        odd,
    )
    is_odd = r"[\x00-\x08\x0B-\x1F\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_"
    return f"case when regexp_matches({text}, '{is_odd}') then {odd} else {plain} end"


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
