"""What a process remembers of the workbooks before changes nothing of how the next one is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest import columns, extract, index_row, locate
from ingest.cells import CellColumns
from ingest.extract import read_submissions
from ingest.package import Unreadable
from tests.mangler.compose import WITHOUT_OFFICE, compose
from tests.mangler.run import write_cases

# two of lines, one of them with two tables, and two of records
FORMS = ("b60_thu_nsnn", "b113_can_doi_xa", "giai_ngan_du_an", "xuat_khau_mat_hang")
COUNT = 32


def forget() -> None:
    for remembered in (
        locate._matched, locate._words, extract._indexes, index_row._known,
        columns._units, columns._plans, columns._places, columns._columns_read,
    ):  # fmt: skip
        remembered.clear()


def read(path: Path) -> Any:
    """All that is read of a file, its cells one by one."""
    try:
        found = read_submissions(path)
    except Unreadable as refused:
        return refused.reason
    bare = tuple(replace(each, cells=CellColumns()) for each in found.submissions)
    return replace(found, submissions=bare), [list(each.cells) for each in found.submissions]


@pytest.fixture(scope="module")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """As officials make them, and of each form one as it came from us, twice."""
    cases = [
        compose(5, number, formats=WITHOUT_OFFICE, wanted=FORMS, clean=number % 4 == 0)
        for number in range(COUNT)
    ]
    return list(write_cases(cases, tmp_path_factory.mktemp("again")).values())


def test_a_workbook_is_read_the_same_first_and_after_all_others(workbooks: list[Path]) -> None:
    alone = []
    for path in workbooks:
        forget()
        alone.append(read(path))
    forget()
    after_those_before = [read(path) for path in workbooks]
    after_all = [read(path) for path in reversed(workbooks)][::-1]
    assert after_those_before == alone
    assert after_all == alone


def test_a_sheet_of_a_template_is_recognised_by_the_one_before(
    workbooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the test above would hold for a shortcut that is never taken, or always."""
    taken: list[bool] = []
    recognised = extract._recognised

    def noted(*arguments: Any) -> Any:
        found = recognised(*arguments)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(extract, "_recognised", noted)
    forget()
    for path in workbooks:
        read(path)
    assert taken.count(True) > 2
    assert taken.count(False) > 2
