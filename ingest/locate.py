"""Finds a form's tables by their headers: evidence, not addresses.

A table is where the headers of a contract stand together in a band of rows, wherever that is:
moved, merged or left unmerged, stacked over several rows, with columns added, left out or in
another order. What could be two columns is neither: it is said, and the form is held.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from ingest.contract import Column, Contract, Table
from ingest.identity import PREVIOUS_HEADER
from ingest.normalise import clean
from ingest.period import related
from ingest.remembered import Remembered
from ingest.wording import PERIOD, Header, header, label_key, plain
from ingest.workbook import Sheet

ROWS_SEARCHED = 60
# rows of a header may be further apart where one is empty, not more
GAP = 2
TALLEST = 12
LONGEST = 300  # characters of a header or a title
_PREVIOUS = plain(PREVIOUS_HEADER)


class Spot(NamedTuple):
    """A text in the rows searched for headers; row and column from 1."""

    row: int
    col: int
    header: Header


@dataclass(frozen=True)
class ColumnMatch:
    """Where a table's columns are. `units` are the units that headers name themselves; `is_joined`
    where a header was put together of texts in several rows."""

    top: int
    bottom: int
    columns: dict[str, int]
    missing: tuple[str, ...]
    extra: tuple[tuple[int, str], ...]
    ambiguous: tuple[tuple[str, tuple[int, ...]], ...] = ()
    other_period: tuple[tuple[str, int, str], ...] = ()
    header_rows: dict[str, int] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    is_joined: bool = False


class TableWords:
    """The headers of one table, read once: by level and joined, exact and by key.

    `without_top` leaves out the level that stands over all columns of the table (THU, CHI): where
    tables stand side by side, what their lines are called may be all that tells them apart.
    """

    def __init__(self, table: Table, *, without_top: bool = False) -> None:
        self.table = table
        self.paths = [tuple(header(level) for level in column.header) for column in table.columns]
        tops = {path[0].exact for path in self.paths}
        self.has_top = len(tops) == 1 and all(len(path) > 1 for path in self.paths)
        if without_top and self.has_top:
            self.paths = [path[1:] for path in self.paths]
        self.joined = [header(" ".join(column.header)) for column in table.columns]
        self.faces: list[_Face] = []  # whole headers that were matched before, the last one first
        self.others: set[str] = set()  # texts that are none of the table's words
        self.levels: set[str] = set()  # the texts of all levels, exact and by key
        self.leaves: dict[str, list[tuple[int, bool, bool]]] = defaultdict(list)
        for number, path in enumerate(self.paths):
            for level in path:
                self.levels |= {level.exact, level.key} if not level.has_year else {level.exact}
            self._add(number, path[-1], is_joined=False)
            if len(path) > 1:
                self._add(number, self.joined[number], is_joined=True)
        self.texts = self.levels | self.leaves.keys()
        # without which a table cannot be read, and of which one at least is wanted
        self.needed = {c.field for c in table.columns if c.required or c.role == "line"}
        self.figures = {c.field for c in table.columns if c.role == "value"}
        self.required = [
            number
            for number, column in enumerate(table.columns)
            if column.required or column.role in ("line", "value")
        ]

    def _add(self, number: int, words: Header, *, is_joined: bool) -> None:
        self.leaves[words.exact].append((number, True, is_joined))
        # a header of one year (`Năm 2025`) is that one, not any year's
        if not words.has_year and words.key != words.exact:
            self.leaves[words.key].append((number, False, is_joined))

    def may_be_header(self, text: str) -> bool:
        """Whether a text is one of the table's words; what is none is remembered."""
        if not text or len(text) > LONGEST:
            return False
        words = header(text)
        if words.exact in self.texts or words.key in self.texts:
            return True
        if len(self.others) >= _MOST_OTHERS:
            self.others.clear()
        self.others.add(text)
        return False

    def matches(self, words: Header) -> Iterable[tuple[int, bool, bool]]:
        """Columns whose own header this text may be: (column, exactly, with all its levels)."""
        found = self.leaves.get(words.exact)
        if found is not None:
            yield from found
        if words.key != words.exact:
            for number, exact, is_joined in self.leaves.get(words.key, ()):
                if not exact or not self.paths[number][-1].has_year:
                    yield number, False, is_joined

    def above(self, number: int, cover: Sequence[Header]) -> int | None:
        """How many texts stand above a header beyond its own levels; None where a level lacks."""
        wanted = self.paths[number][:-1]
        at = 0
        for words in cover:
            if at < len(wanted) and (
                words.exact == wanted[at].exact
                or (words.key == wanted[at].key and not wanted[at].has_year)
            ):
                at += 1
        return len(cover) - at if at == len(wanted) else None


