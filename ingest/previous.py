"""What a unit reported on a form the last time, for the columns beside the cells to fill.

Read again from the archived original: a build keeps facts, and what an officer compares with is
the form as it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ingest.cells import ReadCell
from ingest.columns import unit_factor
from ingest.contract import Contract
from ingest.extract import read_submissions
from ingest.normalise import NUMBER
from ingest.period import period_of
from ingest.reading import ReadFile, ReadSubmission
from ingest.sandbox import read_isolated
from ingest.template_values import Key, Value
from warehouse.connection import open_published
from warehouse.home import Home

_ACCEPTED = """
select period_key, file_sha256 from submission
where reporter_unit_code = ? and form_code = ? and status = 'accepted'
"""


@dataclass(frozen=True)
class Reported:
    """`figures` of the last report, and the `names` of its records, which usually come again."""

    period_key: str | None = None
    figures: dict[Key, Value] = field(default_factory=dict)
    names: dict[Key, Value] = field(default_factory=dict)


def last_reported(home: Home, contract: Contract, unit_code: str, period_key: str) -> Reported:
    """The unit's last accepted report before a period; empty where there is none."""
    if not home.published_file.exists():
        return Reported()
    with open_published(home.published_file) as connection:
        found = _latest(connection, contract, unit_code, period_key)
    if found is None:
        return Reported()
    last, sha256 = found
    [(_, reading)] = read_isolated(read_submissions, [home.archived(sha256)])
    if not isinstance(reading, ReadFile):
        return Reported()
    for submission in reading.submissions:
        if submission.form == contract.form and submission.period_key == last:
            return _reported(contract, submission, last)
    return Reported()


def _latest(
    connection: Any, contract: Contract, unit_code: str, period_key: str
) -> tuple[str, str] | None:
    """Period and file of the latest report of a period of the same kind that began earlier."""
    now = period_of(period_key)
    rows = connection.execute(_ACCEPTED, [unit_code, contract.form]).fetchall()
    earlier = [
        (period_of(key).end, key, sha256)
        for key, sha256 in rows
        if key and period_of(key).kind == now.kind and period_of(key).end < now.start
    ]
    if not earlier:
        return None
    _, key, sha256 = max(earlier)
    return key, sha256


def _reported(contract: Contract, submission: ReadSubmission, period_key: str) -> Reported:
    reported = Reported(period_key)
    fields = {(c.area_no, c.col_no): c for c in submission.columns}
    tables = {area.area_no: area.table_no for area in submission.areas}
    keys = _row_keys(contract, submission)
    for cell in submission.cells:
        place = fields[cell.area_no, cell.col_no]
        name = place.field
        table_no = tables[cell.area_no]
        table = contract.tables[table_no - 1]
        if all(column.field != name for column in table.columns):
            continue  # an earlier version of the form had it
        column = table.column(name)
        key = (table_no, keys[cell.area_no, cell.row_no], name)
        if column.role == "value" and cell.state == NUMBER and cell.number is not None:
            factor = unit_factor(table, name, place.unit_code)
            reported.figures[key] = cell.number * factor
        elif table.rows.kind == "records" and _names_row(column.role, name, table.rows.key):
            text = _text(cell)
            if text:
                reported.names[key] = text
    return reported


def _row_keys(contract: Contract, submission: ReadSubmission) -> dict[tuple[int, int], str]:
    """The key of every row read: the line's code, or the number of the record in its table."""
    keys: dict[tuple[int, int], str] = {}
    tables = {area.area_no: area.table_no for area in submission.areas}
    counted = dict.fromkeys(range(1, len(contract.tables) + 1), 0)
    for row in submission.rows:
        table_no = tables[row.area_no]
        counted[table_no] += 1
        keys[row.area_no, row.row_no] = row.line_code or str(counted[table_no])
    return keys


def _names_row(role: str, field_name: str, key: tuple[str, ...]) -> bool:
    return role == "dimension" or field_name in key


def _text(cell: ReadCell) -> str | None:
    return cell.text or cell.code
