"""Loads what was read into the working file: one INSERT a table for the whole build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

import duckdb
import polars as pl

from ingest import reference
from ingest.cell_tables import EXACT_DIGITS, CellTables, count_of, tables_of
from ingest.cells import STATES
from ingest.contract import Contract
from ingest.expected import expected_submissions
from ingest.period import RELATIONS, calendar_of, related
from ingest.reading import ReadFile, ReadSubmission
from ingest.register import Submission

# the dimensions that a line of a list may fix
LINE_DIMENSIONS = ("gate_code", "regime_code", "commodity_code", "source_code", "basis")
Schema = dict[str, pl.DataType | type[pl.DataType]]


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame, *, replace: bool = True
) -> None:
    """Insert a frame into a table by column name; with `replace` nothing else stays in it."""
    if replace:
        connection.execute(f"delete from {table}")
    if frame.is_empty():
        return
    connection.register("incoming_frame", frame.to_arrow())
    connection.execute(f"insert into {table} by name select * from incoming_frame")
    connection.unregister("incoming_frame")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is written meanwhile, or nothing of it."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def load_build(
    connection: duckdb.DuckDBPyConnection,
    build_id: str,
    as_of: datetime,
    code_version: str,
    is_simulated: bool,
) -> None:
    """raw.build: what this build is."""
    connection.execute("delete from raw.build")
    connection.execute(
        "insert into raw.build values (?, ?, ?, ?)", [build_id, as_of, code_version, is_simulated]
    )


def load_submissions(
    connection: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]
) -> None:
    """raw.submission, without regard to what is in it already."""
    rows = [
        {
            "submission_no": s.submission_no,
            "submission_id": s.submission_id,
            "file_path": s.receipt.file_path,
            "file_sha256": s.receipt.file_sha256,
            "file_bytes": s.receipt.file_bytes,
            "received_at": datetime.fromisoformat(s.receipt.received_at),
            "reporter_unit_code": s.receipt.reporter_unit_code,
            "form_code": s.read.form if s.read else None,
            "form_version": s.read.version if s.read else None,
            "period_key": s.read.period_key if s.read else None,
            "cutoff_date": s.read.cutoff_date if s.read else None,
            "status": s.status,
            "reason_vi": s.reason_vi,
            "is_simulated": s.receipt.is_simulated,
            "cells_in_tables": count_of(s.read).cells if s.read else 0,
            "cells_outside": s.read.cells_outside if s.read else 0,
        }
        for s in submissions
    ]
    schema: Schema = {
        "submission_no": pl.Int32,
        "submission_id": pl.String,
        "file_path": pl.String,
        "file_sha256": pl.String,
        "file_bytes": pl.Int64,
        "received_at": pl.Datetime("us"),
        "reporter_unit_code": pl.String,
        "form_code": pl.String,
        "form_version": pl.Int32,
        "period_key": pl.String,
        "cutoff_date": pl.Date,
        "status": pl.String,
        "reason_vi": pl.String,
        "is_simulated": pl.Boolean,
        "cells_in_tables": pl.Int32,
        "cells_outside": pl.Int32,
    }
    insert(connection, "raw.submission", pl.DataFrame(rows, schema=schema))


class CellFrames(NamedTuple):
    """Cells of some submissions as the rules want them, in the order of their rows, and what the
    rows and columns are that they lie in: the tables raw.cell, raw.sheet_row, raw.sheet_column."""

    cells: pl.DataFrame  # with `value` and `step`, the numbers for arithmetic
    rows: pl.DataFrame
    columns: pl.DataFrame


def load_cells(
    connection: duckdb.DuckDBPyConnection,
    submissions: Sequence[Submission],
    tables: CellTables,
    file_numbers: Mapping[str, int],
) -> None:
    """raw.cell, and where the cells lie: raw.sheet_area, raw.sheet_column, raw.sheet_row; one
    INSERT each, beside what stands there. `tables` as the reading processes wrote them
    (cell_files.py), and the number there of each file by its hash."""
    areas: list[tuple[object, ...]] = []
    owners: list[tuple[object, ...]] = []
    for each in submissions:
        if each.read is not None:
            number = each.submission_no
            owners.append((number, file_numbers[each.receipt.file_sha256], each.place_in_file))
            areas += [(number, a.area_no, a.table_no, a.sheet) for a in each.read.areas]
    schema: Schema = {
        "submission_no": pl.Int32,
        "area_no": pl.Int16,
        "table_no": pl.Int16,
        "sheet_name": pl.String,
    }
    insert(connection, "raw.sheet_area", _frame(areas, schema), replace=False)
    with _incoming(connection, tables, owners):
        for table, query in _INCOMING.items():
            connection.execute(f"insert into {table} by name {query}")


# what is loaded into each table; `place` are the columns that all of them begin with.
# A number typed as one is a whole mantissa and its decimals: exact without a float between. Of two
# decimals of up to 18 digits DuckDB makes one of 18, too few from a million on: hence 19
_OF_OWNER = """inner join incoming_owner as owner
    on incoming.file_no = owner.file_no and incoming.submission_in_file = owner.place"""
_INCOMING = {
    "raw.cell": f"""
