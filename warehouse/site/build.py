"""Writes the site of a build: queries, then sources, then pages, files and what they need.

The same build gives the same bytes: no clock, no order but that of the queries.
"""

from __future__ import annotations

import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from warehouse.connection import MEMORY_LIMIT, holds_simulated, open_published
from warehouse.home import take_over
from warehouse.site.declared import Site, site
from warehouse.site.downloads import sheet_names, write_csv, write_json, write_workbook
from warehouse.site.numbers import is_number, shown_text
from warehouse.site.results import Queries
from warehouse.site.shown import PageShown, fill, keep, keys_of, pages_of, root_of, table_of
from warehouse.site.sources import FOLDER as SOURCE_FOLDER
from warehouse.site.sources import Fact, Sources, draw_sheets, find_sources

_HERE = Path(__file__).parent
_DATA = "so-lieu"
_FONTS = (("400", "IBMPlexSans-Regular.woff2"), ("600", "IBMPlexSans-SemiBold.woff2"))
_INDEX = f"{SOURCE_FOLDER}/index.html"
_BRACKETS = re.compile(r"\([^()]{1,20}\)")
_SIMULATED = "SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh"


@dataclass(frozen=True)
class Build:
    """The build that a site is of."""

    build_id: str
    as_of: datetime
    is_simulated: bool

    @property
    def line(self) -> str:
        line = f"Số liệu đến {self.as_of:%H:%M ngày %d/%m/%Y}; bản phát hành {self.build_id}"
        return f"{_SIMULATED}. {line}" if self.is_simulated else line


def site_of(
    published_file: Path,
    folder: Path,
    archived: Callable[[str], Path],
    build_id: str,
    as_of: datetime,
    workers: int = 2,
    before: Path | None = None,
) -> list[Path]:
    """As build_site, in whatever process, and in place of what a first try left."""
    shutil.rmtree(folder, ignore_errors=True)
    with open_published(published_file, MEMORY_LIMIT) as connection:
        return build_site(connection, folder, archived, build_id, as_of, workers, before)


def build_site(
    published: duckdb.DuckDBPyConnection,
    folder: Path,
    archived: Callable[[str], Path],
    build_id: str,
    as_of: datetime,
    workers: int = 2,
    before: Path | None = None,
) -> list[Path]:
    """Write the site of a published file into `folder`, which is empty or not there yet; returns
    the paths of its pages.

    `archived` gives the archived original of a hash: the sheets behind the figures are drawn from
    these; those of which nothing changed are the files of `before`, the site of an earlier build.
    """
    (folder / _DATA).mkdir(parents=True)
    _write_static(folder / "static")
    build = Build(build_id, as_of, holds_simulated(published))
    queries = Queries(published, {"as_of": as_of})
    pages = list(pages_of(site(), queries))
    sources = find_sources(published, keys_of(pages, is_drawn=True), keys_of(pages, is_drawn=False))
    render = partial(_render, _environment(), folder, build, queries, site())
    with ThreadPoolExecutor(1) as beside:
        # child processes draw while the pages are written
        drawn = beside.submit(
            draw_sheets, sources.sheets.values(), archived, workers, before,
            lambda sheet: sheet.made_of(sources.said, build.is_simulated),
        )  # fmt: skip
        paths = [_write_page(page, sources, build, folder, before, render) for page in pages]
        paths += _write_lists(pages, render)
        drawn.result()
    paths += _write_sources(sources, build, folder, before, render)
    return paths


def _write_static(folder: Path) -> None:
    """Styles, scripts and fonts with their licences, and the fonts as a script."""
    shutil.copytree(_HERE / "static", folder)
    fonts = [
        (weight, b64encode((folder / "fonts" / name).read_bytes()).decode())
        for weight, name in _FONTS
    ]
    script = _environment().get_template("fonts.js.j2").render(fonts=fonts)
    (folder / "fonts.js").write_text(script, encoding="utf-8")


# --- pages ------------------------------------------------------------------------------------


