"""Read right, or held with a reason that names the true cause; never silently wrong.

Workbooks as officials make them (tests/mangler), read as `kho check` reads. `python -m
tests.mangler.run` shows the table per habit and makes a single workbook again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mangler.compose import WITHOUT_OFFICE, compose
from tests.mangler.reading import Sent, judge, read
from tests.mangler.run import report, run_cases
from tests.mangler.score import Result, score, totals
from tests.mangler.truth_file import from_json

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "xlsb"
# lines and records, one table and two, every kind of column; judging a form costs a second, and
# reading one more workbook of it hardly anything
FORMS = (
    "b60_thu_nsnn", "b113_can_doi_xa", "kim_ngach_cua_khau", "giai_ngan_du_an", "chi_tieu_thang",
    "moc_tien_do_du_an", "xuat_khau_mat_hang", "ls07_muc_tieu", "xep_hang_cai_cach", "xa_thu_nsnn",
)  # fmt: skip
FEW_FORMS = FORMS[1:2] + FORMS[3:7]
LEAST_READ = 0.95


def mangled(
    folder: Path,
    count: int,
    seed: int,
    formats: Sequence[str] = WITHOUT_OFFICE,
    wanted: Sequence[str] = (),
) -> list[Result]:
    cases = [compose(seed, number, formats=formats, wanted=wanted) for number in range(count)]
    return run_cases(cases, folder)


def assert_promise(results: Sequence[Result]) -> None:
    """No wrong value, no guess; what can be decided is read; what is held names a true cause."""
    sums, table = totals(results), report(results, shown=20)
    assert sums.count(outcome="wrong") == 0, table
    assert sums.count(outcome="guessed") == 0, table
    assert sums.share_read >= LEAST_READ, table
    assert sums.count(outcome="other") == sums.count(outcome="partial") == 0, table


def test_mangled_workbooks_are_read_right_or_held_with_the_true_cause(tmp_path: Path) -> None:
    assert_promise(mangled(tmp_path, 80, seed=1, wanted=FORMS))


@pytest.mark.slow
def test_two_thousand_mangled_workbooks_of_all_forms(tmp_path: Path) -> None:
    assert_promise(mangled(tmp_path, 2000, seed=2))


@pytest.mark.libreoffice
@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        pytest.param(30, FEW_FORMS, id="few"),
        pytest.param(300, (), id="every form", marks=pytest.mark.slow),
    ],
)
def test_mangled_workbooks_in_older_and_open_formats(
    tmp_path: Path, count: int, wanted: Sequence[str]
) -> None:
    results = mangled(tmp_path, count, seed=4, formats=("xls", "ods"), wanted=wanted)
    assert {result.case.book.format for result in results} == {"xls", "ods"}
    assert_promise(results)


@pytest.mark.libreoffice
@pytest.mark.parametrize("format_", ["xls", "ods"])
def test_raised_digits_in_older_and_open_formats(tmp_path: Path, format_: str) -> None:
    """A footnote's digit that only its raised font tells from one of the number."""
    cases = [compose(9, number, "footnote_raised", (format_,)) for number in range(8)]
    results = run_cases(cases, tmp_path)
    assert {"footnote_raised"} <= {habit for case in cases for habit in case.habits}
    assert_promise(results)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.xlsb")), ids=lambda path: path.stem)
def test_binary_workbooks(path: Path) -> None:
    case = from_json(path.with_suffix(".json").read_text(encoding="utf-8"))
    [seen] = judge([Sent(case.sender, path)], [read(path)])
    result = score(case, seen)
    assert result.is_as_it_must_be, (result.outcome, result.details)
