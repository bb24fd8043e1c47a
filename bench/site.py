"""What the pages for leaders cost to write, and how soon the first one can be used.

    PYTHONPATH=. .venv/bin/python bench/site.py HOME [HOME…]

For each home with a published build, which is only read: the pages written anew, after a night of
which nothing came, and after one in which one workbook was sent again. CPU time (user and system)
is that of the whole tree of processes. Then, with Chromium: what the start page weighs with all
that it asks for, and how soon it stands, from disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.measure import cost_of

_RUNS = 5
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"
_TIMES = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    // charts and filters are made before this event
    return [page.domContentLoadedEventEnd, page.loadEventEnd, paint.startTime];
}"""


def write(home: str, folder: str, before: str, days: str) -> dict[str, Any]:
    """The pages of a home's published build, as of so many days later."""
    from warehouse.connection import open_published
    from warehouse.home import Home
    from warehouse.site.build import build_site

    place = Home(Path(home))
    published = place.published()
    assert published is not None
    as_of = datetime.fromisoformat(published["as_of"]) + timedelta(days=int(days))
    with open_published(place.published_file) as connection:
        pages = build_site(
            connection, Path(folder), place.archived, f"{published['build_id']}-{days}", as_of,
            before=Path(before) if before else None,
        )  # fmt: skip
    return {"pages": len(pages)}


def _written(home: Path, folder: Path, before: Path | None = None, days: int = 0) -> str:
    command = [sys.executable, __file__, "--write", str(home), str(folder), str(before or "")]
    cost = cost_of([*command, str(days)])
    each = 1000 * cost.cpu / cost.said["pages"]
    return f"{cost.said['pages']:,} pages, {cost.cpu:.1f} s of CPU ({each:.1f} ms a page), "\
        f"{cost.wall:.1f} s of wall clock"  # fmt: skip


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _without_one_workbook(site: Path, folder: Path) -> Path:
    """A site as it would be if one workbook, of those with the most sheets, were another."""
    shutil.copytree(site, folder, copy_function=os.link)
    by_file: dict[str, list[Path]] = {}
    for path in sorted((folder / "nguon").glob("*-*.html")):
        if not path.name.startswith("cua-"):
            by_file.setdefault(path.name.partition("-")[0], []).append(path)
    for path in max(by_file.values(), key=len):
        path.unlink()
    return folder


def _opened(site: Path, name: str) -> str:
    """Weight and times of a page in a browser that has nothing of it yet: medians of some runs."""
    from tests.browser import address, chromium, open_page

    times: list[list[float]] = []
    with chromium() as browser:
        for _ in range(_RUNS):
            opened = open_page(browser, 1440)
            opened.page.goto(address(site / name), wait_until="load")
            opened.page.wait_for_function(_PAINTED)
            times.append(opened.page.evaluate(_TIMES))
            opened.page.context.close()
    asked = {Path(url.removeprefix("file://").partition("#")[0]) for url in opened.asked}
    weight = sum(path.stat().st_size for path in asked)
    ready, loaded, painted = (statistics.median(each) for each in zip(*times, strict=True))
    return f"{weight / 1e3:,.0f} kB; usable (with charts) after {ready:.0f} ms, "\
        f"painted after {painted:.0f} ms, loaded after {loaded:.0f} ms"  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("homes", nargs="+", type=Path)
    with tempfile.TemporaryDirectory(prefix="kho-bench-site-") as made:
        written = {home: Path(made) / str(at) for at, home in enumerate(parser.parse_args().homes)}
        for home, folder in written.items():
            anew = folder / "anew"
            print(f"{home}")
            print(f"  anew: {_written(home, anew)}; {_megabytes(anew):.0f} MB")
            print(f"  nothing new: {_written(home, folder / 'same', anew, 1)}")
            before = _without_one_workbook(anew, folder / "before")
            print(f"  one workbook again: {_written(home, folder / 'one', before, 1)}")
        # after all costs: the browser leaves processes that would be counted with them
        for home, folder in written.items():
            for name in ("index.html", "ngan-sach.html"):
                print(f"{home}, {name}: {_opened(folder / 'anew', name)}")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        print(json.dumps(write(*sys.argv[2:])))
    else:
        main()
