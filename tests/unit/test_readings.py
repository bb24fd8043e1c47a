"""Readings that are kept: the same as read anew, and whatever is damaged is read again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from ingest.originals import incoming, lost_originals, place_of
from ingest.package import Unreadable
from ingest.readings import OriginalsLost, Readings
from ingest.seen import Seen

SAMPLE = Path(__file__).parents[2] / "samples/inbox/HQ6/LS-06_2021-2025.xlsx"
Originals = dict[str, Path]


def archive(folder: Path, content: bytes) -> tuple[str, Path]:
    with incoming(folder) as file:
        file.write(content)
        sha256 = file.done()
    return sha256, place_of(folder, sha256)


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Originals]:
    """Two workbooks with the same cells in their tables, and one file that is none."""
    folder = tmp_path_factory.mktemp("readings")
    book = load_workbook(SAMPLE)
    book["LS-06"]["A60"] = "Ghi chú khác"
    book.save(folder / "other.xlsx")
    contents = (SAMPLE.read_bytes(), (folder / "other.xlsx").read_bytes(), b"khong phai bang tinh")
    originals = dict(archive(folder / "archive", content) for content in contents)
    for sha in originals:  # each by a night of its own: a pack for each
        Readings(folder / "readings").read({sha: originals[sha]}, 1)
    return folder, originals


@pytest.fixture
def home(read_once: tuple[Path, Originals], tmp_path: Path) -> Iterator[tuple[Readings, Originals]]:
    folder, originals = read_once
    shutil.copytree(folder, tmp_path / "home")
    paths = {sha: place_of(tmp_path / "home" / "archive", sha) for sha in originals}
    yield Readings(tmp_path / "home" / "readings"), paths


def everything(readings: Readings, originals: Originals, **how: bool) -> tuple[object, ...]:
    found, opened = readings.read(originals, 1, **how)
    cells = readings.cells({sha: number for number, sha in enumerate(originals)})
    said = [each.reason if isinstance(each, Unreadable) else each for each in found.values()]
    return said, [sorted(map(str, table.to_pylist())) for table in cells], opened


def test_what_was_read_is_not_opened_again_and_is_the_same(
    home: tuple[Readings, Originals],
) -> None:
    kept = everything(*home)
    assert kept[2] == 0
    anew = everything(*home, anew=True)
    assert anew[2] == 3
    assert kept[:2] == anew[:2]
    assert kept[0][2] == "not_a_workbook"  # type: ignore[index]


def test_two_files_with_the_same_cells_both_keep_them(home: tuple[Readings, Originals]) -> None:
    readings, originals = home
    readings.read(originals, 1)
    one, other, _ = originals
    counted = [[t.num_rows for t in readings.cells({sha: 0})] for sha in (one, other)]
    assert counted[0] == counted[1]
    cells, rows, columns = counted[0]
    assert cells == rows * columns > 100


@pytest.mark.parametrize("suffix", [".arrow", ".files", ".read"])
@pytest.mark.parametrize("how", ["torn", "altered", "gone"])
def test_a_damaged_pack_is_read_again(
    home: tuple[Readings, Originals], suffix: str, how: str
) -> None:
    readings, originals = home
    whole = everything(readings, originals)
    [path, *_] = sorted(readings.folder.glob(f"*{suffix}"))
    content = path.read_bytes()
    if how == "torn":
        path.write_bytes(content[: len(content) // 2])
    elif how == "altered":
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    else:
        path.unlink()
    mended = everything(readings, originals)
    assert mended[:2] == whole[:2]
    assert mended[2] == 1
    assert everything(readings, originals)[2] == 0


def test_other_code_reads_all_again_and_removes_what_was_kept(
    home: tuple[Readings, Originals],
) -> None:
    readings, originals = home
    other = Readings(readings.home, "other")
    assert everything(other, originals)[2] == 3
    assert [folder.name for folder in readings.home.iterdir() if folder.is_dir()] == ["other"]


def test_who_asks_for_it_has_all_read_again_once(home: tuple[Readings, Originals]) -> None:
    readings, originals = home
    assert readings.read(originals, 1, asked=[4])[1] == 3
    assert readings.read(originals, 1, asked=[4])[1] == 0


def test_a_lost_original_is_said_and_is_no_damaged_file_of_its_sender(
    home: tuple[Readings, Originals],
) -> None:
    readings, originals = home
    first, second, _ = originals
    originals[first].unlink()
    originals[second].chmod(0o644)
    originals[second].write_bytes(b"PK\x03\x04")
    assert readings.read(originals, 1)[1] == 0  # what it held is known
    with pytest.raises(OriginalsLost) as lost:
        readings.read(originals, 1, anew=True)
    assert lost.value.lost == {first: "missing", second: "altered"}
    assert first in str(lost.value)


def test_an_altered_original_is_found_without_hashing_those_that_look_as_they_did(
    home: tuple[Readings, Originals],
) -> None:
    readings, originals = home
    folder, seen = readings.home.parent / "archive", Seen(readings.home.parent / "seen.json")
    assert lost_originals(folder, originals, seen) == {}
    first, second, third = originals
    times = originals[first].stat()
    originals[first].chmod(0o644)
    content = originals[first].read_bytes()
    originals[first].write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    import os

    os.utime(originals[first], ns=(times.st_atime_ns, times.st_mtime_ns))  # same size, same time
    originals[second].unlink()
    assert lost_originals(folder, originals, seen) == {first: "altered", second: "missing"}
    assert set(seen.originals) == {third}
