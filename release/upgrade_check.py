"""`make upgrade-check`: do other versions of the packages give the same facts and marts?

Makes a second environment from another lock (without one: the lock resolved anew, everything as new
as pyproject.toml allows), builds the samples with both, and with `--home` also the archive and
ledger of a home, and compares every published table row by row. Exit status: 0 the same, 1 a
difference, 2 it could not be built.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
SAMPLES = PROJECT / "samples" / "inbox"
# any time will do: both sides get the same
SAMPLES_AS_OF = datetime(2026, 11, 22, 2)
MOST_EXAMPLES = 3
# what is made here, or large: an install from a bundle is no git repository that could be asked
_NOT_SOURCE = (".git", ".venv", "var", "dist", "tmp", "target", "logs", "__pycache__", ".*_cache")


class NotBuilt(RuntimeError):
    """One of the sides could not be made: nothing can be said."""


@dataclass(frozen=True)
class Difference:
    """What of a table is not the same: rows of one side alone, or other columns."""

    table: str
    only_old: int
    only_new: int
    says: str
    examples: tuple[str, ...] = ()


# --- comparing ----------------------------------------------------------------------------------


def compare(old: Path, new: Path) -> tuple[int, int, list[Difference]]:
    """Every table of two published files: tables and rows compared, and the differences.

    A build's own name has a hash of code and lock in it, so it is no difference.
    """
    names = {"old": _build_id(old), "new": _build_id(new)}
    with duckdb.connect() as connection:
        for name, path in (("old", old), ("new", new)):
            quoted = str(path.resolve()).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        columns = {name: _columns(connection, name) for name in ("old", "new")}
        found: list[Difference] = []
        tables = rows = 0
        for table in sorted(columns["old"].keys() | columns["new"].keys()):
            before, after = columns["old"].get(table), columns["new"].get(table)
            if before != after:
                found.append(Difference(table, 0, 0, _other_columns(before, after)))
                continue
            tables += 1
            counted = connection.execute(f'select count(*) from old."{table}"').fetchone()
            rows += counted[0] if counted else 0
            rows_of = {
                side: f'select {_without_name(after or [], name)} from {side}."{table}"'
                for side, name in names.items()
            }
            sides = [
                _only(connection, rows_of[one], rows_of[other])
                for one, other in (("old", "new"), ("new", "old"))
            ]
            if sides[0][0] or sides[1][0]:
                examples = (
                    *(f"- {row}" for row in sides[0][1]),
                    *(f"+ {row}" for row in sides[1][1]),
                )
                found.append(Difference(table, sides[0][0], sides[1][0], "rows differ", examples))
    return tables, rows, found


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, list[tuple[str, str]]]:
    rows = connection.execute(
        """
        select c.table_name, c.column_name, c.data_type from duckdb_columns() as c
        inner join duckdb_tables() as t using (database_name, schema_name, table_name)
        where c.database_name = ? and c.schema_name = 'main' order by c.table_name, c.column_index
        """,
        [name],
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        found.setdefault(table, []).append((column, kind))
    return found


def _other_columns(
    before: Sequence[tuple[str, str]] | None, after: Sequence[tuple[str, str]] | None
) -> str:
    if before is None or after is None:
        return "only in the new build" if before is None else "not in the new build"
    one, other = set(before) - set(after), set(after) - set(before)
    return f"columns differ: {sorted(one)} -> {sorted(other)}" if one or other else "column order"


def _build_id(published: Path) -> str:
    """What build.json beside it says; '' where there is none."""
    said = published.resolve().with_name("build.json")
    return str(json.loads(said.read_text("utf-8"))["build_id"]) if said.exists() else ""


def _without_name(columns: Sequence[tuple[str, str]], build_id: str) -> str:
    if not build_id:
        return "*"
    name = build_id.replace("'", "''")
    return ", ".join(
        f"replace(\"{column}\", '{name}', '<build>') as \"{column}\""
        if kind == "VARCHAR"
        else f'"{column}"'
        for column, kind in columns
    )


def _only(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> tuple[int, list[str]]:
    """Rows of one query that the other does not have as often."""
    query = f"({one}) except all ({other})"
    counted = connection.execute(f"select count(*) from ({query})").fetchone()
    count = int(counted[0]) if counted else 0
    if not count:
        return 0, []
    rows = connection.execute(
        f"select * from ({query}) order by all limit {MOST_EXAMPLES}"
    ).fetchall()
    return count, [", ".join(map(str, row))[:300] for row in rows]


# --- building -----------------------------------------------------------------------------------


def resolve_anew(target: Path) -> None:
    """The lock that `make lock` would write today, with everything as new as is allowed."""
    shutil.copy(LOCK, target)
    _run(
        [
            str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--upgrade",
            "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate",
            "--all-extras", "--group", "dev", "--custom-compile-command", "make lock",
            "pyproject.toml", "-o", str(target),
        ],
        PROJECT,
    )  # fmt: skip


def versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


def changed_versions(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name} {old.get(name, '–')} -> {new.get(name, '–')}"


def second_project(lock: Path, folder: Path) -> Path:
    """The project as it is here, with the other lock and an environment made from it."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*_NOT_SOURCE))
    shutil.copy(lock, folder / LOCK.name)
    _run(["make", "--no-print-directory", "setup"], folder)
    return folder / ".venv" / "bin" / "kho"


