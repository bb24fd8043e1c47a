"""Pulling: what looks as it did is not read again, what changed is, however it hides."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from ingest import pull
from ingest.originals import place_of
from ingest.pull import Pulled, looks_new, pull_sources
from ingest.seen import Seen
from ingest.sources import Source

LONG_AGO = 1_700_000_000


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, at rest: the machine's clock is an hour on."""
    folder = tmp_path / "inbox" / "STC"
    folder.mkdir(parents=True)
    (folder / "a.xlsx").write_bytes(b"noi dung A")
    (folder / "b.xlsx").write_bytes(b"noi dung B")
    now = pull.now
    monkeypatch.setattr(pull, "now", lambda: now() + 3600 * 10**9)
    return tmp_path / "inbox"


def pulled(inbox: Path, **how: bool) -> Pulled:
    home = inbox.parent
    seen = Seen.read(home / "seen.json")
    found = pull_sources([Source(str(inbox))], home / "archive", seen, **how)
    seen.write()
    return found


def test_a_second_pull_hashes_nothing_and_finds_the_same(inbox: Path) -> None:
    first, second = pulled(inbox), pulled(inbox)
    assert (first.hashed, second.hashed) == (2, 0)
    assert first.files == second.files
    assert pulled(inbox, anew=True).hashed == 2


def test_a_changed_file_of_the_same_size_and_time_is_found(inbox: Path) -> None:
    """No program sets back the time of the last change of the file itself."""
    file = inbox / "STC" / "a.xlsx"
    os.utime(file, (LONG_AGO, LONG_AGO))
    before = pulled(inbox)
    file.write_bytes(b"noi dung C")
    os.utime(file, (LONG_AGO, LONG_AGO))
    after = pulled(inbox)
    assert after.hashed == 1
    assert [f.size for f in after.files] == [f.size for f in before.files]
    assert after.files[0].sha256 != before.files[0].sha256


def test_a_file_that_took_another_s_place_with_size_and_time_is_found(inbox: Path) -> None:
    file = inbox / "STC" / "a.xlsx"
    before = pulled(inbox)
    other = inbox.parent / "khac"
    other.write_bytes(b"noi dung D")
    shutil.copystat(file, other)
    other.replace(file)
    assert pulled(inbox).files[0].sha256 != before.files[0].sha256


def test_a_file_written_a_moment_ago_is_hashed_again(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    pulled(inbox)
    assert pulled(inbox).hashed == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 1, "files": 3}'])
def test_a_torn_memory_costs_time_only(inbox: Path, content: str) -> None:
    whole = pulled(inbox)
    (inbox.parent / "seen.json").write_text(content)
    again = pulled(inbox)
    assert (again.hashed, again.files) == (2, whole.files)
    assert json.loads((inbox.parent / "seen.json").read_text())["version"] == 1


def test_an_original_that_was_lost_is_taken_from_the_source_again(inbox: Path) -> None:
    first = pulled(inbox).files[0].sha256
    place = place_of(inbox.parent / "archive", first)
    place.chmod(0o644)
    place.write_bytes(b"khac")
    seen = Seen.read(inbox.parent / "seen.json")
    found = pull_sources([Source(str(inbox))], inbox.parent / "archive", seen, lost={first})
    assert found.hashed == 1
    assert place.read_bytes() == b"noi dung A"


def test_news_is_seen_without_keeping_anything(inbox: Path) -> None:
    last = {file.path: file.sha256 for file in pulled(inbox).files}
    seen = Seen.read(inbox.parent / "seen.json")
    source = Source(str(inbox))
    assert looks_new([source], seen, last) == (False, [])
    os.utime(inbox / "STC" / "a.xlsx")  # touched: hashed, and the same
    assert looks_new([source], seen, last) == (False, [])
    (inbox / "STC" / "a.xlsx").write_bytes(b"moi")
    assert looks_new([source], seen, last) == (True, [])
    (inbox / "STC" / "a.xlsx").unlink()  # what left stays received
    assert looks_new([source], seen, last) == (False, [])