_words: dict[tuple[int, bool], TableWords] = {}


def words_of(table: Table, *, without_top: bool = False) -> TableWords:
    """The headers of a table, read once a process (the table is kept, so its id stays its own)."""
    found = _words.get((id(table), without_top))
    if found is None:
        found = _words[id(table), without_top] = TableWords(table, without_top=without_top)
    return found


class Spots(list[Spot]):
    """The texts of some rows of one sheet, with what was found among them before: a form is looked
    for, decided upon and read among the same ones."""

    def __init__(self, spots: Iterable[Spot] = ()) -> None:
        super().__init__(spots)
        self.hits: dict[tuple[object, ...], list[Spot]] = {}
        self.matches: dict[tuple[object, ...], ColumnMatch | None] = {}
        self.grid: _Grid | None = None


def spots_of(sheet: Sheet, first: int = 1, rows: int = ROWS_SEARCHED) -> Spots:
    """The texts of some rows, from `first`."""
    # a spot a text of every sheet: made directly, it costs less than half
    new = tuple.__new__
    return Spots(
        [
            new(Spot, (row_no, col_no, header(value)))
            for row_no, row in enumerate(sheet.rows[first - 1 : first - 1 + rows], start=first)
            for col_no, value in enumerate(row, start=1)
            if type(value) is str and value and len(value) <= LONGEST
        ]
    )


@dataclass
class _Grid:
    """Texts by place, and what covers a cell: a merged range, else the text to the left."""

    by_row: dict[int, dict[int, Header]]
    anchors: dict[tuple[int, int], int]  # (row, col) of a merged range to the column it begins in

    def covering(self, row: int, col: int) -> tuple[int, Header] | None:
        texts = self.by_row.get(row)
        if texts is None:
            return None
        if col in texts:
            return col, texts[col]
        start = self.anchors.get((row, col))
        if start is not None:
            return (start, texts[start]) if start in texts else None
        left = [each for each in texts if each < col]
        if not left:
            return None
        nearest = max(left)
        if (row, nearest) in self.anchors:
            return None  # a merged range that ends before this column
        return nearest, texts[nearest]


def _grid(sheet: Sheet, spots: Sequence[Spot]) -> _Grid:
    if not isinstance(spots, Spots):
        return _grid_of(sheet, spots)
    if spots.grid is None:
        spots.grid = _grid_of(sheet, spots)
    return spots.grid


def _grid_of(sheet: Sheet, spots: Sequence[Spot]) -> _Grid:
    by_row: dict[int, dict[int, Header]] = defaultdict(dict)
    for spot in spots:
        by_row[spot.row][spot.col] = spot.header
    rows = set(by_row)
    anchors: dict[tuple[int, int], int] = {}
    for (top, left), (bottom, right) in sheet.merged or ():
        if right - left > 300 or top + 1 not in rows:
            continue
        for row in range(top + 1, min(bottom, top + TALLEST) + 2):
            for col in range(left + 1, right + 2):
                anchors[row, col] = left + 1
    return _Grid(by_row, anchors)


def match_columns(
    sheet: Sheet,
    table: Table,
    spots: Sequence[Spot] | None = None,
    period_key: str | None = None,
    within: tuple[int, int] | None = None,
    *,
    without_top: bool = False,
    stacked: bool = True,
) -> ColumnMatch | None:
    """The best header of a table among the texts; None where no column of it was found.

    `period_key` tells columns apart that name a year or month; `within` are the columns searched;
    `stacked` looks also for headers of which every text is written over several rows.
    """
    if spots is None:
        spots = spots_of(sheet)
    all_spots = spots if isinstance(spots, Spots) else Spots(spots)
    known = all_spots.matches
    words = words_of(table, without_top=without_top)
    hits = _hits(all_spots, words, within)
    # where no header names a period, the one reported makes no difference
    is_timeless = not any(spot.header.mention for spot in hits)
    if is_timeless:
        period_key = None
    key = (id(table), period_key, within, without_top, stacked)
    if key not in known:
        if within is not None:
            spots = [spot for spot in spots if within[0] <= spot.col <= within[1]]
        same = (key, _signature(sheet, spots, hits)) if hits else None
        match = _matched.get(same) if same is not None else None
        if match is None:
            match = _best_match(sheet, words, spots, hits, period_key, stacked=stacked)
            is_told = match is not None and not match.missing and not match.is_joined
            if match is not None and is_told and same is not None:
                _matched.keep(same, match)
        is_usual = is_timeless and stacked and within is None and not without_top
        if match is not None and is_usual and same in _matched:
            _remember_face(sheet, words, hits, match)
        known[key] = match
    return known[key]


