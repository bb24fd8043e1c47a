"""Workers and chunks: a file that kills its worker costs itself, and the others are answered."""

from __future__ import annotations

import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hostile_files import (
    burn,
    fails_once,
    fails_to_write,
    full_disk,
    limits,
    loaded,
    nap,
    note_chunk,
    work,
)

from ingest import sandbox
from ingest.package import Unreadable
from ingest.sandbox import CPU_SECONDS, MEMORY_BYTES, _Chunk, read_isolated
from tests.shared import KHO

DEADLY = {"exit": "crashed", "memory": "bomb", "hungry": "bomb", "busy": "timeout"}


def written(folder: Path, names: list[str]) -> list[Path]:
    """Files whose names say what a worker does with them, numbered so that each is its own."""
    paths = [folder / f"{name}{number}.txt" for number, name in enumerate(names)]
    for path in paths:
        path.write_text(path.stem, encoding="utf-8")
    return paths


def outcome(answer: Any) -> Any:
    return answer.reason if isinstance(answer, Unreadable) else answer


def sound(count: int) -> list[str]:
    return ["sound"] * count


def chunk_of(size: int, names: list[str]) -> list[str]:
    """So many sound files after these that one worker gets chunks of this size."""
    return names + sound(4 * size - len(names))


def test_file_that_kills_its_worker_costs_that_file_of_its_chunk_only(tmp_path: Path) -> None:
    """Two of them in one chunk, at its beginning, at its end, and one alone among sound ones."""
    names = chunk_of(6, [
        *("sound", "exit", "sound", "sound", "exit", "sound"),
        *("busy", "sound", "sound", "sound", "sound", "hungry"),
        *("panic", "sound", "sys_exit", "sound", "memory", "sound"),
    ])  # fmt: skip
    paths = written(tmp_path, names)
    found = list(read_isolated(work, paths, workers=1))
    assert [path for path, _ in found] == paths
    reasons = DEADLY | {"panic": "damaged", "sys_exit": "crashed"}
    for path, answer in found:
        name = path.stem.rstrip("0123456789")
        assert outcome(answer) == reasons.get(name, path.stem)


def test_results_come_in_order_from_many_workers(tmp_path: Path) -> None:
    paths = written(tmp_path, [*sound(7), "exit", *sound(9), "exit", *sound(3)])
    found = list(read_isolated(work, paths, workers=3))
    assert [path for path, _ in found] == paths
    assert [outcome(answer) for _, answer in found] == [
        "crashed" if path.stem.startswith("exit") else path.stem for path in paths
    ]


@pytest.mark.parametrize("how", ["exit", "memory"])
def test_file_that_others_brought_down_is_read_alone(tmp_path: Path, how: str) -> None:
    paths = written(tmp_path, chunk_of(3, ["sound", how, "sound"]))
    found = list(read_isolated(fails_once, paths, workers=1))
    assert [outcome(answer) for _, answer in found] == [path.stem for path in paths]
    assert paths[1].with_suffix(".seen").exists()


def test_file_that_never_ends_costs_that_file_of_its_chunk_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 0.5)  # the wall clock allows three times as long
    paths = written(tmp_path, chunk_of(3, ["sound", "sleepy", "sound"]))
    found = list(read_isolated(work, paths, workers=1))
    assert [outcome(answer) for _, answer in found] == [
        "timeout" if path.stem.startswith("sleepy") else path.stem for path in paths
    ]


def test_file_within_its_own_time_is_not_blamed_for_its_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 0.2)  # alone a file has 0.6 s, and each takes 0.2
    paths = written(tmp_path, chunk_of(4, []))
    found = list(read_isolated(nap, paths, workers=1))
    assert [outcome(answer) for _, answer in found] == [path.stem for path in paths]


# --- limits ---------------------------------------------------------------------------------------


def test_worker_has_its_limits_at_every_file(tmp_path: Path) -> None:
    paths = written(tmp_path, sound(3))
    for _, found in read_isolated(limits, paths, workers=1):
        memory, most_memory, core, seconds = found
        assert memory == most_memory == MEMORY_BYTES == 2 * 2**30
        assert core == 0
        assert CPU_SECONDS <= seconds <= CPU_SECONDS + 1


