"""What a night costs at different sizes, stage by stage, beside what others would cost.

    PYTHONPATH=. .venv/bin/python bench/night.py [--sizes 500,1000] [--rounds 1] [--cache DIR]

For each size: a cold build of a simulated province (65 communes and all agencies, as many months as
that takes), a night with nothing new, two with one workbook sent again. All is CPU time (user
and system) of the whole tree of processes, so that other work on the machine counts little; ratios
are within this run; of several rounds each figure's median is shown. The inboxes are made once and
kept in the cache.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import Cost, cost_of
from ingest.loading import end_at_once
from orchestration.in_advance import InAdvance, Work

A_MONTH = 1025 / 12  # workbooks of a month of 65 communes and all agencies
FIRST_YEAR = 2026
REPORTS, MAILS, CHANGES = "sender_reports", "sent_mails", "changes"
TO_SENDERS = (REPORTS, "sender_letters", MAILS)
FOR_ALL = ("loading", "start", "form_validations", "dbt_facts", "checked_identities", "dbt_marts",
           "gated_marts", "staged_build", "published_build", CHANGES, "end")  # fmt: skip
"""Start, dbt, Great Expectations, publish: what works on all figures at once."""
_TICK = os.sysconf("SC_CLK_TCK")
_NUMBER = re.compile(r"<v>(\d{3,}(?:\.\d+)?)</v></c>")


# --- in the process that is measured --------------------------------------------------------------


def night(inbox: str, home: str, as_of: str, for_memory: float) -> dict[str, Any]:
    """One night by the project's own function; CPU seconds by stage, and the peak of memory, to
    look at which this share of the time is given."""
    from orchestration.nightly import run_nightly
    from warehouse.home import Home

    seconds: dict[str, float] = defaultdict(float)
    walls: dict[str, float] = defaultdict(float)
    peaks: dict[str, int] = defaultdict(int)
    last, since, look_again = 0.0, time.monotonic(), 0.0

    def note(step: str, *_: int) -> None:
        nonlocal last, since, look_again
        used, processes = _tree()
        step, now = step or "start", time.monotonic()
        seconds[step] += max(0.0, used - last)
        walls[step] += now - since
        last, since = max(last, used), now
        if now >= look_again:
            peaks[step] = max(peaks[step], sum(map(_held, processes)))
            looked = time.monotonic()
            look_again = looked + (looked - now) / for_memory

    with _works_told_apart() as beside:
        outcome = run_nightly(Home(Path(home)), inbox, datetime.fromisoformat(as_of), 2, note)
    note("end")
    assert outcome.succeeded, outcome.causes
    _tell_apart(seconds, beside)
    counts = (outcome.description or {}).get("counts", {})
    return {
        "changed": outcome.changed, "stages": dict(seconds), "walls": dict(walls),
        "peaks": dict(peaks), "peak": max(peaks.values(), default=0), "counts": counts,
    }  # fmt: skip


@contextmanager
def _works_told_apart() -> Iterator[dict[str, float]]:
    """CPU seconds of what a night begins in processes beside it, by name: they are at work while
    the night is at other steps."""
    seconds: dict[str, float] = {}
    begin, finish = InAdvance.begin, InAdvance.finish

    def begin_timed(self: InAdvance, name: str, work: Work, *, to_the_end: bool = False) -> None:
        begin(self, name, partial(_timed, work), to_the_end=to_the_end)
        self._begun[name].add_done_callback(lambda done: seconds.update({name: done.result()[1]}))

    def finish_timed(self: InAdvance, name: str, work: Callable[[], Work]) -> Any:
        return finish(self, name, lambda: partial(_timed, work()))[0]

    InAdvance.begin, InAdvance.finish = begin_timed, finish_timed  # type: ignore[method-assign]
    try:
        yield seconds
    finally:
        InAdvance.begin, InAdvance.finish = begin, finish  # type: ignore[method-assign]


def _timed(work: Work) -> tuple[Any, float]:
    before = sum(os.times()[:4])
    result = work()
    return result, sum(os.times()[:4]) - before


def _tell_apart(seconds: dict[str, float], beside: Mapping[str, float]) -> None:
    """Give each work its own seconds, and the step that they were counted with what is left."""
    for name, used in beside.items():
        counted_with = MAILS if name == CHANGES else REPORTS
        seconds[counted_with] += seconds.get(name, 0.0) - used
        seconds[name] = used


def _tree() -> tuple[float, list[int]]:
    """CPU seconds of this process and of all that came from it, and which these are."""
    children: dict[int, list[int]] = defaultdict(list)
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(folder.name)
        children[int(fields[1])].append(pid)
        used[pid] = sum(map(int, fields[11:15])) / _TICK
    found = [os.getpid()]
    for pid in found:
        found += children[pid]
    return sum(used.get(pid, 0.0) for pid in found), found


def _held(pid: int) -> int:
    """Memory of a process, its share of what it shares with others. The system counts its pages
    for that, one by one, and lets it take no new ones meanwhile: to ask all the time, of processes
    that hold a gigabyte, made a night a fifth longer."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def usual(paths: list[str]) -> dict[str, Any]:
    """The usual script: pandas on openpyxl, one INSERT and one Great Expectations run a file."""
    import duckdb
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    began = time.process_time()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas(name="files")
    cells = 0
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/a.duckdb") as base:
        base.execute("create table cell (file varchar, sheet varchar, r int, c int, v varchar)")
        for number, path in enumerate(paths):
            frames = []
            for sheet, frame in pd.read_excel(
                path, sheet_name=None, header=None, engine="openpyxl"
            ).items():
                long = frame.stack().rename_axis(["r", "c"]).reset_index(name="v")
                frames.append(long.assign(file=path, sheet=sheet, v=long["v"].astype(str)))
            incoming = pd.concat(frames)
            base.register("incoming", incoming)
            base.execute("insert into cell by name select file, sheet, r, c, v from incoming")
            cells += len(incoming)
            incoming["number"] = pd.to_numeric(incoming["v"], errors="coerce")
            batch = (
                source.add_dataframe_asset(name=str(number))
                .add_batch_definition_whole_dataframe("all")
                .get_batch({"dataframe": incoming})
            )
            # as many rules as a form of ours has on average
            suite = context.suites.add(
                gx.ExpectationSuite(
                    name=str(number),
                    expectations=[
                        gxe.ExpectColumnValuesToBeBetween(
                            column="number", min_value=-float(rule), meta={"rule": rule}
                        )
                        for rule in range(10**9, 10**9 + 12)
                    ],
                )
            )
            batch.validate(suite)
    return {"cells": cells, "cpu": time.process_time() - began}


