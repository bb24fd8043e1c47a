"""What officers write beside findings: whose it is, what it is about, and what is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ingest.reading import Explanation as Written
from warehouse.acts import ActLedger, Explanation
from warehouse.answers import Answer, explanations_in

AT = datetime(2026, 3, 3, 2)


@pytest.fixture
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table dq_result as
            select * from (values
                ('STC', 'jump-of-B', '1.500', null, null::timestamp),
                ('STC', 'mended', '7', null, timestamp '2026-03-01'),
                ('SXD', 'of-another', '9', null, null))
                as finding (reporter_unit_code, place_key, value, expected, closed)
            """
        )
        yield connection


def entered(
    published: duckdb.DuckDBPyConnection, *written: Written, unit: str = "STC"
) -> list[Explanation]:
    return list(explanations_in(published, [Answer("file", unit, written)], AT))


def test_explanation_is_kept_with_the_value_that_it_is_about(
    published: duckdb.DuckDBPyConnection,
) -> None:
    [act] = entered(published, Written("jump-of-B", "Chi trả nợ năm trước"))
    assert (act.place_key, act.value, act.text) == ("jump-of-B", "1.500", "Chi trả nợ năm trước")
    assert (act.owner, act.file_sha256, act.at) == ("STC", "file", "2026-03-03 02:00:00")


@pytest.mark.parametrize("place_key", ["mended", "of-another", "never heard of"])
def test_only_an_open_finding_of_the_own_unit_can_be_explained(
    published: duckdb.DuckDBPyConnection, place_key: str
) -> None:
    assert entered(published, Written(place_key, "Đúng")) == []


def test_file_that_is_read_again_explains_nothing_new(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    ledger = ActLedger(tmp_path)
    acts = entered(published, Written("jump-of-B", "Chi trả nợ năm trước"))
    assert len(ledger.add_explanations(acts)) == 1
    assert ledger.add_explanations(acts) == []
