"""How long an analyst waits: the cookbook's queries on marts, over ten million rows of fct_budget.

    PYTHONPATH=. python bench/queries.py --home HOME [--rows 10000000] [--rounds 5]

HOME is a built simulated home (kho simulate, kho nightly). Its facts of the budget and the marts
made of them are copied into as many earlier years as it takes. Every query of docs/sql-cookbook.md
that reads a mart is run on the published file's format and, as a peer, on the same tables as
Parquet files; the budget's question also on the cells as they were read, in a table of their own.
Prints medians in milliseconds and ratios; ends with an error where the median of the queries on the
file is over the limit.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from warehouse.published_file import STORAGE_VERSION, add_views_and_macros

COOKBOOK = Path(__file__).resolve().parent.parent / "docs" / "sql-cookbook.md"
LIMIT_MS = 20.0
SHOWN_ROWS = 200  # what `kho sql` shows of a result
# what is made of fct_budget: table -> columns that name a year
_YEARLY = {
    "fct_budget": ("period_key",),
    "mart_budget_execution": ("period_key",),
    "mart_commune_profile": ("period_key",),
}
# the question that the marts answer, asked of the cells: the revenue form of the province
_OF_CELLS = """
    select
        period_key,
        line_code,
        max(case when field = 'estimate_assigned' then number end) / 1e3 as estimate_billion,
        max(case when field = 'outturn_cumulative' then number end) / 1e3 as outturn_billion
    from budget_cell
    where form_code = 'b60_thu_nsnn'
    group by period_key, line_code
    order by period_key, line_code
"""
_OF_MART = """
    select
        period_key,
        line_code,
        estimate_assigned_vnd / 1e9 as estimate_billion,
        outturn_cumulative_vnd / 1e9 as outturn_billion
    from mart_budget_execution
    where list_code = 'b60' and budget_level = 'all'
    order by period_key, line_code
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    options.add_argument("--home", type=Path, required=True)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kho.duckdb"
        rows = _enlarge(chosen.home, file, chosen.rows)
        print("rows: " + ", ".join(f"{name} {count:,}" for name, count in rows.items()))
        parquet = _as_parquet(file, Path(folder) / "parquet")
        with duckdb.connect(str(file), read_only=True) as published, parquet:
            on_file = _medians(published, chosen.rounds)
            on_parquet = _medians(parquet, chosen.rounds)
            cells = _median_ms(published, _OF_CELLS, chosen.rounds)
            mart = _median_ms(published, _OF_MART, chosen.rounds)
    file_ms, parquet_ms = statistics.median(on_file), statistics.median(on_parquet)
    slow = sum(each > LIMIT_MS for each in on_file)
    print(
        f"{len(on_file)} queries on marts: median {file_ms:.1f} ms, {slow} over {LIMIT_MS:.0f} ms"
    )
    print(f"the same on Parquet: median {parquet_ms:.1f} ms, {parquet_ms / file_ms:.1f} times")
    print(f"one question, of the mart {mart:.1f} ms, of the cells {cells:.1f} ms: "
          f"{cells / mart:.1f} times")  # fmt: skip
    if file_ms > LIMIT_MS:
        sys.exit(f"the median query takes more than {LIMIT_MS:.0f} ms")


def _enlarge(home: Path, file: Path, wanted: int) -> dict[str, int]:
    """A file like the published one, with the budget's facts of as many years as make `wanted`."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as big (storage_version '{STORAGE_VERSION}')")
        connection.execute(f"attach '{home / 'current/kho.duckdb'}' as source (read_only)")
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as working (read_only)")
        [count] = connection.execute("select count(*) from source.fct_budget").fetchone() or (0,)
        years = -(-wanted // max(count, 1))
        tables = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'source'"
            ).fetchall()
        ]
        for table in tables:
            shifted = ", ".join(
                f"case when copy = 0 then {column} else cast(cast(left({column}, 4) as integer) "
                f"- copy as varchar) || substring({column}, 5) end as {column}"
                for column in _YEARLY.get(table, ())
            )
            copies = f" cross join range({years}) as years (copy)" if shifted else ""
            replaced = f" exclude (copy) replace ({shifted})" if shifted else ""
            connection.execute(
                f'create table big."{table}" as select *{replaced} from source."{table}"{copies}'
                + (" order by all" if shifted and table != "fct_budget" else "")
            )
        connection.execute(
            f"""
            create table big.budget_cell as
            select
                cell.form_code,
                cell.line_code,
                cell.field,
                cell.number,
                cast(cast(left(submission.period_key, 4) as integer) - copy as varchar)
                || substring(submission.period_key, 5) as period_key,
                submission.reporter_unit_code
            from working.raw.cell_named as cell
            inner join working.raw.submission as submission
                on cell.submission_no = submission.submission_no
            inner join working.contract.form as form
                on cell.form_code = form.form_code and form.fact = 'budget'
            cross join range({years}) as years (copy)
            where cell.state = 'number'
            """
        )
        counts = {}
        for table in (*_YEARLY, "budget_cell"):
            [rows] = connection.execute(f"select count(*) from big.{table}").fetchone() or (0,)
            counts[table] = rows
    with duckdb.connect(str(file)) as big:
        add_views_and_macros(big)
    return counts


def _as_parquet(file: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection that sees the same tables as views of Parquet files."""
    folder.mkdir()
    with duckdb.connect(str(file), read_only=True) as source:
        tables = [
            name
            for (name,) in source.execute("select table_name from duckdb_tables()").fetchall()
            if name != "budget_cell"
        ]
        for table in tables:
            source.execute(
                f"copy \"{table}\" to '{folder / table}.parquet' (format parquet, compression zstd)"
            )
    connection = duckdb.connect()
    for table in tables:
        connection.execute(f"create view \"{table}\" as from '{folder / table}.parquet'")
    add_views_and_macros(connection)
    return connection


def _medians(connection: duckdb.DuckDBPyConnection, rounds: int) -> list[float]:
    """The median of every query of the cookbook that reads a mart."""
    text = COOKBOOK.read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)
    return [_median_ms(connection, query, rounds) for query in queries if "mart_" in query]


def _median_ms(connection: duckdb.DuckDBPyConnection, query: str, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        connection.execute(query).fetchmany(SHOWN_ROWS)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
