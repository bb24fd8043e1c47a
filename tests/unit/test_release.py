"""What is said of other packages: whether they give the same figures, whether they are known to be
vulnerable."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from release.audit import EXCEPTIONS, Excepted, judge, read_exceptions
from release.upgrade_check import changed_versions, compare, versions

TODAY = date(2026, 11, 26)


def published(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table fct (fact_key varchar, amount_vnd decimal(38, 0))")
        connection.execute("insert into fct values ('a', 15), ('b', 16), ('b', 16), ('c', null)")
        for statement in statements:
            connection.execute(statement)
    return path


def test_same_rows_in_another_order_are_the_same(tmp_path: Path) -> None:
    old = published(tmp_path / "old.duckdb")
    again = "create or replace table fct as select * from fct order by fact_key desc"
    assert compare(old, published(tmp_path / "new.duckdb", again)) == (1, 4, [])


def test_name_of_the_build_itself_is_no_difference(tmp_path: Path) -> None:
    files = []
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        says = f"insert into fct values ('build 2026-{side}', 1), ('other 2026-old', 2)"
        files.append(published(tmp_path / side / "kho.duckdb", says))
        (tmp_path / side / "build.json").write_text(f'{{"build_id": "2026-{side}"}}')
    found = compare(*files)[2]
    # the name of another build stays what it is
    assert [(each.only_old, each.only_new) for each in found] == [(1, 1)]
    assert found[0].examples == ("- other <build>, 2", "+ other 2026-old, 2")


@pytest.mark.parametrize(
    ("change", "only_old", "only_new", "says"),
    [
        ("update fct set amount_vnd = 17 where fact_key = 'a'", 1, 1, "rows differ"),
        ("insert into fct values ('b', 16)", 0, 1, "rows differ"),  # one more of the same
        ("update fct set amount_vnd = 0 where fact_key = 'c'", 1, 1, "rows differ"),
        ("alter table fct alter amount_vnd type double", 0, 0,
         "columns differ: [('amount_vnd', 'DECIMAL(38,0)')] -> [('amount_vnd', 'DOUBLE')]"),
        ("alter table fct rename to other", 0, 0, "not in the new build"),
    ],
)  # fmt: skip
def test_every_difference_is_counted_on_both_sides(
    tmp_path: Path, change: str, only_old: int, only_new: int, says: str
) -> None:
    old, new = published(tmp_path / "old.duckdb"), published(tmp_path / "new.duckdb", change)
    found = compare(old, new)[2][0]
    assert (found.table, found.only_old, found.only_new, found.says) == (
        "fct", only_old, only_new, says,
    )  # fmt: skip
    assert len(found.examples) == only_old + only_new


def test_versions_are_read_from_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1.0 \\\n    --hash=sha256:00\nb-c==2\n", encoding="utf-8")
    assert versions(lock) == {"a": "1.0", "b-c": "2"}
    assert list(changed_versions(versions(lock), {"a": "1.1", "d": "3"})) == [
        "a 1.0 -> 1.1", "b-c 2 -> –", "d – -> 3",
    ]  # fmt: skip


# as pip-audit writes it (--format json)
REPORT = {
    "dependencies": [
        {"name": "quiet", "version": "1.0", "vulns": []},
        {
            "name": "loud",
            "version": "2.0",
            "vulns": [
                {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]},
                {"id": "PYSEC-2", "aliases": [], "fix_versions": []},
            ],
        },
    ]
}


def excepted(name: str, until: date = TODAY, package: str = "loud") -> Excepted:
    return Excepted(name, package, "không dùng đến", until)


def test_vulnerability_fails_unless_it_is_excepted_until_today() -> None:
    found = judge(REPORT, [excepted("CVE-1")], TODAY)
    assert (found.audited, found.lines) == (2, ("loud 2.0: PYSEC-2, mended in no version yet",))
    assert judge(REPORT, [excepted("PYSEC-1"), excepted("PYSEC-2")], TODAY).is_clean


def test_exception_that_is_over_or_of_nothing_fails() -> None:
    over = excepted("PYSEC-1", date(2026, 11, 25))
    lines = judge(REPORT, [over, excepted("PYSEC-2"), excepted("PYSEC-3")], TODAY).lines
    assert lines == (
        "loud 2.0: PYSEC-1: its exception was until 2026-11-25",
        "loud: the exception PYSEC-3 is of nothing that is found any more; take it out",
    )
    assert not judge(REPORT, [excepted("PYSEC-1", package="quiet")], TODAY).is_clean


def test_package_that_nobody_knows_is_not_called_audited() -> None:
    report = {"dependencies": [{"name": "ours", "skip_reason": "not found on PyPI"}]}
    found = judge(report, [], TODAY)
    assert (found.audited, found.not_audited) == (0, ("ours: not found on PyPI",))


def test_every_exception_has_a_reason_and_a_day(tmp_path: Path) -> None:
    read_exceptions(EXCEPTIONS)
    path = tmp_path / "audit.yml"
    for said in ("reason: ' ', until: 2027-01-01", "reason: r, until: soon", "reason: r"):
        path.write_text(f"exceptions: [{{id: a, package: b, {said}}}]", encoding="utf-8")
        with pytest.raises(ValueError, match="until"):
            read_exceptions(path)