# --- headers that come again ----------------------------------------------------------------------


class _Face(NamedTuple):
    """A whole header that was matched: the rows from the first of its words to the last, all that
    is merged on the sheet, and what was found."""

    first: int
    last: int
    rows: list[list[Any]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] | None
    match: ColumnMatch


_MOST_FACES = 8
_MOST_OTHERS = 2**14


def recognise(sheet: Sheet, table: Table, rows: int) -> tuple[ColumnMatch, set[str]] | None:
    """What `match_columns` finds among the texts of the first `rows`, and these texts, where the
    same header was matched before in the same place and none of its words stands elsewhere; None
    where that is not plain. A template comes again with every unit and period: to compare it with
    the last one is a fraction of what it takes to find its columns anew."""
    words = words_of(table)
    for face in words.faces:
        if (
            face.last <= rows
            and sheet.rows[face.first - 1 : face.last] == face.rows
            and sheet.merged == face.merged
        ):
            break
    else:
        return None
    around = chain.from_iterable([*sheet.rows[: face.first - 1], *sheet.rows[face.last : rows]])
    texts = {value for value in set(around) if type(value) is str}
    if any(map(words.may_be_header, texts - words.others)):
        return None
    return face.match, texts


def _remember_face(
    sheet: Sheet, words: TableWords, hits: Sequence[Spot], match: ColumnMatch
) -> None:
    first, last = hits[0].row, hits[-1].row
    rows = [list(row) for row in sheet.rows[first - 1 : last]]
    merged = None if sheet.merged is None else list(sheet.merged)
    face = _Face(first, last, rows, merged, match)
    if face not in words.faces:
        words.faces = [face, *words.faces[: _MOST_FACES - 1]]


def _hits(spots: Spots, words: TableWords, within: tuple[int, int] | None) -> list[Spot]:
    """The texts that may be headers of a table, or levels of them."""
    key = id(words), within
    found = spots.hits.get(key)
    if found is None:
        texts = words.texts
        found = spots.hits[key] = [
            spot
            for spot in spots
            if (spot.header.exact in texts or spot.header.key in texts)
            and (within is None or within[0] <= spot.col <= within[1])
        ]
    return found


# whole headers that were matched before; `_words` keeps their tables
_matched: Remembered[tuple[object, ...], ColumnMatch] = Remembered()


def _signature(sheet: Sheet, spots: Sequence[Spot], hits: Sequence[Spot]) -> tuple[object, ...]:
    """All that a match of every column of a table depends on, none of them joined of pieces: the
    texts from its first row to its last, and what is merged there. (Only where a column lacks are
    rows around it looked at.)"""
    first, last = hits[0].row, hits[-1].row
    texts = tuple((s.row, s.col, s.header.words) for s in spots if first <= s.row <= last)
    merged = sheet.merged or ()
    return texts, tuple(m for m in merged if first <= m[0][0] + 1 <= last)


def _best_match(
    sheet: Sheet,
    words: TableWords,
    spots: Sequence[Spot],
    hits: Sequence[Spot],
    period_key: str | None,
    *,
    stacked: bool,
) -> ColumnMatch | None:
    best: ColumnMatch | None = None
    grid: _Grid | None = None
    for band in _bands(hits):
        leaves = {number for spot in band for number, _, _ in words.matches(spot.header)}
        if best is not None and len(leaves) <= len(best.columns):
            continue
        if grid is None:
            grid = _grid(sheet, spots)
        match = _match_band(sheet, words, grid, band, period_key)
        if match is not None and (best is None or len(match.columns) > len(best.columns)):
            best = match
    lacking = len(words.required) if best is None else len(best.missing)
    if lacking and stacked:
        for first, last in _dense_rows(spots):
            match = _match_stacked(sheet, words, grid or _grid(sheet, spots), first, last)
            if match is not None and (best is None or len(match.columns) > len(best.columns)):
                best = match
    return best


