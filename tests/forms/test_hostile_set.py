"""A wide set of hostile files at the public doors: `check_files` and `kho check`.

Every one gets an answer that is allowed for it, in Vietnamese, within the limits; the files between
and after them are read as if nothing had been; nothing is fetched, and nothing outside is opened.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from form_books import Form, write_book
from fuzzed_files import KINDS, fuzzed
from hostile_case import READ, SOUND, UNRECOGNISED, Hostile
from hostile_containers import CONTAINERS, MISLABELLED
from hostile_packages import (
    ABSURD,
    BOMBS,
    PACKAGES,
    cells,
    entity_files,
    sound_parts,
    truncated_files,
)
from old_formats import write_ods, write_parts, write_xls, write_xlsb
from test_hostile_files import SENTENCES
from watched_places import Canary, Listener

from ingest.sandbox import CPU_SECONDS, MEMORY_BYTES
from orchestration.check import check_files

KHO = Path(sys.executable).with_name("kho")

# these take their seconds before they are given up, so only `make test-all` has them
HEAVY = (
    "sheets_100_000_of_one_part", "rows_real", "strings_real", "styles_real", "ods_repeated_empty",
    "one_attribute_of_100_mb", "lying_size_of_strings", "names_200_000", "deep_nesting_of_strings",
    "merged_ranges_real", "dimension_reversed", "dimension_spaced",
    "xlsb_dimension_beyond_numbers", "strings_claimed_beyond_numbers", "strings_claimed",
    # each ends its worker, and the next one takes its seconds to start
    "far_cell_without_dimension", "row_beyond_numbers", "dimension_beyond_xls", "far_cell_xls",
    "xlsb_row_beyond_numbers",
    "stray_column_and_no_form",
)  # fmt: skip
# what the reader does not do yet; a test that passes unexpectedly says to take its name out
# run by `make test-hostile`, and by CI: some hundred files, each in a process that it may kill
pytestmark = pytest.mark.hostile

KNOWN: dict[str, str] = {}

# names of the cases with entities; where they point is known only when the server runs
ENTITY_NAMES = sorted(entity_files("http://127.0.0.1:1", Path("/canary")))
FIXED = {**BOMBS, **PACKAGES, **ABSURD, **CONTAINERS, **MISLABELLED}


def _sources(folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    return {
        ".xlsx": write_parts(folder / "a.xlsx", sound_parts()).read_bytes(),
        ".xls": write_xls(folder / "a.xls", cells()).read_bytes(),
        ".xlsb": write_xlsb(folder / "a.xlsb", cells()).read_bytes(),
        ".ods": write_ods(folder / "a.ods", cells()).read_bytes(),
    }


def interleaved(folder: Path, hostile: list[Path], every: int) -> tuple[list[Path], list[Path]]:
    """All files, with a sound one after every few and at the end; and the sound ones."""
    paths: list[Path] = []
    sound: list[Path] = []
    for number, path in enumerate(hostile, start=1):
        paths.append(path)
        if number % every == 0 or number == len(hostile):
            sound.append(write_book(folder / f"sound_{number:04d}.xlsx", [Form("LS-01")]))
            paths.append(sound[-1])
    return paths, sound


@dataclass
class Checked:
    """What was made, what was answered (by name), and what the watched places saw."""

    cases: dict[str, Hostile]
    answers: dict[str, list[dict[str, Any]]]
    sound: list[str]
    visits: int
    canary_touched: bool
    canary_text: str


def check_set(folder: Path, cases: dict[str, Hostile], listener: Listener) -> Checked:
    canary = Canary(folder / "canary.txt")
    try:
        cases = cases | {
            name: case
            for name, case in entity_files(listener.url, canary.path).items()
            if name in cases
        }
        (folder / "set").mkdir()
        made = [case.make(folder / "set" / (n + case.suffix)) for n, case in cases.items()]
        assert sum(path.stat().st_size for path in made) < 60 * 2**20, "not small on disk"
        paths, sound = interleaved(folder / "set", made, 20)
        found = check_files(paths)
        files = set(paths)
        answers: dict[str, list[dict[str, Any]]] = {}
        for answer in found:
            # what is in an archive is answered for, one by one
            file = next(
                p for p in (Path(answer["file"]), *Path(answer["file"]).parents) if p in files
            )
            answers.setdefault(file.stem, []).append(answer)
        assert set(answers) == {path.stem for path in paths}, "a file got no answer"
        touched = canary.touched()
        return Checked(
            cases,
            answers,
            [path.stem for path in sound],
            listener.visits,
            touched,
            canary.path.read_text(encoding="utf-8"),
        )
    finally:
        canary.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as found:
        yield found


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Checked:
    folder = tmp_path_factory.mktemp("quick")
    cases = {name: case for name, case in FIXED.items() if name not in HEAVY}
    entities = entity_files(listener.url, folder / "none")
    return check_set(
        folder, cases | entities | truncated_files(_sources(folder / "sources")), listener
    )


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Checked:
    return check_set(
        tmp_path_factory.mktemp("heavy"), {name: FIXED[name] for name in HEAVY}, listener
    )


def answer_of(elements: list[dict[str, Any]]) -> str:
    """One word for what a file got; a finding beside a form that is read is a reading."""
    statuses = {element["status"] for element in elements}
    if statuses == {"ok"}:
        return SOUND
    if statuses & {"ok", "findings"}:
        return READ
    return str(elements[0]["findings"][0]["rule"])


def assert_answered(case: Hostile, elements: list[dict[str, Any]]) -> None:
    answer = answer_of(elements)
    assert answer in case.answers, (answer, [f["message"] for f in elements[0]["findings"]])
    for element in elements:
        assert element["status"] in ("ok", "findings", "unreadable", "unrecognised")
        if element["status"] == "unreadable":
            [finding] = element["findings"]
            assert (finding["message"], finding["fix"]) == SENTENCES[finding["rule"]]
            assert (finding["severity"], finding["cell"], finding["sheet"]) == ("error", None, None)
        if element["status"] == "unrecognised":
            assert element["findings"][0]["message"].startswith("Chưa xác định được biểu mẫu")
            assert element["form"] is None


def marked(names: list[str]) -> list[Any]:
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(strict=True, reason=KNOWN[name])] if name in KNOWN else [],
        )
        for name in names
    ]


@pytest.mark.parametrize("name", marked([n for n in [*FIXED, *ENTITY_NAMES] if n not in HEAVY]))
def test_hostile_file_gets_an_answer_that_is_right_for_it(quick: Checked, name: str) -> None:
    assert_answered(quick.cases[name], quick.answers[name])


def test_files_cut_at_many_places_get_an_answer(quick: Checked) -> None:
    cut = [name for name in quick.cases if name.startswith("cut_")]
    assert len(cut) >= 60
    for name in cut:
        assert_answered(quick.cases[name], quick.answers[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", marked(list(HEAVY)))
def test_heavy_file_gets_an_answer_that_is_right_for_it(heavy: Checked, name: str) -> None:
    assert_answered(heavy.cases[name], heavy.answers[name])


def assert_sound(checked: Checked) -> None:
    for name in checked.sound:
        [answer] = checked.answers[name]
        assert (answer["status"], answer["form"], answer["findings"]) == (
            "ok", "ls01_chi_tieu_kinh_te_xa_hoi", [],
        )  # fmt: skip
    assert len(checked.sound) >= len(checked.cases) // 20


def assert_nothing_touched(checked: Checked) -> None:
    assert checked.visits == 0, "a file made somebody connect"
    assert not checked.canary_touched, "a file made somebody open the file beside"
    assert checked.canary_text == Canary.SECRET
    said = json.dumps(checked.answers, ensure_ascii=False)
    assert Canary.SECRET not in said
    assert "root:x:" not in said


def test_sound_files_between_hostile_ones_are_read(quick: Checked) -> None:
    assert_sound(quick)


def test_nothing_is_fetched_and_nothing_outside_is_opened(quick: Checked) -> None:
    assert_nothing_touched(quick)


@pytest.mark.slow
def test_heavy_files_harm_nothing_else(heavy: Checked) -> None:
    assert_sound(heavy)
    assert_nothing_touched(heavy)


def test_workers_stay_within_their_memory(quick: Checked) -> None:
    """The largest of all children that have ended so far, in kilobytes."""
    assert quick.answers
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MEMORY_BYTES


@pytest.mark.slow
def test_no_file_takes_more_than_its_time(tmp_path: Path) -> None:
    path = FIXED["sheets_100_000_of_one_part"].make(tmp_path / "a.xlsx")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    check_files([path])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # a worker's own start is not the file's
    assert spent < CPU_SECONDS + 8
    assert time.monotonic() - started < 3 * CPU_SECONDS + 15


def test_watched_places_would_tell(tmp_path: Path) -> None:
    """The watchers see a visit and a reading: the tests above can fail."""
    with Listener() as found:
        with pytest.raises(OSError):
            urllib.request.urlopen(found.url, timeout=5)
        assert found.visits == 1
    canary = Canary(tmp_path / "canary.txt")
    assert not canary.touched()
    canary.path.read_text(encoding="utf-8")
    assert canary.touched()
    assert not canary.touched()
    canary.close()


# --- damage by chance -----------------------------------------------------------------------------

FUZZED_ANSWERS = (SOUND, READ, UNRECOGNISED, *SENTENCES)


def check_mutants(folder: Path, suffix: str, seeds: range) -> list[str]:
    paths, sound = interleaved(folder, [fuzzed(folder, suffix, seed) for seed in seeds], 20)
    answers: dict[str, list[dict[str, Any]]] = {}
    for element in check_files(paths):
        answers.setdefault(element["file"], []).append(element)
    assert set(answers) == {str(path) for path in paths}
    for path in sound:
        assert answer_of(answers.pop(str(path))) == SOUND
    for elements in answers.values():
        assert_answered(Hostile(lambda path: path, FUZZED_ANSWERS), elements)
    return [answer_of(elements) for elements in answers.values()]


@pytest.mark.parametrize("suffix", KINDS)
def test_mutants_of_valid_files_get_an_answer(tmp_path: Path, suffix: str) -> None:
    found = check_mutants(tmp_path, suffix, range(12))
    # damage that is never seen, or always, would test nothing
    assert SOUND in found and len(set(found)) > 1


@pytest.mark.slow
@pytest.mark.parametrize("suffix", KINDS)
def test_many_mutants_of_valid_files_get_an_answer(tmp_path: Path, suffix: str) -> None:
    check_mutants(tmp_path, suffix, range(12, 700))


def test_a_mutant_is_the_same_file_again(tmp_path: Path) -> None:
    for suffix in KINDS:
        (tmp_path / "a").mkdir(exist_ok=True)
        first = fuzzed(tmp_path, suffix, 7).read_bytes()
        assert len(first) == len(fuzzed(tmp_path / "a", suffix, 7).read_bytes())


# --- the command ----------------------------------------------------------------------------------

AT_THE_COMMAND = (
    "lying_size", "dimension_whole_sheet", "overlapping_entries", "duplicate_sheet", "macros",
    "encrypted_agile", "stream_starts_nowhere", "sheet_begins_beyond", "xlsb_relation_missing",
    "html_table", "pdf", "docx", "zip_empty", "value_nan_in_table", "markup_in_text",
)  # fmt: skip


@pytest.fixture(scope="module")
def at_the_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command")
    for name in AT_THE_COMMAND:
        FIXED[name].make(folder / (name + FIXED[name].suffix))
    write_book(folder / "z_sound.xlsx", [Form("LS-01")])
    return folder


Run = subprocess.CompletedProcess[str]


def kho_check(*arguments: str | Path) -> Run:
    return subprocess.run(
        [KHO, "check", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"COLUMNS": "250"},
    )


@pytest.fixture(scope="module")
def as_json(at_the_command: Path) -> Run:
    return kho_check("--json", at_the_command)


def test_command_says_it_as_json_and_ends_with_1(as_json: Run) -> None:
    done = as_json
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    answers: dict[str, list[dict[str, Any]]] = {}
    for element in json.loads(done.stdout):
        answers.setdefault(Path(element["file"]).stem, []).append(element)
    assert set(answers) == {*AT_THE_COMMAND, "z_sound"}
    for name in AT_THE_COMMAND:
        assert_answered(FIXED[name], answers[name])
    assert answer_of(answers["z_sound"]) == SOUND


def test_command_is_quiet_about_panics(as_json: Run) -> None:
    """What a reader's panic prints is for nobody who checks a file."""
    assert "panicked" not in as_json.stderr


def test_command_says_it_in_words(at_the_command: Path) -> None:
    names = ("docx.xlsx", "xlsb_relation_missing.xlsb", "z_sound.xlsx")
    done = kho_check(*(at_the_command / name for name in names))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for reason in ("not_a_workbook", "damaged"):
        message, fix = SENTENCES[reason]
        assert message in done.stdout
        assert fix in done.stdout
