"""Results that are kept on disk: whole, of the same key, and of plain classes, or not there."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from ingest.kept import keep, kept
from ingest.package import Unreadable
from ingest.reading import Remark

MODULES = {"ingest.reading"}
VALUE = [Remark("column_missing", "B60", detail=(("header", "DỰ TOÁN"),))]


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    keep(tmp_path / "entry", "a", VALUE)
    return tmp_path / "entry"


def test_what_was_kept_comes_back(entry: Path) -> None:
    assert kept(entry, "a", MODULES) == VALUE


def test_another_key_is_not_there(entry: Path) -> None:
    assert kept(entry, "b", MODULES) is None
    assert kept(entry.with_name("khac"), "a", MODULES) is None


def test_a_torn_entry_is_not_there_wherever_it_is_torn(entry: Path) -> None:
    content = entry.read_bytes()
    for size in range(len(content)):
        entry.write_bytes(content[:size])
        assert kept(entry, "a", MODULES) is None


def test_an_altered_entry_is_not_there(entry: Path) -> None:
    content = entry.read_bytes()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1
        entry.write_bytes(changed)
        assert kept(entry, "a", MODULES) is None


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch evil",)


def test_nothing_is_made_but_classes_of_the_named_modules(tmp_path: Path) -> None:
    keep(tmp_path / "entry", "a", _Evil())
    assert kept(tmp_path / "entry", "a", {"posix", "os", "ingest.reading"}) is None
    assert not Path("evil").exists()
    keep(tmp_path / "entry", "a", Unreadable("damaged"))
    assert kept(tmp_path / "entry", "a", MODULES) is None
    found = kept(tmp_path / "entry", "a", {"ingest.package"})
    assert isinstance(found, Unreadable) and found.reason == "damaged"


def test_a_function_behind_a_module_s_name_is_refused(tmp_path: Path) -> None:
    """Pickle allows names with dots: `ingest.readings` imports shutil."""
    evil = b"\x80\x04\x8c\x0fingest.readings\x8c\x0dshutil.rmtree\x93\x8c\x05/evil\x85R."
    with pytest.raises((pickle.UnpicklingError, OSError)):
        pickle.loads(evil)
    import hashlib

    head = f"kho-kept-1 a {hashlib.sha256(evil).hexdigest()}\n".encode()
    (tmp_path / "entry").write_bytes(head + evil)
    assert kept(tmp_path / "entry", "a", {"ingest.readings"}) is None