with power as (
    select scale::tinyint as scale, cast(value as decimal(13, 12)) as value
    from (values {", ".join(f"({d}, '{Decimal(1).scaleb(-d):f}')" for d in range(13))})
        as powers (scale, value)
)
select
    owner.submission_no,
    incoming.area_no,
    incoming.row_no,
    incoming.col_no,
    state.state,
    coalesce(
        cast(incoming.exact as decimal(38, 12)),
        cast(cast(incoming.mantissa as decimal(19, 0)) * power.value as decimal(38, 12))
    ) as number,
    coalesce(cast(incoming.step as decimal(38, 12)), cast(power.value as decimal(38, 12)))
        as printed_step,
    incoming.text,
    incoming.code,
    incoming.problem
from incoming_cell as incoming
{_OF_OWNER}
inner join incoming_state as state on incoming.state_no = state.state_no
left join power on incoming.scale = power.scale
""",
    "raw.sheet_row": f"""
select owner.submission_no, incoming.area_no, incoming.row_no, incoming.line_code
from incoming_row as incoming
{_OF_OWNER}
""",
    "raw.sheet_column": f"""
select owner.submission_no, incoming.area_no, incoming.col_no, incoming.field, incoming.unit_code
from incoming_column as incoming
{_OF_OWNER}
""",
}


CELL_TABLES = ("raw.sheet_area", *_INCOMING)
"""What load_cells fills."""


@contextmanager
def _incoming(
    connection: duckdb.DuckDBPyConnection, tables: CellTables, owners: Sequence[tuple[object, ...]]
) -> Iterator[None]:
    """What `_INCOMING` reads: `owners` are submission number, number of the file, place in it."""
    schema: Schema = {"submission_no": pl.Int32, "file_no": pl.Int32, "place": pl.Int16}
    states = pl.DataFrame({"state_no": list(range(len(STATES))), "state": list(STATES)})
    incoming = {
        "incoming_cell": tables.cells,
        "incoming_row": tables.rows,
        "incoming_column": tables.columns,
        "incoming_owner": _frame(owners, schema).to_arrow(),
        "incoming_state": states.to_arrow(),
    }
    for name, table in incoming.items():
        connection.register(name, table)
    yield
    for name in incoming:
        connection.unregister(name)


# the cells with numbers for arithmetic beside the exact ones
_FOR_RULES = {
    "raw.cell": """
select submission_no, area_no, row_no, col_no, state, number, text, code, problem,
    cast(number as double) as value, cast(printed_step as double) as step
from {source}
{condition}
order by submission_no, area_no, row_no, col_no
""",
    "raw.sheet_row": """
select submission_no, area_no, row_no, line_code from {source} {condition}
""",
    "raw.sheet_column": """
select submission_no, area_no, col_no, field, unit_code from {source} {condition}
""",
}


def cells_of(connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> CellFrames:
    """The cells of some submissions that were loaded."""
    condition = "where submission_no in (select unnest(?))"
    return CellFrames(
        *(
            _as_frame(
                connection.sql(
                    query.format(source=table, condition=condition), params=[list(numbers)]
                )
            )
            for table, query in _FOR_RULES.items()
        )
    )


def cells_held(submissions: Mapping[int, ReadSubmission]) -> CellFrames:
    """The same of submissions that hold their cells themselves, by number."""
    files = [ReadFile((read,), None, (), 0) for read in submissions.values()]
    owners = [(number, place, 0) for place, number in enumerate(submissions)]
    with duckdb.connect() as connection, _incoming(connection, tables_of(files), owners):
        return CellFrames(
            *(
                _as_frame(
                    connection.sql(
                        query.format(source=f"({_INCOMING[table]}) as held", condition="")
                    )
                )
                for table, query in _FOR_RULES.items()
            )
        )


def _as_frame(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    frame = pl.from_arrow(relation.to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _frame(rows: Sequence[tuple[object, ...]], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def load_periods(connection: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """raw.period: every period that a cell, a submission or a contract names, and its calendar."""
    named = connection.execute(
        """
        select code from raw.cell_named where field in ('period_key', 'base_period_key')
            and code is not null
        union
        select period_key from raw.submission where period_key is not null
        """
    ).fetchall()
    keys = {key for (key,) in named}
    for contract in contracts:
        for table in contract.tables:
            for column in table.columns:
                keys |= {
                    key
                    for key in (column.period, column.base_period)
                    if key and key not in RELATIONS
                }
    relations = _relations(connection)
    keys |= {related_key for _, _, related_key in relations}
    periods = calendar_of(keys)
    frame = pl.DataFrame(
        {
            "period_key": [p.key for p in periods],
            "kind": [p.kind for p in periods],
            "start_date": [p.start for p in periods],
            "end_date": [p.end for p in periods],
            "label_vi": [p.label_vi for p in periods],
        }
    )
    insert(connection, "raw.period", frame)
    schema: Schema = {"period_key": pl.String, "relation": pl.String, "related_key": pl.String}
    insert(connection, "raw.period_relation", _frame(relations, schema))


def _relations(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """What `year`, `previous` and the other relations mean for every submission's period."""
    keys = connection.execute(
        "select distinct period_key from raw.submission where period_key is not null"
    ).fetchall()
    return [
        (key, relation, other)
        for (key,) in keys
        for relation in RELATIONS
        if (other := related(key, relation)) is not None
    ]