# --- the command ----------------------------------------------------------------------------------


def inbox_of(size: int, cache: Path) -> Path:
    """A simulated inbox of about so many workbooks, made once."""
    months = max(1, round(size / A_MONTH))
    place = cache / f"months-{months}"
    if not place.exists():
        with tempfile.TemporaryDirectory(prefix="making-", dir=cache) as folder:
            made = Path(folder) / "inbox"  # half an inbox, of a run that was stopped, is none
            subprocess.run(
                [sys.executable, "-c", "from orchestration.cli import main; main()", "simulate",
                 "--out", str(made),
                 "--communes", "65", "--from", f"{FIRST_YEAR}-01", "--months", str(months),
                 "--error-rate", "0"],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            made.rename(place)
    return place


def first_night(size: int) -> datetime:
    """When all of such an inbox has come: the 20th after its last month."""
    months = max(1, round(size / A_MONTH))
    return datetime.fromisoformat(f"{FIRST_YEAR + months // 12}-{months % 12 + 1:02}-20T02:00")


def send_again(path: Path) -> None:
    """Change one number in the middle of a workbook's first sheet that has numbers."""
    changed = path.with_suffix(".new")
    is_done = False
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if not is_done and entry.filename.startswith("xl/worksheets/"):
                text = content.decode()
                found = list(_NUMBER.finditer(text))
                # neither a shared text nor the value of a formula
                found = [m for m in found if not re.search(r't="|<f', text[text.rfind(
                    "<c ", 0, m.start()) : m.start()])]  # fmt: skip
                if found:
                    number = found[len(found) // 2]
                    text = (
                        f"{text[: number.start(1)]}{float(number[1]) + 1:g}{text[number.end(1) :]}"
                    )
                    content, is_done = text.encode(), True
            new.writestr(entry, content)
    if not is_done:
        raise ValueError(f"no number to change in {path}")
    changed.replace(path)


def _measured(*arguments: str) -> Cost:
    return cost_of([sys.executable, __file__, *arguments])


def measure(size: int, cache: Path, sample: int) -> dict[str, Any]:
    """All nights of one size, with calamine alone before and after."""
    source = inbox_of(size, cache)
    with tempfile.TemporaryDirectory(prefix="kho-bench-", dir=cache) as folder:
        inbox, home = Path(folder) / "inbox", Path(folder) / "home"
        shutil.copytree(source, inbox)
        books = sorted(inbox.rglob("*.xlsx"))
        (Path(folder) / "list").write_text("\n".join(map(str, books)), encoding="utf-8")
        stages = Path(__file__).with_name("stages.py")
        alone = cost_of([sys.executable, str(stages), "calamine", f"{folder}/list"]).cpu
        at = first_night(size)
        nights = {"cold": _measured("--night", str(inbox), str(home), at.isoformat())}
        nights["nothing"] = _measured(
            "--night", str(inbox), str(home), (at + timedelta(hours=1)).isoformat()
        )
        # the first night that follows also loads the history that the first build began
        for days, (name, book) in enumerate(
            {"again": books[len(books) // 2], "later": books[len(books) // 3]}.items(), start=1
        ):
            send_again(book)
            night_of = (at + timedelta(days=days)).isoformat()
            nights[name] = _measured("--night", str(inbox), str(home), night_of)
        few = books[:: max(1, len(books) // sample)][:sample]
        (Path(folder) / "few").write_text("\n".join(map(str, few)), encoding="utf-8")
        others = _measured("--usual", f"{folder}/few")
    return {
        "workbooks": len(books),
        "calamine": alone,
        "usual": others.said["cpu"] / len(few) * len(books),
        "nights": {
            name: {"cpu": c.cpu, "wall": c.wall, **c.said} for name, c in nights.items()
        },
    }  # fmt: skip


def middle(rounds: Sequence[Any]) -> Any:
    """The same measurements, each number the median of the rounds."""
    first = rounds[0]
    if isinstance(first, dict):
        names = dict.fromkeys(name for each in rounds for name in each)
        return {name: middle([each[name] for each in rounds if name in each]) for name in names}
    if isinstance(first, bool) or not isinstance(first, int | float):
        return first
    return statistics.median(rounds)


def show(found: list[dict[str, Any]]) -> None:
    """The tables, in Markdown."""
    head = [f"{each['workbooks']:,.0f} workbooks" for each in found]
    print(f"\n| CPU seconds | {' | '.join(head)} | exponent |")
    print("| --- |" + " ---: |" * (len(found) + 1))
    rows = {
        "cold build": [each["nights"]["cold"]["cpu"] for each in found],
        "nothing new": [each["nights"]["nothing"]["cpu"] for each in found],
        "one workbook sent again, a day later": [each["nights"]["again"]["cpu"] for each in found],
        "one more, two days later": [each["nights"]["later"]["cpu"] for each in found],
        "calamine alone": [each["calamine"] for each in found],
        "pandas on openpyxl, one INSERT, one GX run a file (sampled, scaled)":
            [each["usual"] for each in found],
    }  # fmt: skip
    for name, values in rows.items():
        print(f"| {name} | {_row(values)} | {_exponent(found, values)} |")
    peaks = [each["nights"]["cold"]["peak"] / 2**20 for each in found]
    print(f"| peak memory of a cold build, MB | {_row(peaks)} | |")
    for night in ("cold", "again", "later"):
        print(f"\n| stage ({night}) | {' | '.join(head)} | exponent |")
        print("| --- |" + " ---: |" * (len(found) + 1))
        names = dict.fromkeys(n for each in found for n in each["nights"][night]["stages"])
        for name in names:
            values = [each["nights"][night]["stages"].get(name, 0.0) for each in found]
            if max(values) >= 0.3:
                print(f"| {name} | {_row(values)} | {_exponent(found, values)} |")
    print("\n| wall clock, s (other work on the machine counts) | " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * len(found))
    for night in ("cold", "nothing", "again", "later"):
        print(f"| {night} | {_row([each['nights'][night]['wall'] for each in found])} |")
    if len(found) > 1:
        first, last = found[0], found[-1]
        more = last["workbooks"] - first["workbooks"]
        unit = (last["calamine"] - first["calamine"]) / more
        for what, without in {"all": (), "without reports": TO_SENDERS}.items():
            small, large = (_cpu_without(one, without) for one in (first, last))
            each = (large - small) / more
            fixed = small - each * first["workbooks"]
            print(
                f"\n{what}: fixed part {fixed:.0f} s; each further workbook {each * 1000:.0f} ms, "
                f"{each / unit:.1f} times calamine alone."
            )
    for one in found:
        cold = one["nights"]["cold"]
        for_all = sum(cold["stages"].get(step, 0.0) for step in FOR_ALL)
        wall = sum(cold["walls"].get(step, 0.0) for step in FOR_ALL)
        rest = _cpu_without(one, TO_SENDERS) - for_all
        print(
            f"\n{one['workbooks']:,.0f}, by stage: start, dbt, Great Expectations, publish "
            f"{for_all:.0f} s of CPU, {wall:.0f} s; all else without reports "
            f"{rest / one['workbooks'] * 1000:.1f} ms a workbook, "
            f"{rest / one['calamine']:.1f} times calamine alone."
        )


def _cpu_without(size: dict[str, Any], steps: Sequence[str]) -> float:
    cold = size["nights"]["cold"]
    return float(cold["cpu"] - sum(cold["stages"].get(step, 0.0) for step in steps))


def _row(values: list[float]) -> str:
    return " | ".join(f"{value:.1f}" for value in values)


def _exponent(found: list[dict[str, Any]], values: list[float]) -> str:
    if len(values) < 2 or min(values[0], values[-1]) <= 0:
        return ""
    sizes = found[0]["workbooks"], found[-1]["workbooks"]
    if sizes[0] == sizes[1]:
        return ""
    return f"{math.log(values[-1] / values[0]) / math.log(sizes[1] / sizes[0]):.2f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="500,1000")
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--cache", type=Path, default=Path("/tmp/kho-bench"))  # noqa: S108
    options.add_argument("--sample", type=int, default=8)
    options.add_argument("--night", nargs=3, metavar=("INBOX", "HOME", "AS_OF"))
    options.add_argument("--usual", type=Path, metavar="LIST")
    options.add_argument("--for-memory", type=float, default=0.02, metavar="SHARE")
    chosen = options.parse_args()
    if chosen.night:
        print(json.dumps(night(*chosen.night, chosen.for_memory)))
        end_at_once(os.EX_OK)  # as `kho` ends
        return
    if chosen.usual:
        print(json.dumps(usual(chosen.usual.read_text(encoding="utf-8").splitlines())))
        return
    chosen.cache.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in chosen.sizes.split(",")]
    measured: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    for turn in range(chosen.rounds):
        for size in sizes:
            measured[size].append(measure(size, chosen.cache, chosen.sample))
            said = measured[size][-1]
            print(f"# {said['workbooks']} workbooks, round {turn + 1}: measured", file=sys.stderr)
            print(json.dumps(said), file=sys.stderr)
    found = [middle(measured[size]) for size in sizes]
    show(found)


if __name__ == "__main__":
    main()