def _dense_rows(spots: Sequence[Spot]) -> list[tuple[int, int]]:
    """Runs of rows with texts in several columns: where a header may be written piece by piece."""
    counts: dict[int, int] = defaultdict(int)
    for spot in spots:
        counts[spot.row] += 1
    runs: list[list[int]] = []
    for row in sorted(counts):
        if runs and row == runs[-1][-1] + 1 and len(runs[-1]) < TALLEST:
            runs[-1].append(row)
        elif counts[row] > 1:
            runs.append([row])
    return [(run[0], run[-1]) for run in runs if len(run) > 1]


def _match_stacked(
    sheet: Sheet, words: TableWords, grid: _Grid, first: int, last: int
) -> ColumnMatch | None:
    """A header all of whose texts are written over several rows."""
    taken: dict[int, Spot] = {}
    _join_stacks(words, grid, taken, set(), first, last)
    if not taken:
        return None
    columns = words.table.columns
    bottom = max(spot.row for spot in taken.values())
    return ColumnMatch(
        top=first,
        bottom=bottom,
        columns={columns[n].field: taken[n].col for n in sorted(taken)},
        missing=tuple(c.field for n, c in enumerate(columns) if n not in taken),
        extra=_extra(sheet, grid, {spot.col for spot in taken.values()}, first, bottom),
        header_rows={columns[n].field: spot.row for n, spot in taken.items()},
        units={columns[n].field: spot.header.unit for n, spot in taken.items() if spot.header.unit},
        is_joined=True,
    )


def _bands(hits: Sequence[Spot]) -> list[list[Spot]]:
    """Hits in rows that belong together, the fullest band first."""
    rows = sorted({spot.row for spot in hits})
    groups: list[list[int]] = []
    for row in rows:
        if groups and row - groups[-1][-1] <= GAP and row - groups[-1][0] < TALLEST:
            groups[-1].append(row)
        else:
            groups.append([row])
    bands = [[spot for spot in hits if group[0] <= spot.row <= group[-1]] for group in groups]
    return sorted(bands, key=len, reverse=True)


def _match_band(
    sheet: Sheet, words: TableWords, grid: _Grid, band: Sequence[Spot], period_key: str | None
) -> ColumnMatch | None:
    top = min(spot.row for spot in band)
    caption = label_key(words.table.title) if words.table.title else None
    candidates: list[tuple[tuple[int, bool, int], int, Spot]] = []
    for spot in band:
        cover = _cover(grid, spot, top)
        if cover is None or (spot.header.exact == caption and _stands_below(spot, band)):
            continue
        for number, is_exact, is_joined in words.matches(spot.header):
            beyond = len(cover) if is_joined else words.above(number, cover)
            if beyond is not None:
                order = (beyond, not is_exact, spot.row)
                candidates.append((order, number, spot))
    taken: dict[int, Spot] = {}
    places: set[int] = set()
    other_period: list[tuple[str, int, str]] = []
    columns = words.table.columns
    rated = []
    for order, number, spot in candidates:
        fits = _fits_period(columns[number], spot.header, period_key)
        rated.append(((not fits, *order), number, spot, fits))
    rated.sort(key=lambda each: (each[0], each[2].col))
    best_order: dict[int, tuple[tuple[bool, int, bool, int], list[Spot]]] = {}
    for rank, number, spot, _ in rated:
        known = best_order.setdefault(number, (rank, []))
        if known[0][:3] == rank[:3]:
            known[1].append(spot)
    for _, number, spot, fits in rated:
        if number in taken or spot.col in places:
            continue
        taken[number] = spot
        places.add(spot.col)
        if not fits:
            other_period.append((columns[number].field, spot.col, spot.header.exact))
    bottom = max((spot.row for spot in taken.values()), default=top)
    whole = len(taken)
    _stacked(words, grid, taken, places, top, bottom)
    if not taken:
        return None
    bottom = max(spot.row for spot in taken.values())
    ambiguous = tuple(
        (columns[number].field, tuple(spot.col for spot in rivals))
        for number, (_, found) in best_order.items()
        if number in taken
        and len(rivals := [s for s in found if s is taken[number] or s.col not in places]) > 1
    )
    taken_columns = {columns[n].field: taken[n].col for n in sorted(taken)}
    return ColumnMatch(
        top=top,
        bottom=bottom,
        columns=taken_columns,
        missing=tuple(c.field for n, c in enumerate(columns) if n not in taken),
        extra=_extra(sheet, grid, places, top, bottom),
        ambiguous=ambiguous,
        other_period=tuple(other_period),
        header_rows={columns[n].field: spot.row for n, spot in taken.items()},
        units={columns[n].field: spot.header.unit for n, spot in taken.items() if spot.header.unit},
        is_joined=len(taken) > whole,
    )


