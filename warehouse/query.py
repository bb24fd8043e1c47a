"""SQL for analysts: one query from the shell, or a workbench; read-only and locked either way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import duckdb

from warehouse.connection import LOCK_DOWN

SHOWN_ROWS = 200
# comparators and figures may begin like a formula
_FIGURE = re.compile(r"(?:[-+]\s?[\d.,\s]+%?)|[=<>~]{1,2}")


def run_query(connection: duckdb.DuckDBPyConnection, query: str, as_csv: bool) -> int:
    """Print a query's result as a table or as CSV; exit status 0, or 2 with the reason."""
    try:
        result = connection.execute(query)
        names = [column[0] for column in result.description or ()]
        rows = result.fetchall() if as_csv else result.fetchmany(SHOWN_ROWS + 1)
    except duckdb.Error as error:
        click.echo(f"Câu lệnh không chạy được: {error}", err=True)
        return 2
    if as_csv:
        _print_csv(names, rows)
    else:
        _print_table(names, rows)
    return 0


def _print_csv(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_inert(value) for value in row] for row in rows)


def _inert(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is made text again; `=` alone and figures
    (`-2,71`) are none."""
    if isinstance(value, str) and len(value) > 1 and value[0] in "=+-@\t\r":
        return value if _FIGURE.fullmatch(value) else "'" + value
    return value


def _print_table(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    numeric = [
        all(isinstance(row[i], int | float) or _is_decimal(row[i]) for row in rows)
        for i in range(len(names))
    ]
    for name, right in zip(names, numeric, strict=True):
        table.add_column(escape(name), justify="right" if right else "left", overflow="fold")
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*("" if value is None else escape(_shown(value)) for value in row))
    # a table cut at 80 columns is no use in a pipe
    console = Console(width=None if sys.stdout.isatty() else 240)
    console.print(table)
    if len(rows) > SHOWN_ROWS:
        console.print(f"… chỉ hiện {SHOWN_ROWS} dòng đầu; dùng --csv để lấy tất cả")


def _shown(value: Any) -> str:
    """Money as 15.400.000.000.000 would not fit a column of figures: plain, without zeros."""
    if not _is_decimal(value):
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_decimal(value: Any) -> bool:
    from decimal import Decimal

    return isinstance(value, Decimal)


def run_workbench(published_file: Path) -> int:
    """Open Harlequin on the published file. Its own read-only switch still lets COPY write, so
    the lock-down goes in through its init file."""
    if not sys.stdin.isatty():
        click.echo('Bàn làm việc SQL cần cửa sổ dòng lệnh; hoặc: kho sql "SELECT …"', err=True)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        init = Path(folder) / "init.sql"
        init.write_text("".join(f"{statement};\n" for statement in LOCK_DOWN), encoding="utf-8")
        command = [
            str(Path(sys.executable).with_name("harlequin")),
            "--adapter", "duckdb", "--read-only", "--init-path", str(init),
            "--config-path", str(Path(folder) / "none.toml"),
            str(published_file.resolve()),
        ]  # fmt: skip
        (Path(folder) / "none.toml").write_text("", encoding="utf-8")
        return subprocess.run(command, check=False, env=dict(os.environ)).returncode  # noqa: S603
