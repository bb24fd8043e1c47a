"""What reading costs, as a multiple of what python-calamine alone needs: the README's table.

    PYTHONPATH=. python bench/reading.py [--files 1000] [--seed 1] [--rounds 3] [--cache DIR]

CPU time of whole trees of processes (measure.py), every stage in a fresh one, in turns, so that
what else the machine does falls on all of them; medians. The workbooks are made once and kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.measure import Cost, cost_of

FOLDER = Path(__file__).parent
PROJECT_FILES = 200
# openpyxl takes ten times as long: a sample of the files will do
SAMPLE_EVERY = 25
# a start costs the same however many files follow; two are the fewest that start both workers
START_FILES = 2
MOST = 2.5
MOST_CPU_SECONDS, MOST_LIST_BYTES, MOST_WORKER_BYTES = 20, 2 * 2**30, 400 * 10**6


@dataclass(frozen=True)
class Bench:
    """Runs stages over lists of workbooks."""

    cache: Path
    seed: int
    scratch: Path

    def workbooks(self, name: str, files: int) -> list[Path]:
        made = cost_of(
            [sys.executable, str(FOLDER / "workbooks.py"), name, "--folder", str(self.cache),
             "--files", str(files), "--seed", str(self.seed)]
        )  # fmt: skip
        return [Path(path) for path in made.said["paths"]]

    def run(self, stage: str, paths: Sequence[Path]) -> Cost:
        listed = self.scratch / "list.txt"
        listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
        cost = cost_of([sys.executable, str(FOLDER / "stages.py"), stage, str(listed)])
        print(f"  {stage}, {len(paths)} files: {cost.cpu:.2f} s", file=sys.stderr, flush=True)
        return cost


@dataclass(frozen=True)
class Round:
    """Every stage once, over the same files; the unit before and after what it is compared with."""

    units: tuple[Cost, Cost]
    unit_start: Cost
    product: Cost
    product_start: Cost
    usual: Cost | None = None
    pandas: Cost | None = None

    @property
    def unit(self) -> float:
        return (self.units[0].cpu + self.units[1].cpu) / 2

    @property
    def whole(self) -> float:
        return self.product.cpu / self.unit

    @property
    def without_start(self) -> float:
        return (self.product.cpu - self.product_start.cpu) / (self.unit - self.unit_start.cpu)


def measure(bench: Bench, paths: Sequence[Path], rounds: int, *, peers: bool) -> list[Round]:
    few = sorted(paths, key=lambda path: path.stat().st_size)[:START_FILES]
    sample = paths[:: min(SAMPLE_EVERY, max(1, len(paths) // 8))]
    found = []
    for _ in range(rounds):
        before, product = bench.run("calamine", paths), bench.run("product", paths)
        usual = bench.run("usual", paths) if peers else None
        units = before, bench.run("calamine", paths)
        starts = bench.run("calamine", few), bench.run("product", few)
        pandas = bench.run("pandas", sample) if peers else None
        if product.said["unreadable"] or not product.said["cells"]:
            raise RuntimeError(f"not everything was read: {product.said}")
        found.append(Round(units, starts[0], product, starts[1], usual, pandas))
    return found


def table_of(rounds: Sequence[Round]) -> Iterator[str]:
    yield "| | CPU, seconds | to calamine alone |"
    yield "| --- | ---: | ---: |"
    unit = median(r.unit for r in rounds)
    yield f"| calamine's `to_python` alone | {unit:.1f} | 1.0 |"
    cpu, ratio = median(r.product.cpu for r in rounds), median(r.whole for r in rounds)
    yield f"| read, extract and load, isolated | {cpu:.1f} | {ratio:.2f} |"
    start = median(r.product_start.cpu for r in rounds)
    ratio = median(r.without_start for r in rounds)
    yield f"| the same without its start ({start:.1f} s) | {cpu - start:.1f} | {ratio:.2f} |"
    usual = [r.usual.cpu / r.unit for r in rounds if r.usual is not None]
    if usual:
        cpu = median(r.usual.cpu for r in rounds if r.usual is not None)
        yield f"| calamine, a loop, one INSERT | {cpu:.1f} | {median(usual):.2f} |"
    pandas = [float(r.pandas.said["ratio"]) for r in rounds if r.pandas is not None]
    if pandas:
        ratio = median(pandas)
        yield f"| pandas on openpyxl (scaled) | {unit * ratio:.0f} | {ratio:.1f} |"


def peak_of(rounds: Sequence[Round]) -> float:
    return max(float(max(r.product.said["worker_peaks"])) for r in rounds)


def parts_of(cost: Cost) -> Iterator[str]:
    """Where the product's time goes, in one process."""
    unit, seconds = cost.said["unit"], cost.said["seconds"]
    yield "| part | CPU, seconds | to calamine alone |"
    yield "| --- | ---: | ---: |"
    for name, spent in sorted(seconds.items(), key=lambda each: -each[1]):
        yield f"| {name} | {spent:.2f} | {spent / unit:.2f} |"
    total = sum(seconds.values())
    yield f"| all | {total:.2f} | {total / unit:.2f} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "kho-bench")
    options.add_argument("--only", choices=("province", "projects", "list"))
    chosen = options.parse_args()
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="kho-bench-") as scratch:
        bench = Bench(chosen.cache, chosen.seed, Path(scratch))
        for name, files in (("province", chosen.files), ("projects", PROJECT_FILES)):
            if chosen.only not in (None, name):
                continue
            paths = bench.workbooks(name, files)
            rounds = measure(bench, paths, chosen.rounds, peers=name == "province")
            said, peak = rounds[0].product.said, peak_of(rounds)
            size = sum(path.stat().st_size for path in paths) / 2**20
            print(f"\n## {name}: {len(paths)} workbooks, {size:.0f} MiB\n")
            print(f"{said['submissions']} submissions, {said['cells']} cells in their tables\n")
            print("\n".join(table_of(rounds)))
            print(f"\nPeak memory of a worker: {peak / 1e6:.0f} MB\n")
            print("\n".join(parts_of(bench.run("profile", paths))))
            if name == "province" and median(r.whole for r in rounds) > MOST:
                failed.append(f"more than {MOST} times calamine alone")
            if peak > MOST_WORKER_BYTES:
                failed.append(f"a worker used {peak / 1e6:.0f} MB")
        if chosen.only in (None, "list"):
            failed += _huge_list(bench)
    if failed:
        sys.exit("; ".join(failed))


def _huge_list(bench: Bench) -> list[str]:
    paths = bench.workbooks("list", 1)
    unit, cost = bench.run("calamine", paths), bench.run("product", paths)
    cpu, peak = max(cost.said["worker_cpu"], default=0.0), max(cost.said["worker_peaks"], default=0)
    print(f"\n## list: one workbook, {paths[0].stat().st_size / 2**20:.0f} MiB\n")
    print(f"rows read: {cost.said['rows']}, cells: {cost.said['cells']}")
    print(f"calamine alone {unit.cpu:.1f} s; the product in all {cost.cpu:.1f} s")
    print(f"its worker {cpu:.1f} s of {MOST_CPU_SECONDS}, "
          f"{peak / 1e6:.0f} MB of {MOST_LIST_BYTES / 1e6:.0f}")  # fmt: skip
    if cost.said["unreadable"] or not cost.said["rows"]:
        return [f"the list was not read: {cost.said['unreadable']}"]
    return []


if __name__ == "__main__":
    main()