def _stands_below(caption: Spot, band: Sequence[Spot]) -> bool:
    """Whether the words of a caption stand again below it, as a header."""
    return any(s.header.exact == caption.header.exact and s.row > caption.row for s in band)


def _cover(grid: _Grid, spot: Spot, top: int) -> list[Header] | None:
    """The texts above a header, from the top down; None under last period's figures."""
    found: list[Header] = []
    seen: set[tuple[int, int]] = set()
    for row in range(top, spot.row):
        above = grid.covering(row, spot.col)
        if above is None or (row, above[0]) in seen:
            continue
        seen.add((row, above[0]))
        if above[1].exact.startswith(_PREVIOUS):
            return None
        found.append(above[1])
    if spot.header.exact.startswith(_PREVIOUS):
        return None
    return found


def _fits_period(column: Column, words: Header, period_key: str | None) -> bool:
    """Whether a year or month that a header names is the one that the column is about."""
    if words.mention is None or period_key is None:
        return True
    own = [header(level) for level in column.header]
    if words.exact == own[-1].exact or any(level.has_year for level in own):
        return True  # the contract itself names the year or the month
    wanted = period_key
    if column.period is not None:
        wanted = related(period_key, column.period) or column.period
    if words.mention.fits(wanted):
        return True
    # a share or rate against another period may name that period
    if column.base_period is not None:
        base = related(period_key, column.base_period) or column.base_period
        return words.mention.fits(base)
    return False


def _stacked(
    words: TableWords,
    grid: _Grid,
    taken: dict[int, Spot],
    places: set[int],
    top: int,
    bottom: int,
) -> None:
    """Headers written over several rows, a piece in each: join what stands in one column."""
    if not taken or len(taken) == len(words.paths):
        return
    first = top
    for row in range(top - 1, max(top - TALLEST, 0), -1):
        if len(grid.by_row.get(row, ())) < 2:
            break
        first = row
    last = bottom
    for row in range(bottom + 1, bottom + TALLEST):
        if len(grid.by_row.get(row, ())) == 0:
            break
        last = row
    _join_stacks(words, grid, taken, places, first, last)


def _join_stacks(
    words: TableWords,
    grid: _Grid,
    taken: dict[int, Spot],
    places: set[int],
    first: int,
    last: int,
) -> None:
    lacking = [n for n in range(len(words.paths)) if n not in taken]
    columns = sorted({col for row in range(first, last + 1) for col in grid.by_row.get(row, ())})
    for col in columns:
        if col in places:
            continue
        pieces = [
            (row, grid.by_row[row][col])
            for row in range(first, last + 1)
            if col in grid.by_row.get(row, ())
        ]
        spot, number = _joined_pieces(words, grid, pieces, col, first, lacking)
        if spot is not None and number is not None:
            taken[number] = spot
            places.add(col)
            lacking.remove(number)


def _joined_pieces(
    words: TableWords,
    grid: _Grid,
    pieces: Sequence[tuple[int, Header]],
    col: int,
    first: int,
    lacking: Sequence[int],
) -> tuple[Spot | None, int | None]:
    for start in range(len(pieces)):
        for end in range(len(pieces), start, -1):
            joined = header(" ".join(piece.words for _, piece in pieces[start:end]))
            spot = Spot(pieces[end - 1][0], col, joined)
            cover = _cover(grid, Spot(pieces[start][0], col, joined), first)
            for number, _, is_joined in words.matches(joined):
                if number not in lacking or cover is None:
                    continue
                if is_joined or words.above(number, cover) is not None:
                    return spot, number
    return None, None


