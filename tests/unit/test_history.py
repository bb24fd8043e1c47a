"""History replayed from the ledger's change files, in a real working file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared import as_lines
from warehouse.connection import create_working
from warehouse.history import FACTS, changes_of_build, keep_changes, load_history
from warehouse.ledger import Ledger

DAYS = [f"2026-07-0{day} 06:30:00" for day in range(1, 7)]


def opened(at: str, content: str = "h1", key: str = "k") -> dict[str, object]:
    return {"act": "fact_opened", "fact_table": "fct_budget", "fact_key": key,
            "content_hash": content, "moment": at, "content": {"value_text": content}}  # fmt: skip


def closed(at: str, content: str = "h1", key: str = "k") -> dict[str, object]:
    return {"act": "fact_closed", "fact_table": "fct_budget", "fact_key": key,
            "content_hash": content, "moment": at}  # fmt: skip


def versions(folder: Path, nights: list[list[dict[str, object]]]) -> list[tuple[object, ...]]:
    ledger = Ledger(folder / "ledger")
    for number, acts in enumerate(nights):
        ledger.write_changes(f"b{number}", as_lines(acts))
        ledger.add_publish({"build_id": f"b{number}"})
    with create_working(folder / "w.duckdb") as connection:
        load_history(connection, ledger.change_files(), folder / "kept")
        load_history(
            connection, ledger.change_files(), folder / "kept"
        )  # again: the same, not twice
        cursor = connection.execute(
            "select * from history.fact_version order by fact_key, known_from"
        )
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    keep = [names.index(name) for name in ("fact_key", "content_hash", "known_from", "known_to")]
    return [tuple(row[at] for at in keep) for row in rows]


def day(number: int) -> datetime:
    return datetime.fromisoformat(DAYS[number])


def test_version_that_was_never_closed_is_known_until_now(tmp_path: Path) -> None:
    assert versions(tmp_path, [[opened(DAYS[0])]]) == [("k", "h1", day(0), None)]


def test_changed_fact_closes_one_version_and_opens_the_next(tmp_path: Path) -> None:
    nights = [[opened(DAYS[0])], [closed(DAYS[1]), opened(DAYS[1], "h2")]]
    assert versions(tmp_path, nights) == [
        ("k", "h1", day(0), day(1)),
        ("k", "h2", day(1), None),
    ]


def test_version_that_comes_back_has_two_stretches(tmp_path: Path) -> None:
    nights = [
        [opened(DAYS[0])],
        [closed(DAYS[1]), opened(DAYS[1], "h2")],
        [closed(DAYS[2], "h2"), opened(DAYS[2])],
        [closed(DAYS[3])],
    ]
    assert versions(tmp_path, nights) == [
        ("k", "h1", day(0), day(1)),
        ("k", "h2", day(1), day(2)),
        ("k", "h1", day(2), day(3)),
    ]


def test_closing_of_one_fact_leaves_another_of_the_same_content_open(tmp_path: Path) -> None:
    nights = [[opened(DAYS[0]), opened(DAYS[0], key="other")], [closed(DAYS[1])]]
    assert versions(tmp_path, nights) == [
        ("k", "h1", day(0), day(1)),
        ("other", "h1", day(0), None),
    ]


def test_no_publish_is_no_history(tmp_path: Path) -> None:
    assert versions(tmp_path, []) == []


def test_night_without_facts_leaves_no_version(tmp_path: Path) -> None:
    finding = {"act": "finding_opened", "finding_key": "f", "moment": DAYS[0], "content": {}}
    assert versions(tmp_path, [[finding], []]) == []


def test_finding_is_open_until_it_is_closed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    row = {"rule": "totals", "message": "Ô D8: tổng 1.275,1"}
    nights: list[list[dict[str, object]]] = [
        [{"act": "finding_opened", "finding_key": key, "moment": DAYS[0], "content": row}
         for key in ("a", "b")],
        [{"act": "finding_closed", "finding_key": "a", "moment": DAYS[2]}],
    ]  # fmt: skip
    for number, acts in enumerate(nights):
        ledger.write_changes(f"b{number}", as_lines(acts))
        ledger.add_publish({"build_id": f"b{number}"})
    with create_working(tmp_path / "w.duckdb") as connection:
        load_history(connection, ledger.change_files(), tmp_path / "kept")
        found = connection.execute(
            "select finding_key, first_seen, closed_at from history.finding order by 1"
        ).fetchall()
    assert found == [("a", day(0), day(2)), ("b", day(0), None)]


@settings(max_examples=25)
@given(st.lists(st.lists(st.sampled_from("abc"), unique=True), min_size=2, max_size=6), st.data())
def test_history_that_grows_by_what_came_is_what_all_of_it_gives(
    nights: list[list[str]], data: st.DataObject
) -> None:
    """Each night changes some facts and findings: opens them, or closes them or puts another in
    their place."""
    is_open = dict.fromkeys("abc", False)

    def acts(number: int, names: list[str]) -> Iterator[dict[str, object]]:
        moment = f"2026-07-{number + 1:02} 02:00:00"
        for name in names:
            if is_open[name]:
                yield closed(moment, key=name)
                yield {"act": "finding_closed", "finding_key": name, "moment": moment}
            is_open[name] = not is_open[name] or data.draw(st.booleans())
            if is_open[name]:
                yield opened(moment, f"h{number}", key=name)
                yield {"act": "finding_opened", "finding_key": name, "moment": moment,
                       "content": {"rule": "r"}}  # fmt: skip

    def history(connection: duckdb.DuckDBPyConnection) -> list[object]:
        return [
            connection.execute(f"from history.{table} order by all").fetchall()
            for table in ("fact_version", "finding", "fact_row")
        ]

    with TemporaryDirectory() as folder:
        ledger, kept = Ledger(Path(folder) / "ledger"), Path(folder) / "kept"
        with create_working(Path(folder) / "grows.duckdb") as grows:
            for number, names in enumerate(nights):
                ledger.write_changes(f"b{number}", as_lines([*acts(number, names)]))
                ledger.add_publish({"build_id": f"b{number}"})
                if data.draw(st.booleans()):  # or else two at once
                    load_history(grows, ledger.change_files(), kept)
            load_history(grows, ledger.change_files(), kept)
            with create_working(Path(folder) / "anew.duckdb") as anew:
                load_history(anew, ledger.change_files(), kept)
                assert history(grows) == history(anew)


def test_history_of_which_a_part_is_another_one_is_loaded_anew(tmp_path: Path) -> None:
    ledger, kept = Ledger(tmp_path / "ledger"), tmp_path / "kept"
    for number in (0, 1):
        ledger.write_changes(f"b{number}", as_lines([opened(DAYS[number], key=f"k{number}")]))
        ledger.add_publish({"build_id": f"b{number}"})
    with create_working(tmp_path / "w.duckdb") as connection:
        load_history(connection, ledger.change_files(), kept)
        ledger.write_changes("b0", as_lines([opened(DAYS[0], key="other")]))
        load_history(connection, ledger.change_files(), kept)
        found = connection.execute("select fact_key from history.fact_version order by 1")
        assert found.fetchall() == [("k1",), ("other",)]
        load_history(connection, [], kept)
        assert connection.execute("from history.fact_version").fetchall() == []


def test_row_of_a_version_is_as_its_publish_wrote_it_whatever_became_of_what_is_kept(
    tmp_path: Path,
) -> None:
    ledger, kept = Ledger(tmp_path / "ledger"), tmp_path / "it's kept"
    for number, acts in enumerate([[opened(DAYS[0])], [closed(DAYS[1]), opened(DAYS[1], "h2")]]):
        ledger.write_changes(f"b{number}", as_lines(acts))
        ledger.add_publish({"build_id": f"b{number}"})
    for harm in (b"", b"torn", None):
        for path in kept.glob("*"):
            content = path.read_bytes()
            # another value of the same length, in the middle of a file that reads well
            path.write_bytes(content.replace(b"h1", b"h7") if harm is None else harm)
        (kept / "left over").touch() if kept.exists() else None
        with create_working(tmp_path / "w.duckdb") as connection:
            load_history(connection, ledger.change_files(), kept)
            rows = connection.execute(
                "select content_hash, known_from, row_json from history.fact_row order by 1"
            ).fetchall()
        assert rows == [
            ("h1", day(0), '{"value_text":"h1"}'),
            ("h2", day(1), '{"value_text":"h2"}'),
        ]
        assert len(list(kept.iterdir())) == 2


def test_what_was_kept_when_it_was_published_is_what_the_next_night_looks_at(
    tmp_path: Path,
) -> None:
    ledger, kept = Ledger(tmp_path / "ledger"), tmp_path / "kept"
    for number, acts in enumerate([[opened(DAYS[0])], []]):
        ledger.write_changes(f"b{number}", as_lines(acts))
        ledger.add_publish({"build_id": f"b{number}"})
        keep_changes(ledger.change_file(f"b{number}"), kept)
    [before] = kept.iterdir()  # a publish that changed nothing keeps nothing
    made = before.stat().st_mtime_ns
    with create_working(tmp_path / "w.duckdb") as connection:
        load_history(connection, ledger.change_files(), kept)
        found = connection.execute("select row_json from history.fact_row").fetchall()
    assert found == [('{"value_text":"h1"}',)]
    [after] = kept.iterdir()
    assert (after, after.stat().st_mtime_ns) == (before, made)


def test_row_in_the_ledger_is_exact_whatever_reads_it(tmp_path: Path) -> None:
    amount = "123456789012345678901.25"  # no float holds it
    ledger, columns = Ledger(tmp_path / "ledger"), "fact_key varchar, content_hash varchar"
    with create_working(tmp_path / "w.duckdb") as connection:
        for fact in FACTS:
            connection.execute(
                f"create table main.{fact} ({columns}, amount_vnd decimal(24, 2), "
                "known_from timestamp, known_to timestamp, is_current boolean)"
            )
        connection.execute("create table main.dq_result (finding_key varchar, closed timestamp)")
        connection.execute(
            "insert into main.fct_budget values ('k', 'h', ?, ?, null, true)", [amount, day(0)]
        )
        ledger.write_changes("b0", changes_of_build(connection, day(0)))
        ledger.add_publish({"build_id": "b0"})
        load_history(connection, ledger.change_files(), tmp_path / "kept")
        [(row,)] = connection.execute("select row_json from history.fact_row").fetchall()
    [line] = map(json.loads, ledger.change_file("b0").open())
    assert line["content"]["amount_vnd"] == json.loads(row)["amount_vnd"] == amount
    assert (line["v"], line["act"], line["fact_table"]) == (1, "fact_opened", "fct_budget")


def test_working_file_is_a_duckdb_file_with_the_tables_of_ingest(tmp_path: Path) -> None:
    create_working(tmp_path / "w.duckdb").close()
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        schemas = {s for (s,) in connection.execute(
            "select distinct schema_name from duckdb_tables()").fetchall()}  # fmt: skip
    assert {"raw", "contract", "quality", "history"} <= schemas
