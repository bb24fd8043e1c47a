"""The rows of a located table: where they begin and end, and which line or record each one is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ingest.contract import Table
from ingest.lines import Labelled, match_lines, words_of
from ingest.locate import ColumnMatch
from ingest.normalise import nil_state, read_number_text
from ingest.reference import Line
from ingest.wording import header, plain
from ingest.workbook import Odd, Sheet

_SIGNATURE = re.compile(
    r"^(?:người lập|lập biểu|kế toán|tm\. ?|kt\. ?|tl\. ?|tuq\. ?|thủ trưởng|giám đốc|phó giám đốc"
    r"|chủ tịch|phó chủ tịch|nơi nhận|trưởng phòng|người kiểm tra|kiểm soát|\(ký|ký tên|đại diện"
    r"|xác nhận của|[^,]{0,40}, ngày\s*(?:\d{1,2}|…|\.+)?\s*tháng)"
)
_TOTAL = re.compile(r"^(?:tổng(?: số| cộng)?|cộng|cộng lũy kế)\b")
# before anything costly is asked: its first letter and vowel, whatever form accents are typed in
_MAYBE_TOTAL = re.compile(r"\s*[tTcC][oôỏọổộOÔỎỌỔỘ]")
_GROUP = re.compile(r"\s*(?:[IVXLC]+|[A-Z])[.)]\s")
_NOTE = re.compile(r"^(?:ghi chú|chú thích|lưu ý|nguồn|\*|\(\*|\(\d\))")
# under the headers: A | B | 1 | 2 | 3=2/1
_INDEX_MARK = re.compile(r"^[(\[]?(?:[a-zđ]|\d{1,2})\s*(?:=.*)?[)\]]?$|^\(?\d{1,2}\)?\s*=.*$")
_BLANK_ROWS = 2


@dataclass
class AreaRead:
    """One area: its table, columns and data rows, and what stood out."""

    table_no: int
    table: Table
    sheet: Sheet
    match: ColumnMatch
    rows: list[tuple[int, Line | None]]
    last: int  # the last row that belongs to it
    unknown_lines: list[tuple[int, str]] = field(default_factory=list)
    ambiguous_lines: list[tuple[int, str]] = field(default_factory=list)
    total_rows: list[tuple[int, str]] = field(default_factory=list)
    heading_rows: list[tuple[int, str]] = field(default_factory=list)  # among records
    index_row_no: int | None = None  # the row of column numbers, where there is one

    def value_columns(self) -> list[int]:
        return [
            self.match.columns[column.field]
            for column in self.table.columns
            if column.is_numeric and column.field in self.match.columns
        ]


def read_area(
    sheet: Sheet,
    table_no: int,
    table: Table,
    match: ColumnMatch,
    names_form: Callable[[str], bool] = lambda _: False,
    other_headers: frozenset[str] = frozenset(),
) -> AreaRead:
    """The data rows under a header, down to the signatures, to a title that `names_form` knows
    (another form below), or to one of `other_headers` (another table of the form)."""
    area = AreaRead(table_no, table, sheet, match, [], match.bottom)
    first = match.bottom + 1
    columns = sorted(match.columns.values())
    index_row: list[Any] | None = None
    for row_no in range(first, min(first + 3, sheet.last_row + 1)):
        values = [sheet.rows[row_no - 1][col - 1] for col in columns]
        if is_index_row(values):
            index_row, first = values, row_no + 1
            area.index_row_no = row_no
            break
        if any(value != "" for value in values):
            break
    if table.rows.kind == "lines":
        _read_lines(area, first, columns, index_row, names_form, other_headers)
    else:
        _read_records(area, first, columns, index_row, names_form)
    return area


def is_index_row(values: Sequence[Any]) -> bool:
    """`A | B | 1 | 2 | 3=2/1`: a mark in every filled cell, no number twice, and no number far
    from the others (columns may stand in another order, or be left out)."""
    marks = 0
    numbers: list[int] = []
    for value in values:
        if value == "":
            continue
        found = _numbers_of_mark(_mark(value))
        if found is None:
            return False
        marks += 1
        numbers += found
    if marks < 2 or len(set(numbers)) != len(numbers) or not numbers or min(numbers) > 3:
        return False
    return max(numbers) <= 2 * len(numbers) + 2


@lru_cache(maxsize=2**12)
def _numbers_of_mark(mark: str) -> tuple[int, ...] | None:
    """The number that a mark of an index row is, if it is one (A, B are none); None for no mark."""
    if not _INDEX_MARK.match(mark):
        return None
    return tuple(map(int, re.findall(r"\d+", mark.split("=")[0])[:1]))


def _mark(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return plain(value) if isinstance(value, str) else str(value)


def is_figure(value: Any) -> bool:
    """A number, or a text that was meant as one."""
    if type(value) is float:
        return True
    if isinstance(value, str):
        return value != "" and _is_figure_in_words(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


@lru_cache(maxsize=2**14)
def _is_figure_in_words(text: str) -> bool:
    return nil_state(text) is None and read_number_text(text, None).problem != "not_a_number"


def _is_title(row: Sequence[Any], names_form: Callable[[str], bool]) -> bool:
    """A row of one or two texts that name a form."""
    texts = [value for value in row if type(value) is str and value]
    return (
        0 < len(texts) <= 2
        and len(texts) == sum(v != "" for v in row)
        and any(map(names_form, texts))
    )


def is_signature(row: Sequence[Any]) -> bool:
    return any(type(value) is str and value and _SIGNATURE.match(plain(value)) for value in row)


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, Odd):
        return ""
    if isinstance(value, bool | int | float):
        return f"{value:.15g}"
    return value.isoformat() if hasattr(value, "isoformat") else ""


# --- lines ----------------------------------------------------------------------------------------


def _read_lines(
    area: AreaRead,
    first: int,
    columns: Sequence[int],
    index_row: list[Any] | None,
    names_form: Callable[[str], bool],
    other_headers: frozenset[str],
) -> None:
    sheet, table, match = area.sheet, area.table, area.match
    label_at = next(match.columns[c.field] for c in table.columns if c.role == "line") - 1
    symbol_at = next(
        (
            match.columns[c.field] - 1
            for c in table.columns
            if c.role == "symbol" and c.field in match.columns
        ),
        None,
    )
    value_at = [
        match.columns[c.field] - 1
        for c in table.columns
        if c.role in ("value", "ratio") and c.field in match.columns
    ]
    words = words_of(table.lines)
    own_header = next(header(c.header[-1]).key for c in table.columns if c.role == "line")
    candidates: list[Labelled] = []
    for row_no, row in enumerate(sheet.rows[first - 1 :], start=first):
        label = row[label_at]
        label = label if type(label) is str else _text(label)
        symbol = _text(row[symbol_at]) if symbol_at is not None else ""
        known = bool(label) and bool(words.candidates(label))
        if not known and label == "" and symbol and words.candidates(symbol):
            label, symbol, known = symbol, "", True  # a label merged over the symbol's column
        if not known:
            if row.count("") == len(row):
                continue
            if is_signature(row) or _is_title(row, names_form):
                break
            values = [row[col - 1] for col in columns]
            # the table's own header, printed again, has those of the table beside it in its row
            is_own = bool(label) and header(label).key == own_header
            if other_headers and any(
                type(value) is str and header(value).key in other_headers
                for value in (values if is_own else row)
            ):
                break
            if values == index_row or is_index_row(values):
                continue
        has_figures = False
        for at in value_at:
            value = row[at]
            if type(value) is float or (value != "" and is_figure(value)):
                has_figures = True
                break
        if known or has_figures:
            candidates.append(Labelled(row_no, label, symbol, has_figures))
    found = match_lines(candidates, table.lines)
    area.rows = [(row.row, found.lines[row.row]) for row in candidates if row.row in found.lines]
    area.unknown_lines, area.ambiguous_lines = found.unknown, found.ambiguous
    ends = [row for row, _ in [*area.rows, *found.unknown, *found.ambiguous]]
    area.last = max(ends, default=first - 1)


# --- records --------------------------------------------------------------------------------------


def _read_records(
    area: AreaRead,
    first: int,
    columns: Sequence[int],
    index_row: list[Any] | None,
    names_form: Callable[[str], bool],
) -> None:
    sheet, table, match = area.sheet, area.table, area.match
    present = [c for c in table.columns if c.field in match.columns]
    value_at = [match.columns[c.field] - 1 for c in present if c.role == "value"]
    required_at = [match.columns[c.field] - 1 for c in present if c.required]
    symbol_at = {match.columns[c.field] - 1 for c in present if c.role == "symbol"}
    key_at = [match.columns[f] - 1 for f in table.rows.key if f in match.columns]
    computed_at = {match.columns[c.field] - 1 for c in present if c.formula is not None}
    places = [col - 1 for col in columns]
    headers = {match.columns[c.field] - 1: header(c.header[-1]).key for c in present}
    area.last = first - 1
    blank = 0
    headings: list[tuple[int, str]] = []
    is_plain = _plain_rows(key_at, value_at, places, headers, index_row)
    # a text after a gap heads a group of this list, or begins what is no part of it: only a record
    # that names itself whole tells
    is_doubtful = False
    for row_no, row in enumerate(sheet.rows[first - 1 :], start=first):
        # the usual row: it names itself and has a number; totals, notes and headers do not
        if is_plain(row) and not (is_doubtful and any(row[at] == "" for at in key_at)):
            area.rows.append((row_no, None))
            area.last, blank, is_doubtful = row_no, 0, False
            continue
        if row.count("") == len(row):
            blank += 1
            continue
        filled = [at for at in places if row[at] != ""]
        # a row that only has its number, or a formula's zero, waits to be filled in
        if all(at in symbol_at or (at in computed_at and row[at] in (0, "")) for at in filled):
            if not filled and any(value != "" for value in row) and is_signature(row):
                break
            blank += 1
            continue
        is_record = any(row[at] != "" and is_figure(row[at]) for at in value_at) or (
            len(required_at) > 1 and sum(row[at] != "" for at in required_at) > len(required_at) / 2
        )
        if not is_record and (is_signature(row) or _is_title(row, names_form)):
            break
        # names of those who sign may stand in the very columns that a record must fill
        if blank and all(is_signature([row[at]]) for at in filled):
            break
        values = [row[at] for at in places]
        if (index_row is not None and values == index_row) or _is_header_again(row, headers):
            continue
        if _is_heading(row, filled, key_at) and not _is_key_only(row, filled, key_at, blank):
            if _total_label(row, filled) and any(is_figure(row[at]) for at in value_at):
                area.total_rows.append((row_no, _total_label(row, filled) or ""))
                area.last = row_no
            elif blank and not is_record and not key_at:
                break
            else:
                is_doubtful |= bool(blank) and not is_record
                headings.append((row_no, " ".join(str(row[at]) for at in filled)))
            blank = 0
            continue
        if blank > _BLANK_ROWS and not is_record:
            break
        if is_doubtful and not (is_record and all(row[at] != "" for at in key_at)):
            break
        is_doubtful = False
        if (
            _total_label(row, filled)
            and sum(row[at] != "" for at in key_at) <= 1
            and len(key_at) > 1
        ):
            area.total_rows.append((row_no, _total_label(row, filled) or ""))
        else:
            area.rows.append((row_no, None))
        area.last = row_no
        blank = 0
    # what stands below the last record is a note
    area.heading_rows = [heading for heading in headings if heading[0] < area.last]


def _plain_rows(
    key_at: Sequence[int],
    value_at: Sequence[int],
    places: Sequence[int],
    headers: Mapping[int, str],
    index_row: Sequence[Any] | None,
) -> Callable[[Sequence[Any]], bool]:
    """Which rows are plainly records: texts in the columns of the key, in all of them or in some
    of a row that has no total's label, and a number. A list has hundreds of thousands of them."""
    if not key_at:
        return lambda _: False
    index_key = [index_row[places.index(at)] for at in key_at] if index_row is not None else None

    def is_plain(row: Sequence[Any]) -> bool:
        for at in value_at:
            if type(row[at]) is float:
                break
        else:
            return False
        key = [row[at] for at in key_at]
        for value in key:
            if type(value) is not str:
                return False
        if key == index_key:
            return False
        lacking = key.count("")
        if not lacking:
            return True
        return (
            lacking < len(key)
            and _total_label(row, places) is None
            and not _is_header_again(row, headers)
        )

    return is_plain


