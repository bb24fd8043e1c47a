"""What officers wrote beside findings in the workbooks that came back: acts for the ledger.

An explanation is about a finding that was published to that very unit, and is kept with the value
that the finding named then; what a file says about other units' findings, or about none, is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import duckdb

from ingest.reading import Explanation as Written
from warehouse.acts import Explanation
from warehouse.ledger import timestamp


class Answer(NamedTuple):
    """What stood in one file: the file's hash, who sent it, and what was written."""

    file_sha256: str
    unit_code: str
    written: tuple[Written, ...]


def explanations_in(
    published: duckdb.DuckDBPyConnection, answers: Iterable[Answer], moment: datetime
) -> Iterator[Explanation]:
    """The acts that the answers come to, against the findings that were last published."""
    findings = {
        (unit, place_key): (value, expected)
        for unit, place_key, value, expected in published.execute(
            """
            select reporter_unit_code, place_key, value, expected from dq_result
            where closed is null and place_key is not null
            """
        ).fetchall()
    }
    for answer in answers:
        for written in answer.written:
            found = findings.get((answer.unit_code, written.place_key))
            if found is not None:
                yield Explanation(
                    at=timestamp(moment),
                    owner=answer.unit_code,
                    reason="Ghi trong tệp đơn vị gửi lại",
                    place_key=written.place_key,
                    value=found[0],
                    expected=found[1],
                    text=written.text,
                    file_sha256=answer.file_sha256,
                )
