"""A batch: every cell of every submission of one form in a build, and what breaks which rule.

The cells are arrays, and a cell is its place in them. Rules (cell_rules.py, table_rules.py,
period_rules.py) compute residuals of many cells at once and mark them; Great Expectations asserts
what they marked (suites.py). Only what is broken is turned into words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from expectations.intervals import Flags, Floats, Intervals, Numbers, printed
from expectations.numbers import cell_address, cell_place, vietnamese
from expectations.suites import RESIDUAL
from ingest import reference
from ingest.cells import STATE_NO, STATES
from ingest.columns import unit_factor
from ingest.contract import Column, Contract, Table
from ingest.load import CellFrames
from ingest.normalise import CODE, NONE, NUMBER, UNREAD
from ingest.reading import ReadSubmission
from ingest.reference import Line

NOWHERE = -1
_AREA = ["submission_no", "area_no"]
MOST_ROWS, MOST_COLUMNS = 2**20 + 1, 2**14 + 1  # of a sheet
Codes = Mapping[str, int]


@dataclass(frozen=True)
class Place:
    """Where a finding is: a cell, or a sheet (row and column may be None)."""

    submission_no: int
    sheet: str
    row_no: int | None
    col_no: int | None
    value: str | None = None
    name: tuple[str, ...] = ()  # what names it in every submission: table, row, field

    @property
    def address(self) -> str | None:
        if self.row_no is None or self.col_no is None:
            return None
        return cell_address(self.row_no, self.col_no)


@dataclass
class Breach:
    """Why a residual is above 0: what fills the sentence, the cells looked at, the severity."""

    detail: dict[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    severity: str | None = None
    sentence: str | None = None  # its own words, where they are not the rule's
    rule: str | None = None  # where one column of residuals serves several rules
    place: tuple[str, ...] = ()  # what names the finding for good, where that is not its cell
    is_of_sheet: bool = False  # it is about all figures there, not about those of its cells


def _as_seen(text: str, problem: str | None) -> str:
    """What extraction kept of a number or a date of two readings, as an officer sees it."""
    if problem in ("number_maybe_shifted", "percent_scale_unclear"):
        return vietnamese(Decimal(text))
    if problem == "date_ambiguous":
        return f"{date.fromisoformat(text[:10]):%d/%m/%Y}"
    return text


class _Lookup:
    """Finds the last element that has a number."""

    def __init__(self, numbers: Numbers) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]

    def find(self, wanted: Numbers) -> Numbers:
        """The places of the numbers wanted; NOWHERE where there is none."""
        if not self._sorted.size:
            return np.full(wanted.shape, NOWHERE, np.int64)
        at = np.searchsorted(self._sorted, wanted, side="right") - 1
        is_there = (at >= 0) & (self._sorted[at] == wanted)
        return np.where(is_there, self._order[at], NOWHERE)


class Batch:
    """One form of one build, cell by cell in arrays.

    A column is named by its number in `columns` (of all tables), a line by its number in `lines`, a
    submission by its place in `numbers`, a row by its place in the arrays `row_…`.
    """

    def __init__(
        self, contract: Contract, submissions: Mapping[int, ReadSubmission], cells: CellFrames
    ) -> None:
        """`cells` as ingest.load.cells_of gives them."""
        self.contract = contract
        self.submissions = submissions
        self.numbers = list(submissions)
        self.tables: tuple[Table, ...] = contract.tables
        self.columns: list[Column] = [c for table in self.tables for c in table.columns]
        self.table_of_column = [n for n, table in enumerate(self.tables) for _ in table.columns]
        self.lines: list[Line] = [line for table in self.tables for line in table.lines]
        # by rule, what it marked: most rules look at few of a form's cells
        self._marks: dict[str, list[tuple[Numbers, Floats]]] = {}
        self.breaches: dict[tuple[int, str], Breach] = {}
        # one column of residuals for several rules: its name, and the rules
        self.families: dict[str, tuple[str, ...]] = {}
        self._remark_places: list[Place] = []
        self._take(cells)

    # --- cells ------------------------------------------------------------------------------------

    def _take(self, frames: CellFrames) -> None:
        frame = self._with_names(frames)
        self._frame = frame
        self.n_cells = frame.height
        self.submission: Numbers = frame["submission"].to_numpy()
        self.table: Numbers = frame["table"].to_numpy()
        kind: Numbers = frame["kind"].to_numpy()
        self.column: Numbers = np.array([number for number, _ in self._kinds], np.int64)[kind]
        self.line: Numbers = frame["line"].to_numpy()
        self.state: Numbers = frame["state"].cast(pl.Enum(STATES)).to_physical().to_numpy()
        factor: Floats = np.array([factor for _, factor in self._kinds], np.float64)[kind]
        self.value: Floats = frame["value"].to_numpy() * factor
        self.is_in_other_unit: Flags = factor != 1  # than the form's, by what the sheet says
        self.typed_step: Floats = frame["step"].to_numpy()
        self.step: Floats = frame["step"].to_numpy() * factor
        self._sheet: Numbers = frame["sheet"].to_numpy()
        self.has_text: Flags = frame["text"].is_not_null().to_numpy()
        self.has_problem: Flags = frame["problem"].is_not_null().to_numpy()
        self.row_no: Numbers = frame["row_no"].to_numpy()
        self.col_no: Numbers = frame["col_no"].to_numpy()
        area = frame["area_no"].to_numpy()
        begins = np.ones(self.n_cells, np.bool_)
        if self.n_cells:
            begins[1:] = (
                (np.diff(self.submission) != 0) | (np.diff(area) != 0) | (np.diff(self.row_no) != 0)
            )
        self.row: Numbers = np.cumsum(begins) - 1
        self.row_start: Numbers = np.flatnonzero(begins)  # the first cell of each row
        self._by_row = _Lookup(self.row * len(self.columns) + self.column)

    def _with_names(self, frames: CellFrames) -> pl.DataFrame:
        """The cells with what their places mean, as numbers."""
        areas = self._areas()
        columns, self._kinds = self._columns(frames.columns, areas)
        rows = frames.rows.join(areas, on=_AREA).join(
            self._line_numbers(), on=["table", "line_code"]
        )
        return (
            frames.cells.join(areas, on=_AREA, how="left", maintain_order="left")
            .join(columns, on=[*_AREA, "col_no"], how="left", maintain_order="left")
            .join(
                rows.select(*_AREA, "row_no", "line"),
                on=[*_AREA, "row_no"],
                how="left",
                maintain_order="left",
            )
            .with_columns(pl.col("line").fill_null(NOWHERE))
        )

    def _areas(self) -> pl.DataFrame:
        """Which submission, table and sheet each area is of."""
        sheets: dict[str, int] = {}
        areas = [
            (number, area.area_no, place, area.table_no - 1,
             sheets.setdefault(area.sheet, len(sheets)))
            for place, (number, read) in enumerate(self.submissions.items())
            for area in read.areas
        ]  # fmt: skip
        self.sheets = list(sheets)
        place = {"submission_no": pl.Int32, "area_no": pl.Int16}
        return _frame(areas, place | dict.fromkeys(("submission", "table", "sheet"), pl.Int64))

    def _columns(
        self, columns: pl.DataFrame, areas: pl.DataFrame
    ) -> tuple[pl.DataFrame, list[tuple[int, Decimal]]]:
        """Which kind each sheet's column is of, and the kinds: a column of the form in a unit, as
        its number, and as the factor that brings its figures into the form's unit."""
        number_of = {
            (table, column.field): number
            for number, (table, column) in enumerate(
                zip(self.table_of_column, self.columns, strict=True)
            )
        }
        key = ["table", "field", "unit_code"]
        columns = columns.join(areas, on=_AREA)
        kinds = columns.select(key).unique(maintain_order=True).with_row_index("kind")
        found = [
            (number_of[table, field], unit_factor(self.tables[table], field, unit_code))
            for table, field, unit_code in kinds.select(key).iter_rows()
        ]
        columns = columns.join(kinds, on=key, nulls_equal=True)
        return columns.select(*_AREA, "col_no", pl.col("kind").cast(pl.Int64)), found

    def _line_numbers(self) -> pl.DataFrame:
        """The numbers of the lines that each table prints, by their codes."""
        tables = (n for n, table in enumerate(self.tables) for _ in table.lines)
        return _frame(
            [(table, line.code, number) for number, (table, line) in enumerate(
                zip(tables, self.lines, strict=True))],
            {"table": pl.Int64, "line_code": pl.String, "line": pl.Int64},
        )  # fmt: skip

    # --- finding cells ----------------------------------------------------------------------------

    def fields(self, names: str | Iterable[str]) -> list[int]:
        """The columns of these fields, of whatever table."""
        wanted = {names} if isinstance(names, str) else set(names)
        return [n for n, column in enumerate(self.columns) if column.field in wanted]

    def field_beside(self, column: int, name: str | None) -> int | None:
        """The column of another field in the same table."""
        for n, other in enumerate(self.columns):
            if other.field == name and self.table_of_column[n] == self.table_of_column[column]:
                return n
        return None

    def of_column(self, column: int) -> Numbers:
        """The places of a column's cells, in their order."""
        return self._cells_of_columns[column]

    @cached_property
    def _cells_of_columns(self) -> list[Numbers]:
        order = np.argsort(self.column, kind="stable")
        ends = np.searchsorted(self.column[order], np.arange(len(self.columns) + 1))
        return [order[start:end] for start, end in pairwise(ends)]

    def beside(self, places: Numbers, column: int) -> Numbers:
        """The cells of another column in the rows of these cells."""
        return self._by_row.find(self.row[places] * len(self.columns) + column)

    def in_rows(self, column: int) -> Numbers:
        """A column's cell in every row; NOWHERE where a row has none."""
        return self.beside(self.row_start, column)

    def of_line(self, line: int, column: int) -> Numbers:
        """The cell of a line and a column in every submission; NOWHERE where one has none."""
        cells = self.of_column(column)
        cells = cells[self.line[cells] == line]
        found = np.full(len(self.numbers), NOWHERE, np.int64)
        found[self.submission[cells]] = cells  # where a line stands twice, the last one counts
        return found

    def same_elsewhere(
        self, places: Numbers, submissions: Numbers, column: int | None = None
    ) -> Numbers:
        """The cells of the same line, or record, and column (or another one) in other submissions
        (by place)."""
        columns = self.column[places] if column is None else np.full(places.shape, column, np.int64)
        wanted = self._identity_number(submissions, self.row_identity[self.row[places]], columns)
        return np.where(submissions >= 0, self._by_identity.find(wanted), NOWHERE)

    def cells_at(self, named: Sequence[tuple[int, str, str]]) -> Numbers:
        """The cells of submissions (by place) on sheets at addresses, which may name a sheet of
        their own (`Sheet!B12`); NOWHERE where no cell was read there."""
        sheets = {sheet: number for number, sheet in enumerate(self.sheets)}
        wanted = np.full((len(named), 4), NOWHERE, np.int64)
        for number, (submission, sheet, address) in enumerate(named):
            own, _, at = address.rpartition("!")
            row_col = cell_place(at)
            if row_col is not None and (own or sheet) in sheets:
                wanted[number] = (submission, sheets[own or sheet], *row_col)
        return self._by_address.find(self._address_number(*wanted.T))

    def _address_number(
        self, submission: Numbers, sheet: Numbers, row_no: Numbers, col_no: Numbers
    ) -> Numbers:
        place = (submission * len(self.sheets) + sheet) * MOST_ROWS + row_no
        return np.where(row_no == NOWHERE, NOWHERE, place * MOST_COLUMNS + col_no)

    @cached_property
    def _by_address(self) -> _Lookup:
        row_no, col_no = self.row_no.astype(np.int64), self.col_no.astype(np.int64)
        return _Lookup(self._address_number(self.submission, self._sheet, row_no, col_no))

    def _identity_number(self, submission: Numbers, identity: Numbers, column: Numbers) -> Numbers:
        n_identities = int(self.row_identity.max(initial=0)) + 1
        return (submission * n_identities + identity) * len(self.columns) + column

    @cached_property
    def _by_identity(self) -> _Lookup:
        return _Lookup(
            self._identity_number(self.submission, self.row_identity[self.row], self.column)
        )

    @cached_property
    def row_identity(self) -> Numbers:
        """What names a row in every period: its line, or its record's key."""
        rows = pl.DataFrame(
            {"table": self.table[self.row_start], "line": self.line[self.row_start]}
        )
        is_record = self.line[self.row_start] == NOWHERE
        for table_no, table in enumerate(self.tables):
            is_here = is_record & (self.table[self.row_start] == table_no)
            if not is_here.any():
                continue
            for name in table.rows.key:
                [column] = [n for n in self.fields(name) if self.table_of_column[n] == table_no]
                places = np.where(is_here, self.in_rows(column), NOWHERE)
                key = self.taken(pl.coalesce("code", "text"), places)
                rows = rows.with_columns(key.alias(f"{table_no}.{name}"))
        known = rows.unique(maintain_order=True).with_row_index("identity")
        joined = rows.join(
            known, on=rows.columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return joined["identity"].cast(pl.Int64).to_numpy()

    # --- what cells say ---------------------------------------------------------------------------

    def taken(self, what: pl.Expr | str, places: Numbers) -> pl.Series:
        """Texts of cells; null for NOWHERE."""
        series = self._frame.select(what).to_series()
        return series.gather(pl.Series(places).replace(NOWHERE, None).cast(pl.UInt32))

    def codes(self, places: Numbers, known: Codes) -> Numbers:
        """The codes of cells as numbers; NOWHERE where there is none, or it is not a known one."""
        codes = self.taken("code", places)
        return (
            codes.replace_strict(dict(known), default=NOWHERE, return_dtype=pl.Int64)
            .fill_null(NOWHERE)
            .to_numpy()
        )

    def is_state(self, places: Numbers, *states: str) -> Flags:
        """Whether cells are in one of these states; not, for NOWHERE."""
        found = np.isin(self.state[places], [STATE_NO[state] for state in states])
        return np.asarray(found & (places != NOWHERE))

    def value_at(self, places: Numbers) -> Floats:
        """The numbers of cells, in the form's unit; NaN where there is none."""
        return np.where(places != NOWHERE, self.value[places], np.nan)

    def intervals(self, places: Numbers) -> Intervals:
        """What the values of cells may be; not known where there is no number."""
        return self._intervals[np.where(places != NOWHERE, places, self.n_cells)]

    @cached_property
    def _intervals(self) -> Intervals:
        """Of every cell, and one unknown more that NOWHERE leads to."""
        is_number = self.state == STATE_NO[NUMBER]
        value = np.where(is_number, self.value, np.nan)
        step = np.where(is_number, np.nan_to_num(self.step), 0.0)
        is_whole_vnd = np.array([column.unit == "vnd" for column in self.columns], np.bool_)
        step = np.where(is_whole_vnd[self.column], 0.0, step)  # whole đồng are exact
        value = np.where(self.state == STATE_NO[NONE], 0.0, value)
        of_cells = printed(np.append(value, np.nan), np.append(step, 0.0))
        for number, column in enumerate(self.columns):
            if column.comparator or column.upper:
                self._widen(of_cells, number, column, is_number)
        return of_cells

    def _widen(self, of_cells: Intervals, number: int, column: Column, is_number: Flags) -> None:
        """ "Trên 95 %" and "15-20": a comparator and an upper bound beside the number."""
        places = self.of_column(number)
        places = places[is_number[places]]
        upper = self.field_beside(number, column.upper)
        if upper is not None:
            high = self.value_at(self.beside(places, upper))
            has_high = ~np.isnan(high)
            at, high = places[has_high], high[has_high]
            wider = printed(high, of_cells.high[at] - of_cells.low[at])
            is_range = high >= self.value[at]
            of_cells.high[at] = np.where(is_range, wider.high, np.nan)
            of_cells.low[at] = np.where(is_range, of_cells.low[at], np.nan)
            of_cells.high_open[at] = wider.high_open
        comparator = self.field_beside(number, column.comparator)
        if comparator is not None:
            named = self.codes(self.beside(places, comparator), _COMPARATORS)
            named = np.where(np.isnan(of_cells.low[places]), NOWHERE, named)
            of_cells.high[places[named == _MORE]] = np.inf
            of_cells.low[places[named == _LESS]] = -np.inf
            at = places[named != NOWHERE]
            of_cells.low_open[at] = of_cells.high_open[at] = False

    # --- rows -------------------------------------------------------------------------------------

    @cached_property
    def line_of_row(self) -> Numbers:
        return self.line[self.row_start]

    @cached_property
    def unit_typed(self) -> Numbers:
        """The cell of the unit of measure in every row; NOWHERE where it has none."""
        found = np.full(self.row_start.shape, NOWHERE, np.int64)
        for column in self.fields("unit"):
            places = self.in_rows(column)
            found = np.where(places != NOWHERE, places, found)
        return found

    @cached_property
    def unit_of_row(self) -> Numbers:
        """The unit that a row's figures are in: as typed, else its line's; a place in `UNITS`."""
        typed = self.codes(self.unit_typed, unit_numbers())
        says = self.is_state(self.unit_typed, CODE, UNREAD)
        return np.where(says, typed, self.unit_of_line)

    @cached_property
    def unit_of_line(self) -> Numbers:
        """The unit that the line of each row has by itself."""
        units = unit_numbers()
        own = [units.get(line.unit_code or "", NOWHERE) for line in self.lines]
        return self.of_lines(own, NOWHERE)

    @cached_property
    def parent_of_line(self) -> Numbers:
        """The number of every line's parent; NOWHERE where it has none."""
        found, start = [], 0
        for table in self.tables:
            place = {line.code: start + n for n, line in enumerate(table.lines)}
            found += [place.get(line.parent or "", NOWHERE) for line in table.lines]
            start += len(table.lines)
        return np.array(found, np.int64)

    def of_lines(self, of_line: Sequence[int], otherwise: int) -> Numbers:
        """For every row what is known of its line; `otherwise` for records."""
        return np.append(np.array(of_line, np.int64), otherwise)[self.line_of_row]

    @cached_property
    def _asked(self) -> npt.NDArray[np.bool_]:
        asked = [[column.is_asked_of(line) for line in self.lines] for column in self.columns]
        of_records = [[True]] * len(self.columns)
        return np.concatenate(
            [np.array(asked, np.bool_).reshape(len(self.columns), -1), np.array(of_records)], axis=1
        )

    def is_asked(self, places: Numbers) -> Flags:
        """Whether the lines of cells have anything to say in their columns."""
        return np.asarray(self._asked[self.column[places], self.line[places]])

    def is_asked_in(self, lines: Numbers, column: int) -> Flags:
        """Whether lines have anything to say in another column."""
        return np.asarray(self._asked[column, lines])

    # --- words ------------------------------------------------------------------------------------

    def exact(self, place: int) -> Decimal:
        """The number of a cell as it was typed, in the form's unit; 0 where there is none."""
        number = self._frame["number"][place] if place != NOWHERE else None
        if number is None:
            return Decimal(0)
        _, factor = self._kinds[self._frame["kind"][place]]
        return Decimal(number) if factor == 1 else Decimal(number) * factor

    def submission_no(self, place: int) -> int:
        return self.numbers[int(self.submission[place])]

    def sheet(self, place: int) -> str:
        return self.sheets[int(self._sheet[place])]

    def text(self, place: int) -> str | None:
        """What was typed, where it was typed as text."""
        found: str | None = self._frame["text"][place]
        return found

    def problem(self, place: int) -> str | None:
        """What extraction found odd about a cell."""
        found: str | None = self._frame["problem"][place]
        return found

    def address(self, place: int, sheet: str | None = None) -> str:
        """A cell's address, with its sheet where that is another than the finding's."""
        address = cell_address(int(self.row_no[place]), int(self.col_no[place]))
        own = self.sheet(place)
        return address if sheet is None or sheet == own else f"{own}!{address}"

    def header(self, place: int) -> str:
        return " / ".join(self.columns[self.column[place]].header)

    def place(self, place: int) -> Place:
        """A cell, or a remark, for a finding."""
        if place >= self.n_cells:
            return self._remark_places[place - self.n_cells]
        typed = self.text(place)
        number = self._frame["number"][place]
        if typed is None and number is not None:
            typed = vietnamese(Decimal(number))
        elif typed is not None:
            typed = _as_seen(typed, self.problem(place))
        if number is not None and self.is_in_other_unit[place]:
            # a sentence names the cell's figure beside others: all are in the form's unit
            typed = f"{vietnamese(self.exact(place))} (ô ghi “{typed}”)"
        return Place(
            self.submission_no(place),
            self.sheet(place),
            int(self.row_no[place]),
            int(self.col_no[place]),
            typed,
            self._name(place),
        )

    def _name(self, place: int) -> tuple[str, ...]:
        """Table, line or record, and field of a cell."""
        if self.line[place] != NOWHERE:
            row: tuple[str, ...] = (self.lines[self.line[place]].code,)
        else:
            table = self.table[place]
            keys = [n for n in self.fields(self.tables[table].rows.key)
                    if self.table_of_column[n] == table]  # fmt: skip
            cells = [int(self.beside(np.array([place]), column)[0]) for column in keys]
            row = tuple(self._code_or_text(cell) for cell in cells if cell != NOWHERE)
        return (str(self.table[place]), *row, self.columns[self.column[place]].field)

    def _code_or_text(self, place: int) -> str:
        return self._frame["code"][place] or self._frame["text"][place] or ""

    # --- marks ------------------------------------------------------------------------------------

    def add_remark_places(self, places: Iterable[Place]) -> Iterator[int]:
        """Places that are no cells; before anything is marked."""
        for place in places:
            self._remark_places.append(place)
            yield self.n_cells + len(self._remark_places) - 1

    def mark(
        self,
        rule: str,
        places: Numbers,
        residuals: Floats | Flags,
        explain: Callable[[int], Breach],
    ) -> None:
        """Set residuals: 0 obeys, above 0 breaks the rule, NaN is not looked at.

        `explain` is asked for each that is broken, by its number among `places`.
        """
        found = residuals.astype(np.float64)
        is_looked_at = ~np.isnan(found)
        marks = self._marks.setdefault(rule, [])
        marks.append((places[is_looked_at].astype(np.int32), found[is_looked_at]))
        for number in np.flatnonzero(found > 0):
            self.breaches[int(places[number]), rule] = explain(int(number))

    def unmark(self, rules: Iterable[str]) -> None:
        """Forget what rules have marked, so that they can look again."""
        names = set(rules)
        for rule in names & self._marks.keys():
            self._marks[rule].clear()
        for place, rule in [key for key in self.breaches if key[1] in names]:
            del self.breaches[place, rule]

    @property
    def submission_of_place(self) -> Numbers:
        """The submission (by place) of every cell, and of the remarks that come after them."""
        place_of = {number: place for place, number in enumerate(self.numbers)}
        remarks = [place_of[place.submission_no] for place in self._remark_places]
        return np.append(self.submission, np.array(remarks, np.int64))

    def looked_at(self) -> dict[str, pl.DataFrame]:
        """By rule, or family of rules, in the order of their names: `cell_id` (a place) and
        `residual` of what it looked at, the worst where it marked a place more than once."""
        return {rule: self._looked_at(marks) for rule, marks in sorted(self._marks.items())}

    def _looked_at(self, marks: Sequence[tuple[Numbers, Floats]]) -> pl.DataFrame:
        column = np.full(self.n_cells + len(self._remark_places), np.nan)
        for places, found in marks:
            column[places] = np.fmax(column[places], found)
        looked_at = np.flatnonzero(~np.isnan(column))
        return pl.DataFrame({"cell_id": looked_at, RESIDUAL: column[looked_at]})


_MORE, _LESS = 1, 2
_COMPARATORS: Codes = {">": _MORE, ">=": _MORE, "<": _LESS, "<=": _LESS, "<~": _LESS}


def unit_numbers() -> dict[str, int]:
    """Units of measure by code, numbered as `reference.units()` lists them."""
    return {code: number for number, code in enumerate(reference.units())}


def _frame(rows: Sequence[tuple[object, ...]], schema: Mapping[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")  # type: ignore[arg-type]