def _extra(
    sheet: Sheet, grid: _Grid, places: set[int], top: int, bottom: int
) -> tuple[tuple[int, str], ...]:
    """Columns with a header that are none of the table's, with their words from the top down."""
    found = []
    columns = {col for row in range(top, bottom + 1) for col in grid.by_row.get(row, ())}
    for col in sorted(columns - places):
        rows = [row for row in range(top, bottom + 1) if col in grid.by_row.get(row, ())]
        lowest = rows[-1]
        cover = _cover(grid, Spot(lowest, col, grid.by_row[lowest][col]), top)
        if cover is not None and not _heads_others(grid, lowest, col, bottom):
            found.append((col, " / ".join(clean(sheet.text(row, col)) for row in rows)))
    return tuple(found)


def _heads_others(grid: _Grid, row: int, col: int, bottom: int) -> bool:
    """Whether a text stands over columns to its right, and heads no column of its own."""
    if row == bottom:
        return False
    below = (c for r in range(row + 1, bottom + 1) for c in grid.by_row.get(r, ()))
    return any(
        (covering := grid.covering(row, each)) is not None and covering[0] == col
        for each in below
        if each != col
    )


@dataclass(frozen=True)
class Candidate:
    """How near a sheet comes to a form: the share of its headers of lines and figures seen, and
    whether all are there that the form cannot be read without (`is_whole`)."""

    contract: Contract
    score: float
    missing_headers: tuple[str, ...]
    is_whole: bool


def nearness(
    sheet: Sheet,
    contract: Contract,
    spots: Sequence[Spot] | None = None,
    *,
    stacked: bool = True,
) -> Candidate:
    """How much of the contract's first table is among the texts."""
    table = contract.tables[0]
    words = words_of(table)
    match = match_columns(sheet, table, spots, stacked=stacked)
    found = match.columns if match else {}
    required = [table.columns[number] for number in words.required]
    missing = tuple(" / ".join(c.header) for c in required if c.field not in found)
    whole = match is not None and is_whole(table, match)
    return Candidate(contract, 1 - len(missing) / len(required), missing, whole)


def is_whole(table: Table, match: ColumnMatch) -> bool:
    """Every column that is required or names the lines is there, and one of figures."""
    words = words_of(table)
    return words.needed <= match.columns.keys() and not words.figures.isdisjoint(match.columns)


def title_key(contract: Contract) -> str:
    """The title without the period that a report fills in (`quý (6 tháng, năm)`)."""
    return _key_of_title(contract.title)


@cache
def _key_of_title(title: str) -> str:
    return header(title).key.replace(PERIOD, "").strip() or plain(title)


class FormIndex:
    """The forms of some contracts by the words of their headers and titles."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self.contracts = tuple(contracts)
        self.by_form: dict[str, list[Contract]] = defaultdict(list)
        for contract in self.contracts:
            self.by_form[contract.form].append(contract)
        # by contract, the texts that are known to have its title or code in them
        self.titles: dict[str, set[str]] = defaultdict(set)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for number, contract in enumerate(self.contracts):
            words = words_of(contract.tables[0])
            for word in {*words.levels, *words.leaves}:
                self._by_word[word].append(number)

        # each form with its title and its code, as texts are compared
        self.names = [(c, title_key(c), plain(c.code_on_paper)) for c in self.contracts]
        titles = "|".join(re.escape(title) for _, title, _ in self.names)
        codes = "|".join(re.escape(code) for _, _, code in self.names)
        form = r"(?:biểu|mẫu)(?: số)?\s*[:.]?\s*"
        self._names = re.compile(
            rf"(?:{form})?(?:{codes})?[\s:.-]*(?:{titles})(?!\w)|{form}(?:{codes})(?!\w)"
        )

    def names_form(self, text: str) -> bool:
        """Whether a text begins as the title or the number of a form does (a note may name one)."""
        return len(text) <= 300 and self._names.match(header(text).key) is not None

    def likely(self, spots: Sequence[Spot], least: float) -> list[Contract]:
        """The forms of whose first table at least this share of columns may be among the texts,
        the likeliest first."""
        votes: dict[int, set[str]] = defaultdict(set)
        for spot in spots:
            for word in {spot.header.exact, spot.header.key}:
                for number in self._by_word.get(word, ()):
                    votes[number].add(spot.header.key)
        ranked = sorted(votes, key=lambda number: -len(votes[number]))
        wanted = (self.contracts[number] for number in ranked)
        return [
            contract
            for contract, number in zip(wanted, ranked, strict=True)
            if len(votes[number]) >= least * len(words_of(contract.tables[0]).required)
        ]
