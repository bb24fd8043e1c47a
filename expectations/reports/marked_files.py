"""Writes the marked workbooks: which files have something to mend, and where their answers go.

One workbook for each file of a sender with an open finding of kind I or II, in the sender's own
folder. Originals are strangers' files: they are opened and patched in child processes only; one
that brings its process down is answered with the list alone. What says the same as in the build
before is not made again: its file is taken over, date and all.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.findings import Finding, counted_only
from expectations.reports.answer_sheet import Heading, Mark
from expectations.reports.html import UNKNOWN_SENDER_VI, report_file_name
from expectations.reports.marked import marked_workbook, only_list
from expectations.reports.package_xml import shown
from expectations.reports.templating import reports_version
from ingest.package import Unreadable
from ingest.sandbox import read_isolated
from warehouse.home import take_over

LIST = "marked.json"  # beside the workbooks: whose each is, and of which file
_MADE = ".marked-contents.json"  # what each says, as a hash
LONGEST_NAME = 120  # characters: with diacritics well below what file systems take


@dataclass(frozen=True)
class MarkedFile:
    """A marked workbook that was written: whose, of which file, where, what it does not keep."""

    unit_code: str
    file_path: str
    path: Path
    not_kept: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """A file to be marked; `out` is the path without an extension, which the file decides."""

    original: Path
    out: Path
    heading: Heading
    marks: tuple[Mark, ...]


def mark_files(jobs: Sequence[Job], workers: int = 2) -> list[tuple[Path, tuple[str, ...]]]:
    """Mark files in child processes; returns what was written, and what each does not keep."""
    done: list[tuple[Path, tuple[str, ...]]] = []
    with tempfile.TemporaryDirectory(prefix="kho-mark-") as folder:
        paths = []
        for number, job in enumerate(jobs):
            path = Path(folder) / f"{number}.json"
            path.write_text(json.dumps(_as_json(job), ensure_ascii=False), encoding="utf-8")
            paths.append(path)
        for job, (_, answer) in zip(jobs, read_isolated(_mark, paths, workers), strict=True):
            if isinstance(answer, Unreadable):
                made = only_list(job.marks, job.heading, answer.reason)
                answer = (_write(job.out, made.extension, made.content), made.not_kept)
            done.append(answer)
    return done


def _mark(path: Path) -> tuple[Path, tuple[str, ...]]:
    """Mark one file, in a child process."""
    job = _from_json(json.loads(path.read_text(encoding="utf-8")))
    made = marked_workbook(job.original.read_bytes(), job.marks, job.heading)
    return _write(job.out, made.extension, made.content), made.not_kept


def _write(out: Path, extension: str, content: bytes) -> Path:
    path = out.with_name(out.name + extension)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _as_json(job: Job) -> dict[str, Any]:
    heading = asdict(job.heading) | {"as_of": job.heading.as_of.isoformat()}
    return {"original": str(job.original), "out": str(job.out), "heading": heading,
            "marks": [asdict(mark) for mark in job.marks]}  # fmt: skip


def _from_json(job: Mapping[str, Any]) -> Job:
    as_of = datetime.fromisoformat(job["heading"]["as_of"])
    return Job(
        Path(job["original"]),
        Path(job["out"]),
        Heading(**job["heading"] | {"as_of": as_of}),
        tuple(Mark(**mark) for mark in job["marks"]),
    )


def write_marked(
    connection: duckdb.DuckDBPyConnection,
    archived: Callable[[str], Path],
    out_dir: Path,
    as_of: datetime,
    only_unit: str | None = None,
    workers: int = 2,
    before: Path | None = None,
) -> list[MarkedFile]:
    """Write `<out_dir>/<unit>/<file>` for every file with something to mend or to explain.

    Reads `submission`, `dq_result` and `dim_unit` of the published file; `archived` gives the path
    of an original by its hash. `before` is the same folder of the build before.
    """
    names = dict(
        connection.execute(
            "select unit_code, name_vi from dim_unit order by valid_to asc nulls last"
        ).fetchall()
    )
    files = _marks_by_file(connection, only_unit)
    known = _made(before) if before else {}
    jobs: list[Job] = []
    contents: list[str] = []
    taken = set[Path]()
    for (unit, file_path, sha256), marks in files.items():
        name = names.get(unit, unit or UNKNOWN_SENDER_VI)
        folder = out_dir / report_file_name(unit).removesuffix(".html")
        out = _free(folder / _stem(file_path), taken)
        heading = Heading(name, file_path.rpartition("/")[2], as_of)
        jobs.append(Job(archived(sha256), out, heading, tuple(marks)))
        contents.append(_content(sha256, jobs[-1]))
    done: dict[int, tuple[Path, tuple[str, ...]]] = {}
    for number, (job, content) in enumerate(zip(jobs, contents, strict=True)):
        earlier, not_kept = known.get(content, ("", ()))
        if before and earlier and (before / earlier).exists():
            path = job.out.with_name(job.out.name + Path(earlier).suffix)
            take_over(before / earlier, path)
            done[number] = path, not_kept
    left = [number for number in range(len(jobs)) if number not in done]
    done |= dict(zip(left, mark_files([jobs[n] for n in left], workers), strict=True))
    marked = [
        MarkedFile(unit, file_path, *done[number])
        for number, (unit, file_path, _) in enumerate(files)
    ]
    made = {
        content: (str(each.path.relative_to(out_dir)), each.not_kept)
        for content, each in zip(contents, marked, strict=True)
    }
    entries = [(m.unit_code, m.file_path, str(m.path.relative_to(out_dir))) for m in marked]
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / LIST).write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    (out_dir / _MADE).write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
    return marked


def _content(sha256: str, job: Job) -> str:
    """A hash of everything in a marked workbook but its date, and of the code that marks."""
    undated = (job.heading.unit_name, job.heading.file_name)
    said = (sha256, job.out.name, undated, job.marks)
    return hashlib.sha256(f"{reports_version()}{said!r}".encode()).hexdigest()


def _made(folder: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What a folder of marked workbooks holds: content to path and what it does not keep."""
    try:
        found = json.loads((folder / _MADE).read_text(encoding="utf-8"))
        return {content: (path, tuple(not_kept)) for content, (path, not_kept) in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def read_marked(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """The marked workbooks in a folder by unit and path of the file that was sent. More than one
    where an earlier file is partly in force: the newest first."""
    found: dict[tuple[str, str], list[Path]] = defaultdict(list)
    if (folder / LIST).exists():
        for unit, file_path, path in json.loads((folder / LIST).read_text(encoding="utf-8")):
            found[unit, file_path].append(folder / path)
    return dict(found)


def _marks_by_file(
    connection: duckdb.DuckDBPyConnection, only_unit: str | None
) -> dict[tuple[str, str, str], list[Mark]]:
    """(unit, path, hash) -> the open findings of the file, where any asks for something; of files
    that came under one path the newest first."""
    found: dict[tuple[str, str, str], list[Mark]] = defaultdict(list)
    for (
        unit,
        file_path,
        sha256,
        key,
        severity,
        sheet,
        cell,
        value,
        message,
        fix,
    ) in connection.execute(
        "select submission.reporter_unit_code, submission.file_path, submission.file_sha256,"
        " result.place_key, result.severity, result.sheet, result.cell_ref, result.value,"
        " result.message, result.fix"
        " from dq_result as result inner join submission using (submission_id)"
        " where result.closed is null and result.state <> 'explained'"
        " and submission.status <> 'superseded' and not list_contains(?, result.rule)"
        " order by submission.received_at desc, submission.submission_id, result.finding_key",
        [list(counted_only())],
    ).fetchall():
        if only_unit is None or unit == only_unit:
            mark = Mark(key, severity, sheet, cell, value, message, fix or "")
            found[unit or "", file_path, sha256].append(mark)
    return {
        file: marks
        for file, marks in sorted(found.items(), key=lambda each: each[0][:2])
        if any(mark.severity != "info" for mark in marks)
    }


_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*\ufffd\u2400-\u241f]')


def _stem(file_path: str) -> str:
    """A file's own name without its extension, fit for any file system and for a mail."""
    name = re.split(r"[/\\]", file_path)[-1]
    stem = name.rpartition(".")[0] or name
    return _UNSAFE.sub("_", shown(stem, LONGEST_NAME * 4))[:LONGEST_NAME].strip(" .") or "tep"


def _free(path: Path, taken: set[Path]) -> Path:
    found, number = path, 1
    while Path(str(found).casefold()) in taken:
        number += 1
        found = path.with_name(f"{path.name} ({number})")
    taken.add(Path(str(found).casefold()))
    return found


def marks_of(findings: Iterable[tuple[str, Finding]]) -> tuple[Mark, ...]:
    """Findings of expectations.findings, each with its place key, as marks."""
    return tuple(
        Mark(key, f.severity, f.sheet, f.cell_ref, f.value, f.message, f.fix) for key, f in findings
    )