def _run(command: Sequence[str], folder: Path) -> None:
    # neither side may find the other's packages or settings
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KHO_", "PYTHONPATH"))}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True)
    if done.returncode:
        raise NotBuilt(
            f"{' '.join(map(str, command[:4]))} …\n{(done.stdout + done.stderr)[-3000:]}"
        )


def build(kho: Path, home: Path, inbox: Path, as_of: datetime, work: Path) -> Path:
    """A night with one of the environments; the published file."""
    arguments = ["--home", str(home), "--inbox", str(inbox), "--as-of", as_of.isoformat()]
    _run([str(kho), "nightly", *arguments], work)
    return home / "current" / "kho.duckdb"


def last_publish(home: Path) -> datetime:
    from warehouse.home import Home
    from warehouse.ledger import Ledger

    known = Ledger(Home(home).ledger).publishes()
    if not known:
        raise NotBuilt(f"{home} has not published anything")
    return max(datetime.fromisoformat(publish["as_of"]) for publish in known)


def restored(backup: Path, home: Path) -> Path:
    from warehouse.backup import restore_backup
    from warehouse.home import Home

    restore_backup(backup, Home(home))
    return home


def empty_inbox(home: Path, folder: Path) -> None:
    """An inbox with nothing in it, of the sort (simulated or real) that the home takes."""
    from ingest.sources import SIMULATION_MARKER
    from warehouse.home import Home
    from warehouse.ledger import Ledger

    folder.mkdir()
    if any(receipt.is_simulated for receipt in Ledger(Home(home).ledger).receipts()):
        (folder / SIMULATION_MARKER).touch()


# --- the command --------------------------------------------------------------------------------


def tell(what: str, old: Path, new: Path) -> bool:
    """Print how two builds compare; whether they are the same."""
    tables, rows, found = compare(old, new)
    print(f"{what}: {tables} tables, {rows} rows compared, {len(found)} tables differ")
    for each in found:
        print(f"  {each.table}: {each.says}; old only {each.only_old}, new only {each.only_new}")
        for example in each.examples:
            print(f"    {example}")
    return not found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, help="the other lock; default: resolved anew")
    parser.add_argument("--home", type=Path, help="compare this home's archive and ledger too")
    parser.add_argument("--work", type=Path, help="a new folder to work in and to keep")
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="kho-upgrade-"))
    try:
        work.mkdir(parents=True, exist_ok=True)
        if any(work.iterdir()):
            raise NotBuilt(f"{work} is not empty")
        return check(arguments.lock, arguments.home, work.resolve())
    except NotBuilt as error:
        print(f"not built: {error}", file=sys.stderr)
        return 2
    finally:
        if arguments.work is None:
            shutil.rmtree(work, ignore_errors=True)


def check(lock: Path | None, home: Path | None, work: Path) -> int:
    other = work / "other.lock"
    if lock is not None:
        shutil.copy(lock, other)
    else:
        resolve_anew(other)
    changed = list(changed_versions(versions(LOCK), versions(other)))
    print(f"{len(changed)} packages differ" + "".join(f"\n  {line}" for line in changed))
    if other.read_bytes() == LOCK.read_bytes():
        print("the same lock: nothing to compare")
        return 0
    khos = {
        "old": Path(sys.executable).with_name("kho"),
        "new": second_project(other, work / "project"),
    }
    built = {
        side: build(kho, work / f"samples-{side}", SAMPLES, SAMPLES_AS_OF, work)
        for side, kho in khos.items()
    }
    same = tell("samples", built["old"], built["new"])
    if home is not None:
        from warehouse.backup import BackupError, write_backup
        from warehouse.home import Home

        try:
            write_backup(Home(home.resolve()), work / "home.tar.gz")
        except BackupError as error:
            raise NotBuilt(str(error)) from None
        as_of = last_publish(home) + timedelta(minutes=1)
        empty_inbox(home, work / "empty")
        built = {
            side: build(
                kho, restored(work / "home.tar.gz", work / f"home-{side}"), work / "empty", as_of,
                work,
            )
            for side, kho in khos.items()
        }  # fmt: skip
        same &= tell(str(home), built["old"], built["new"])
    print("the same" if same else "DIFFERENT: look at every table above before upgrading")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