def _write_page(
    shown: PageShown,
    sources: Sources,
    build: Build,
    folder: Path,
    before: Path | None,
    render: Callable[..., Path],
) -> Path:
    made_of = shown.made_of(sources)
    if before is not None:
        keep(shown, made_of, before)
    tables = [table_of(block) for block in shown.blocks]
    (folder / shown.file).parent.mkdir(parents=True, exist_ok=True)
    workbook = f"{_DATA}/{shown.slug}.xlsx"
    for block, name in zip(shown.blocks, sheet_names(tables), strict=True):
        block.csv, block.sheet = f"{_DATA}/{shown.slug}-{block.block.id}.csv", name
    if shown.kept is not None and before is not None:
        # a workbook says which build its figures came with: the last one that changed any of them
        for file in (workbook, *(block.csv for block in shown.blocks)):
            take_over(before / file, folder / file)
    else:
        write_workbook(folder / workbook, tables, build.line, build.as_of)
        for block, table in zip(shown.blocks, tables, strict=True):
            write_csv(folder / block.csv, table)
        fill(shown, sources)
    head = {
        "title": shown.title,
        "as_of": build.as_of.isoformat(),
        "build": build.build_id,
        "is_simulated": build.is_simulated,
    }
    write_json(folder / f"{shown.file}.json", head, tables)
    return render("page.html.j2", shown.href, shown=shown, workbook=workbook, made_of=made_of)


# --- where figures come from -------------------------------------------------------------------


def _write_lists(pages: Sequence[PageShown], render: Callable[..., Path]) -> list[Path]:
    """For each page with sums the facts of each sum."""
    return [
        render("facts.html.j2", page.list_page, page=page, lists=list(page.lists.values()))
        for page in pages
        if page.lists or (page.kept is not None and page.kept.lists is not None)
    ]


def _write_sources(
    sources: Sources,
    build: Build,
    folder: Path,
    before: Path | None,
    render: Callable[..., Path],
) -> list[Path]:
    """The list of the sheets, and a page for each; these name no build, so that one of which
    nothing changed is the file of the build before."""
    sheets = list(sources.sheets.values())
    paths = [render("sources.html.j2", _INDEX, sheets=sheets)]
    for sheet in sheets:
        if before is not None and sheet.is_kept:
            take_over(before / sheet.page, folder / sheet.page)
            paths.append(folder / sheet.page)
            continue
        facts: dict[str, list[Fact]] = {}
        for fact in sorted(sheet.facts, key=lambda fact: (_place(fact.cell), fact.key)):
            facts.setdefault(fact.cell, []).append(fact)
        said, made_of = sources.said, sheet.made_of(sources.said, build.is_simulated)
        paths.append(
            render(
                "sheet.html.j2", sheet.page, sheet=sheet, facts=facts, said=said, made_of=made_of
            )
        )
    return paths


def _place(cell: str) -> tuple[int, str]:
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]), letters.rjust(3)


# --- rendering --------------------------------------------------------------------------------


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["is_number"] = is_number
    environment.filters["whole_unit"] = _whole_unit
    environment.filters["whole"] = partial(shown_text, shown="whole")
    environment.filters["moment"] = partial(shown_text, shown="moment")
    environment.filters["day"] = partial(shown_text, shown="date")
    return environment


def _whole_unit(heading: str) -> str:
    """A heading of a column in which the words in brackets, its unit, stay on one line."""
    return _BRACKETS.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), heading)


def _render(
    environment: jinja2.Environment,
    folder: Path,
    build: Build,
    queries: Queries,
    declared: Site,
    template: str,
    href: str,
    **content: Any,
) -> Path:
    path = folder / href
    path.parent.mkdir(parents=True, exist_ok=True)
    text = environment.get_template(template).render(
        build=build,
        root=root_of(href),
        href=href,
        nav=[page for page in declared.pages if page.nav],
        sources_index=_INDEX,
        missing=queries["missing_units"].rows,
        **content,
    )
    path.write_text(text, encoding="utf-8")
    return path
