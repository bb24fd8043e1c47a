"""Rules between a unit's submissions of one form: what was reported for an earlier period.

The earlier submission is the last one received of the same unit and form, of the nearest earlier
period that the rule allows. Without any, the rule does not look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from expectations.batch import Batch, Breach, Row, mark
from expectations.interval import Interval
from expectations.numbers import cell_address, vietnamese
from expectations.table_rules import distance
from ingest import reference
from ingest.contract import AddsUpCheck, Column, JumpCheck, NotFallingCheck, NotStaleCheck
from ingest.normalise import NUMBER
from ingest.period import period_of, related

# fewer equal figures than this may well be chance
STALE_FIGURES = 4
# what a wrong unit does: thousands for millions, đồng for millions
MAGNITUDES = (Decimal(1000), Decimal(1000000))
MAGNITUDE_SLACK = Decimal("1.6")

Key = tuple[object, ...]


class History:
    """The rows of a batch by submission, and each submission's predecessors."""

    def __init__(self, batch: Batch, rows: Sequence[Row]) -> None:
        self.rows: dict[int, dict[Key, Row]] = defaultdict(dict)
        for row in rows:
            self.rows[row.submission_no][row.table_no, *row.identity] = row
        self._identity: dict[int, tuple[str, str]] = {}
        self._latest: dict[tuple[str, str], int] = {}
        for number, submission in batch.submissions.items():
            unit, period = submission.named_unit_code, submission.period_key
            if unit is not None and period is not None:
                self._identity[number] = unit, period
                self._latest[unit, period] = number  # in order of receipt: the last one counts
        self._periods: dict[str, list[str]] = defaultdict(list)
        for unit, period in self._latest:
            self._periods[unit].append(period)

    def period(self, number: int) -> str | None:
        return self._identity[number][1] if number in self._identity else None

    def previous(self, number: int) -> int | None:
        """The submission of the period just before."""
        if number not in self._identity:
            return None
        unit, period = self._identity[number]
        return self._latest.get((unit, related(period, "previous") or ""))

    def earlier_this_year(self, number: int) -> int | None:
        """The submission of the nearest earlier period of the same kind and year."""
        if number not in self._identity:
            return None
        unit, key = self._identity[number]
        now = period_of(key)
        earlier = [
            period
            for period in map(period_of, self._periods[unit])
            if period.kind == now.kind and period.end.year == now.end.year and period.end < now.end
        ]
        if not earlier:
            return None
        return self._latest[unit, max(earlier, key=lambda period: period.end).key]

    def is_first_of_year(self, number: int) -> bool:
        period = self.period(number)
        return period is not None and period_of(period).start.timetuple()[1:3] == (1, 1)


def _columns(row: Row, names: Sequence[str]) -> list[Column]:
    return [column for column in row.table.columns if column.field in names]


def _words(key: str | None) -> str:
    return period_of(key).label_vi if key else ""


def _scale(row: Row, before: Row, column: Column) -> Decimal | None:
    """By what the earlier row's figures are multiplied to be in this row's unit (tonnes now,
    kilograms then); None where the two count different things."""
    if column.unit is not None or row.unit_code == before.unit_code:
        return Decimal(1)
    units = reference.units()
    now, then = units.get(row.unit_code or ""), units.get(before.unit_code or "")
    if now is None or then is None or now.base_code != then.base_code:
        return None
    return then.factor / now.factor


def _then(row: Row, before: Row, column: Column) -> Interval | None:
    """The earlier figure of a column, in this row's unit."""
    scale, value = _scale(row, before, column), before.interval(column)
    if scale is None or value is None or scale == 1:
        return value if scale is not None else None
    return value * Interval.exactly(float(scale))


def not_falling(
    batch: Batch, rows: Sequence[Row], history: History, check: NotFallingCheck
) -> None:
    for row in rows:
        number = history.earlier_this_year(row.submission_no)
        before = _row_before(history, number, row)
        if before is None or number is None:
            continue
        for column in _columns(row, check.columns):
            now, then = row.interval(column), _then(row, before, column)
            if now is None or then is None or column.field not in row.cells:
                continue
            cell = before.cell(column.field)
            detail = {
                "period": _words(history.period(row.submission_no)),
                "previous_period": _words(history.period(number)),
                "previous": vietnamese(cell.number) if cell and cell.number is not None else "0",
            }
            place, here = row.cells[column.field]
            breach = Breach(
                detail, (cell_address(row.row_no, here.col_no),), check.severity, check.words
            )
            mark(batch, "not_falling", place, max(then.low - now.high, 0.0), breach)


def adds_up(batch: Batch, rows: Sequence[Row], history: History, check: AddsUpCheck) -> None:
    for row in rows:
        if check.cumulative not in row.cells or check.part not in row.cells:
            continue
        total, part = row.table.column(check.cumulative), row.table.column(check.part)
        stated, added = row.interval(total), row.interval(part)
        if stated is None or added is None:
            continue
        shown = "0"
        if not history.is_first_of_year(row.submission_no):
            number = history.previous(row.submission_no)
            before = _row_before(history, number, row)
            then = _then(row, before, total) if before is not None else None
            if before is None or then is None:
                continue
            added = added + then
            cell = before.cell(total.field)
            shown = vietnamese(cell.number) if cell and cell.number is not None else "0"
        cells = tuple(
            cell_address(row.row_no, row.cells[name][1].col_no)
            for name in (check.cumulative, check.part)
        )
        detail = {
            "part_cell": cells[1],
            "previous": shown,
            "low": vietnamese(added.low),
            "high": vietnamese(added.high),
        }
        breach = Breach(detail, cells, check.severity, check.words)
        mark(batch, "adds_up", row.cells[check.cumulative][0], distance(stated, added), breach)