def test_worker_has_loaded_nothing_that_reading_does_not_need(tmp_path: Path) -> None:
    [(_, found)] = read_isolated(loaded, written(tmp_path, ["sound"]), workers=1)
    assert found == []


def test_time_of_the_files_before_is_not_charged(tmp_path: Path) -> None:
    """One worker, one chunk after the other: a second and more is spent in the end."""
    paths = written(tmp_path, sound(4))
    left = [answer for _, answer in read_isolated(burn, paths, workers=1)]
    assert all(CPU_SECONDS - 1 <= seconds <= CPU_SECONDS + 1 for seconds in left), left


# --- finish ---------------------------------------------------------------------------------------


def noted(folder: Path) -> list[tuple[int, list[list[Any]]]]:
    return [tuple(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def test_finish_sees_every_file_once_and_in_the_child(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    paths = written(tmp_path, chunk_of(4, ["sound", "exit", "sound", "panic"]))
    finish = partial(note_chunk, tmp_path / "notes")
    found = list(read_isolated(work, paths, workers=1, finish=finish))
    assert [outcome(answer) for _, answer in found] == [
        {"exit": "crashed", "panic": "damaged"}.get(path.stem[:-1], path.stem.upper())
        for path in paths
    ]
    notes = noted(tmp_path / "notes")
    assert os.getpid() not in {pid for pid, _ in notes}
    seen = sorted(tuple(entry) for _, entries in notes for entry in entries)
    # the file that kills never comes to its end; what was read before it is not finished twice
    assert seen == [
        (n, "damaged" if n == 3 else path.stem) for n, path in enumerate(paths) if n != 1
    ]


def test_finish_is_not_given_a_reading_twice_where_memory_ran_out(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    paths = written(tmp_path, chunk_of(3, ["sound", "memory", "sound"]))
    finish = partial(note_chunk, tmp_path / "notes")
    found = list(read_isolated(fails_once, paths, workers=1, finish=finish))
    assert [outcome(answer) for _, answer in found] == [path.stem.upper() for path in paths]
    seen = [tuple(entry) for _, entries in noted(tmp_path / "notes") for entry in entries]
    assert sorted(said for n, said in seen if n == 1) == ["bomb", "memory1"]
    assert len([n for n, _ in seen if n != 1]) == len(paths) - 1


def test_disk_that_is_full_is_no_fault_of_the_files(tmp_path: Path) -> None:
    paths = written(tmp_path, sound(2))
    with pytest.raises(OSError, match="No space left"):
        list(read_isolated(work, paths, workers=1, finish=full_disk))


# --- small things ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "place"), [(b"       3", 3), (b"", 0), (b"x", 0), (None, 0)])
def test_marker_says_which_file_a_worker_had(
    tmp_path: Path, content: bytes | None, place: int
) -> None:
    marker = tmp_path / "marker"
    if content is not None:
        marker.write_bytes(content)
    assert _Chunk([5, 6, 7, 8], marker).place == place


@pytest.mark.parametrize(("word", "reason"), [("huge", "bomb"), ("far", "damaged")])
def test_result_that_cannot_be_written_costs_its_own_file(
    word: str, reason: str, tmp_path: Path
) -> None:
    paths = written(tmp_path, chunk_of(3, ["sound", word, "sound"]))
    found = list(read_isolated(work, paths, workers=1, finish=fails_to_write))
    assert [path for path, _ in found] == paths
    for path, answer in found:
        assert outcome(answer) == (reason if word in path.stem else path.stem)


MODULE = """
from pathlib import Path
Path(__file__).with_name("was_run").touch()
"""


@pytest.mark.parametrize("module", ["pyarrow", "numpy", "json", "ingest"])
def test_modules_in_the_folder_where_a_file_is_checked_are_not_loaded(
    module: str, tmp_path: Path
) -> None:
    """What a sender sends may be checked right where it lies."""
    (tmp_path / f"{module}.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    checked = subprocess.run(
        [str(KHO), "check", "a.xlsx"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "a.xlsx" in checked.stdout
    assert not (tmp_path / "was_run").exists()