def load_expected(
    connection: duckdb.DuckDBPyConnection,
    contracts: Sequence[Contract],
    submissions: Sequence[Submission],
    as_of: date,
) -> None:
    """raw.expected_submission: what is due, of the forms that have been received at all."""
    schema: Schema = {
        "unit_code": pl.String,
        "form_code": pl.String,
        "form_version": pl.Int32,
        "period_key": pl.String,
        "due_date": pl.Date,
    }
    rows = [
        (e.unit_code, e.form, e.version, e.period_key, e.due_date)
        for e in expected_submissions(contracts, submissions, as_of)
    ]
    insert(connection, "raw.expected_submission", _frame(rows, schema))


def load_contracts(connection: duckdb.DuckDBPyConnection, contracts: Sequence[Contract]) -> None:
    """contract.form, contract.form_column and contract.form_line."""
    forms = [
        {
            "form_code": c.form,
            "form_version": c.version,
            "code_on_paper": c.code_on_paper,
            "title_vi": c.title,
            "legal_basis": c.legal_basis or None,
            "basis_status": c.basis_status,
            "fact": c.fact,
            "openness": c.openness,
            "frequency": c.reporting.frequency,
            "due_days": c.reporting.due_days,
            "valid_from": c.valid.start,
            "valid_to": c.valid.end,
        }
        for c in contracts
    ]
    columns, lines = [], []
    for contract in contracts:
        for table_no, table in enumerate(contract.tables, start=1):
            place = {
                "form_code": contract.form,
                "form_version": contract.version,
                "table_no": table_no,
            }
            columns += [
                place
                | {
                    "field": c.field,
                    "header_vi": " / ".join(c.header),
                    "role": c.role,
                    "type": c.type,
                    "unit_code": c.unit,
                    "is_required": c.required,
                    "fact": c.fact,
                    "measure": c.measure,
                    "kind": c.kind,
                    "period_key": None if c.period in RELATIONS else c.period,
                    "period_relation": c.period if c.period in RELATIONS else None,
                    "base_period_key": None if c.base_period in RELATIONS else c.base_period,
                    "base_period_relation": c.base_period if c.base_period in RELATIONS else None,
                    "milestone": c.milestone,
                    "milestone_state": c.milestone_state,
                    "formula": c.formula,
                    "comparator_field": c.comparator,
                    "upper_field": c.upper,
                    "description_vi": c.description,
                }
                | {name: contract.dimension(c, name) for name in reference.DIMENSIONS}
                for c in table.columns
            ]
            lines += [
                place
                | {
                    "line_no": line.number,
                    "line_code": line.code,
                    "label_vi": line.label_vi,
                    "parent_code": line.parent,
                    "is_additive": line.is_additive,
                    "sign": line.sign,
                    "children": line.children,
                    "indicator_code": line.indicator_code,
                    "unit_code": line.unit_code,
                    "basis_status": line.basis_status,
                    "owner_unit_code": line.owner_unit_code,
                    "list_code": (table.rows.list or "").rpartition(".")[2],
                }
                | {name: line.dimension(name) for name in LINE_DIMENSIONS}
                for line in table.lines
            ]
    insert(connection, "contract.form", pl.DataFrame(forms, infer_schema_length=None))
    insert(connection, "contract.form_column", pl.DataFrame(columns, infer_schema_length=None))
    senders = [
        {
            "form_code": c.form,
            "form_version": c.version,
            "unit_code": unit,
            "source_rank": c.rank_of_sender(unit),
        }
        for c in contracts
        for unit in reference.reporting_units()
        if c.accepts(unit)
    ]
    insert(connection, "contract.form_sender", pl.DataFrame(senders, infer_schema_length=None))
    insert(connection, "contract.form_line", pl.DataFrame(lines, infer_schema_length=None))


def cells_as_read(submissions: Iterable[Submission]) -> dict[str, Decimal | int]:
    """Counts to hold against what was loaded: cells, the sum of their numbers, and the rows and
    columns that they lie in."""
    counts = [count_of(s.read) for s in submissions if s.read]
    with localcontext(prec=EXACT_DIGITS):
        return {
            "cells": sum(count.cells for count in counts),
            "numbers": sum(count.numbers for count in counts),
            "total": sum((count.total for count in counts), Decimal(0)),
            "rows": sum(count.rows for count in counts),
            "columns": sum(count.columns for count in counts),
        }