def _is_header_again(row: Sequence[Any], headers: Mapping[int, str]) -> bool:
    """A header that is repeated within the table, as on every printed page."""
    most = len(row) - row.count("")  # as many texts, at most
    texts = others = 0
    for at, key in headers.items():
        if type(row[at]) is str and row[at]:
            texts += 1
            if header(row[at]).key != key:
                others += 1
                if 2 * others >= most:
                    return False
    return texts - others > 1 and 2 * others < texts


def _is_heading(row: Sequence[Any], filled: Sequence[int], key_at: Sequence[int]) -> bool:
    """A note, a heading of a group or a total: one text, or a total's label, and no key."""
    texts = [at for at in filled if type(row[at]) is str]
    if len(filled) == 1 and texts:
        return True
    if texts and _NOTE.match(plain(row[texts[0]])) and len(texts) == len(filled) <= 2:
        return True
    has_key = bool(key_at) and all(row[at] != "" for at in key_at)
    return not has_key and _total_label(row, filled) is not None


def _is_key_only(
    row: Sequence[Any], filled: Sequence[int], key_at: Sequence[int], blank: int
) -> bool:
    """A record of which only its name was typed yet, in the table, not after it; `II. Dự án khởi
    công mới` heads a group, in whatever column it stands."""
    if blank or len(key_at) != 1 or list(filled) != list(key_at):
        return False
    return _GROUP.match(str(row[key_at[0]])) is None


def _total_label(row: Sequence[Any], places: Iterable[int]) -> str | None:
    """What a row calls itself that is a total: one of the first three that are filled, if nothing
    else is said before it."""
    filled = 0
    for at in places:
        value = row[at]
        if value == "":
            continue
        if type(value) is str and (is_total := _is_total(value)) is not None:
            return value if is_total else None
        filled += 1
        if filled == 3:
            break
    return None


@lru_cache(maxsize=2**14)
def _is_total(text: str) -> bool | None:
    """Whether a text is a total's label; None for one that says nothing."""
    if _MAYBE_TOTAL.match(text) and _TOTAL.match(plain(text)):
        return True
    return None if header(text).exact in ("", "-") else False
