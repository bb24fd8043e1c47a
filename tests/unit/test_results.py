"""Findings as rows: whose they are, and since when they have been seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from expectations.findings import Finding, Subject, compose
from warehouse.acts import Acceptance, Release
from warehouse.connection import create_working
from warehouse.results import Owner, finding_frame, first_seen, put_up_with

FEBRUARY = Subject("05977", "xa_thu_nsnn", "2026-02")
MONDAY, TUESDAY = datetime(2026, 3, 2, 2), datetime(2026, 3, 3, 2)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    with create_working(tmp_path / "w.duckdb") as connection:
        yield connection


def blank(number: int | None, cell: str, line: str = "xa_thu.A") -> Finding:
    return compose(
        "required_blank",
        number,
        sheet="Biểu",
        cell=cell,
        detail={"header": "Dự toán"},
        place=("0", line, "estimate"),
    )


def rows(findings: list[Finding], seen: dict[str, datetime], at: datetime) -> list[dict[str, Any]]:
    owners = {
        1: Owner("first", "05977/thu.xlsx", FEBRUARY),
        2: Owner("second", "05977/thu sửa.xlsx", FEBRUARY),
        3: Owner("other", "06463/thu.xlsx", Subject("06463", "xa_thu_nsnn", "2026-02")),
    }
    return finding_frame(findings, owners, seen, at).to_dicts()


def test_place_is_the_same_in_a_file_sent_again_wherever_the_row_stands() -> None:
    [before] = rows([blank(1, "C8")], {}, MONDAY)
    [after] = rows([blank(2, "C12")], {}, TUESDAY)
    assert before["place_key"] == after["place_key"]
    assert before["finding_key"] != after["finding_key"]


@pytest.mark.parametrize("other", [blank(1, "C8", line="xa_thu.B"), blank(3, "C8")])
def test_place_of_another_line_or_unit_is_another(other: Finding) -> None:
    [one] = rows([blank(1, "C8")], {}, MONDAY)
    [two] = rows([other], {}, MONDAY)
    assert one["place_key"] != two["place_key"]


def test_finding_that_a_new_file_repeats_has_been_seen_since_the_first(connection: Any) -> None:
    [before] = rows([blank(1, "C8")], {}, MONDAY)
    row = f'{{"place_key": "{before["place_key"]}"}}'
    connection.execute(
        "insert into history.finding values (?, ?, null, ?)", [before["finding_key"], MONDAY, row]
    )
    seen = first_seen(connection)
    assert rows([blank(2, "C12")], seen, TUESDAY)[0]["first_seen"] == MONDAY
    assert rows([blank(3, "C12")], seen, TUESDAY)[0]["first_seen"] == TUESDAY


def test_what_was_not_sent_is_a_finding_of_its_unit() -> None:
    finding = compose("required_blank", None, detail={"header": "x"}, subject=FEBRUARY)
    [row] = rows([finding], {}, MONDAY)
    assert row["submission_no"] is None
    assert (row["unit_code"], row["form_code"], row["period_key"]) == tuple(FEBRUARY)


def test_nobodys_finding_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody's finding: required_blank"):
        rows([compose("required_blank", None, detail={"header": "x"})], {}, MONDAY)


def test_unreadable_file_is_named_by_its_path(connection: Any) -> None:
    owners = {1: Owner("a", "05977/hỏng.xlsx", Subject("05977")),
              2: Owner("b", "05977/khác.xlsx", Subject("05977"))}  # fmt: skip
    findings = [compose("damaged", number) for number in (1, 2)]
    one, two = finding_frame(findings, owners, {}, MONDAY)["place_key"]
    assert one != two


def test_a_release_or_an_accepted_explanation_puts_up_with_an_error() -> None:
    owners = {1: Owner("sub-1", "a.xlsx", FEBRUARY), 2: Owner("sub-2", "b.xlsx", FEBRUARY)}
    day = date(2026, 6, 1)
    said = {"at": "2026-05-01 08:00:00", "owner": "nguyen", "reason": "đã xác minh"}
    release = Release(
        submission_id="sub-1", unit_code="06463", form_code="xa_thu_nsnn", period_key="2026-05",
        expires="2026-06-01", **said,
    )  # fmt: skip
    error = blank(1, "D8")
    assert put_up_with([release], day, owners)(error)
    assert not put_up_with([release], day, owners)(blank(2, "D8"))
    assert not put_up_with([release], date(2026, 6, 2), owners)(error)
    assert not put_up_with([release], day, owners)(replace(error, rule="simulated_file"))
    acceptance = Acceptance(
        place_key=error.place_key(FEBRUARY), value=error.value, expected=error.expected, **said
    )
    assert put_up_with([acceptance], day, owners)(blank(2, "D8"))
    assert not put_up_with([acceptance], day, owners)(replace(error, value="5"))