def not_stale(batch: Batch, rows: Sequence[Row], history: History, check: NotStaleCheck) -> None:
    """Marks the first figure of a table all of whose figures stand in the previous period's too."""
    tables: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        tables[row.submission_no, row.table_no].append(row)
    for (number, _), members in tables.items():
        previous = history.previous(number)
        if previous is None:
            continue
        places: list[int] = []
        same = figures = 0
        for row in members:
            before = _row_before(history, previous, row)
            for column in _columns(row, check.columns):
                cell = row.cell(column.field)
                if cell is None or cell.state != NUMBER or not cell.number:
                    continue
                then = before.cell(column.field) if before is not None else None
                figures += 1
                same += then is not None and then.number == cell.number
                places.append(row.cells[column.field][0])
        if figures >= STALE_FIGURES:
            detail = {
                "previous_period": _words(history.period(previous)),
                "period": _words(history.period(number)),
            }
            breach = Breach(detail, (), check.severity, check.words)
            mark(batch, "not_stale", places[0], float(same == figures), breach)


def jump(batch: Batch, rows: Sequence[Row], history: History, check: JumpCheck) -> None:
    """Many times the previous period's figure; about a thousand times it is a wrong unit."""
    for row in rows:
        number = history.previous(row.submission_no)
        before = _row_before(history, number, row)
        if before is None or number is None:
            continue
        for column in _columns(row, check.columns):
            if history.is_first_of_year(row.submission_no) and _starts_anew(column):
                continue
            now, then = row.cell(column.field), before.cell(column.field)
            scale = _scale(row, before, column)
            if now is None or then is None or not now.number or not then.number or scale is None:
                continue
            times = abs(now.number / (then.number * scale))
            ratio = max(times, 1 / times)
            detail = {
                "previous_period": _words(history.period(number)),
                "previous": vietnamese(then.number),
                "times": _times(times),
            }
            cells = (cell_address(row.row_no, now.col_no),)
            wrong_unit = any(_is_times(ratio, size) for size in MAGNITUDES)
            place = row.cells[column.field][0]
            mark(batch, "magnitude", place, float(wrong_unit), Breach(detail, cells))
            excess = 0.0 if wrong_unit else max(float(ratio - check.factor), 0.0)
            breach = Breach(detail, cells, check.severity, check.words)
            mark(batch, "jump", place, excess, breach)


# so many of a column's figures must be off by the same thousands to be in another unit
MAGNITUDE_SHARE = 0.6


def magnitudes(batch: Batch, rows: Sequence[Row], history: History) -> None:
    """Amounts of a column that are all about a thousand or a million times those of the previous
    period, or a part of them: a wrong unit. A single figure may well grow so much (a new project).
    """
    columns: dict[tuple[int, int, str], list[tuple[Row, Column, Decimal, Decimal]]]
    columns = defaultdict(list)
    for row in rows:
        before = _row_before(history, history.previous(row.submission_no), row)
        if before is None:
            continue
        for column in row.table.columns:
            if column.role != "value" or not _is_amount(column):
                continue
            now, then = row.cell(column.field), before.cell(column.field)
            if now is not None and then is not None and now.number and then.number:
                key = (row.submission_no, row.table_no, column.field)
                columns[key].append((row, column, now.number, then.number))
    for (number, _, _), pairs in columns.items():
        previous = history.period(history.previous(number) or 0)
        for size in (*MAGNITUDES, *(1 / size for size in MAGNITUDES)):
            off = [pair for pair in pairs if _is_times(abs(pair[2] / pair[3]), size)]
            is_wrong = len(off) >= MAGNITUDE_SHARE * len(pairs)
            for row, column, now_value, then_value in off if is_wrong else ():
                detail = {
                    "previous_period": _words(previous),
                    "previous": vietnamese(then_value),
                    "times": _times(abs(now_value / then_value)),
                }
                place, cell = row.cells[column.field]
                cells = (cell_address(row.row_no, cell.col_no),)
                mark(batch, "magnitude", place, 1.0, Breach(detail, cells))
        for row, column, _, _ in pairs:
            mark(batch, "magnitude", row.cells[column.field][0], 0.0)


def _is_amount(column: Column) -> bool:
    unit = reference.units().get(column.unit or "")
    return column.type == "money" or (unit is not None and unit.base_code == "usd")


def _is_times(ratio: Decimal, size: Decimal) -> bool:
    return size / MAGNITUDE_SLACK <= ratio <= size * MAGNITUDE_SLACK


def _starts_anew(column: Column) -> bool:
    """What runs from 1 January, or is about the year, is another thing in another year."""
    measure = column.measure or ""
    return "cumulative" in measure or column.period in ("year", "previous_year")


def _times(times: Decimal) -> str:
    if times >= 1:
        return f"gấp khoảng {vietnamese(times.quantize(Decimal(1)))} lần"
    return f"chỉ bằng khoảng 1/{vietnamese((1 / times).quantize(Decimal(1)))}"


def _row_before(history: History, number: int | None, row: Row) -> Row | None:
    if number is None:
        return None
    return history.rows[number].get((row.table_no, *row.identity))
