"""Whether the working file of the last build is built on, and what stands in its tables.

A build that ended as it should leaves a note beside its working file: which build, by which code,
and what the file looked like. Where all of that is still so, the next build fills the tables of
ingest and checks anew, and dbt builds only what reads something else than it was made of
(dbt_project/macros/kept.sql). Whatever else happened, be it a kill, other code or a file that
somebody wrote to, the working file is a new one. Both files may be deleted: it costs time only.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import duckdb

from warehouse.home import Home
from warehouse.ledger import Ledger

FILLED = ("raw", "contract", "quality")
"""Schemas that ingest and checks fill, and dbt reads. What nothing is said of is never as it was:
raw.build, which is of this build alone."""
CONTENT_DIGEST = "concat_ws(':', count(*), sum(hash(content)), bit_xor(hash(content)))"
"""Of the rows of a table (`content`), in whatever order: as content_digest in kept.sql has it."""
_SAID_BY_NOBODY = ("raw.build",)
# raw.cell_named is a view of these
_CELLS = ("raw.cell", "raw.sheet_area", "raw.sheet_column", "raw.sheet_row", "raw.submission")
_OF_SUBMISSIONS = (*_CELLS, "raw.correction")


def is_kept(home: Home, code: str) -> bool:
    """Whether the working file is as the last published build left it, made by this code."""
    try:
        note = json.loads(home.working_note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    publishes = Ledger(home.ledger).publishes()
    return bool(publishes) and note == _note(home, publishes[-1]["build_id"], code)


def clear_unless_kept(home: Home, code: str, *, anew: bool) -> bool:
    """Remove the working file unless it is kept; with `anew` in any case. Whether it is kept."""
    if not anew and is_kept(home, code):
        return True
    for leftover in home.root.glob(f"{home.working_file.name}*"):
        if leftover.is_dir():  # where DuckDB put what did not fit into memory, when it was killed
            shutil.rmtree(leftover)
        else:
            leftover.unlink()
    forget(home)
    return False


def forget(home: Home) -> None:
    """From here on the working file is being written to."""
    home.working_note.unlink(missing_ok=True)


def keep(home: Home, build_id: str, code: str) -> None:
    """The build is published, and nobody has the working file open."""
    home.working_note.write_text(json.dumps(_note(home, build_id, code)), encoding="utf-8")


def _note(home: Home, build_id: str, code: str) -> dict[str, Any] | None:
    files = sorted(home.root.glob(f"{home.working_file.name}*"))
    if files != [home.working_file]:  # what DuckDB had still to write is in a file beside it
        return None
    found = home.working_file.stat()
    return {"build_id": build_id, "code": code, "bytes": found.st_size, "at": found.st_mtime_ns}


def note_contents(connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
    """kept.content: what stands in the tables of these schemas, as dbt's content_digest has it."""
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where schema_name in (select unnest(?)) and database_name = current_database() order by 1",
        [list(schemas)],
    ).fetchall()
    for (table,) in tables:
        connection.execute("delete from kept.content where table_name = ?", [table])
        if table not in _SAID_BY_NOBODY:
            connection.execute(
                f"""
                insert into kept.content
                select '{table}', '', {CONTENT_DIGEST} from {table} as content
                """
            )
    if "raw" in schemas:
        _note_content_of_cells(connection)


def _note_content_of_cells(connection: duckdb.DuckDBPyConnection) -> None:
    """What stands in the view of cells with their names, and in all that is read of submissions: of
    each, by its number, and of all of them, in what dbt takes for a table."""
    connection.execute(
        "delete from kept.content where table_name in ('raw.cell_named', 'raw.submission_content')"
    )
    connection.execute(
        """
        insert into kept.content
        select 'raw.cell_named', '', md5(string_agg(digest, ',' order by table_name))
        from kept.content where table_name in (select unnest(?))
        """,
        [list(_CELLS)],
    )
    each = " union all ".join(
        f"select submission_no, '{table}' as table_name, {CONTENT_DIGEST} as digest "
        f"from {table} as content group by submission_no"
        for table in _OF_SUBMISSIONS
    )
    connection.execute(
        f"""
        insert into kept.content
        select 'raw.submission_content', cast(submission_no as varchar),
            md5(string_agg(concat_ws(':', table_name, digest), ',' order by table_name))
        from ({each}) group by submission_no
        """
    )
    connection.execute(
        """
        insert into kept.content
        select
            'raw.submission_content', '', md5(coalesce(string_agg(digest, ',' order by part), ''))
        from kept.content where table_name = 'raw.submission_content'
        """
    )


def made_and_kept(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How many tables and tests of dbt this build made, and how many stand as an earlier one made
    them; those that are made in every build are not counted."""
    [(made, kept)] = connection.execute(
        "select count(*) filter (made.build_id = build.build_id), "
        "count(*) filter (made.build_id <> build.build_id) from kept.made cross join raw.build"
    ).fetchall()
    return made, kept
