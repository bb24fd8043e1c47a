"""What the templates show: pages, blocks and cells, made of declarations, results and sources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from markupsafe import Markup

from warehouse.site.declared import Block, Chart, Column, Page, Series, Site
from warehouse.site.downloads import Table, plain
from warehouse.site.kept import made_of
from warehouse.site.numbers import MISSING, is_number, shown_text
from warehouse.site.results import Queries, Result
from warehouse.site.sources import FOLDER as SOURCE_FOLDER
from warehouse.site.sources import Fact, Sources


@dataclass(frozen=True)
class BarDrawn:
    """A bar in hundredths of its full length; `mark` is what is to be reached."""

    length: float
    mark: float | None


@dataclass(frozen=True)
class Cell:
    """A figure or a word of a table, as it is shown."""

    column: Column
    value: Any
    text: str
    href: str | None = None
    code: str | None = None
    bar: BarDrawn | None = None
    parts: tuple[tuple[str, float, float], ...] = ()  # code, begin, length
    spark: str | None = None  # the points of a small line, 100 wide and 20 high

    @property
    def is_missing(self) -> bool:
        return self.text == MISSING

    @property
    def raw(self) -> str:
        """What the table is sorted by."""
        if self.value is None:
            return ""
        return self.value.isoformat() if isinstance(self.value, date) else str(self.value)


@dataclass(frozen=True)
class Row:
    number: int
    cells: tuple[Cell, ...]


@dataclass
class BlockShown:
    """A block with its rows: those that the page shows, and how many there are."""

    block: Block
    result: Result
    all_rows: list[tuple[int, Mapping[str, Any]]]
    rows: list[Row] = field(default_factory=list)
    charts: tuple[str, ...] = ()  # their titles
    chart_data: str = ""
    csv: str = ""
    sheet: str = ""

    @property
    def shown_rows(self) -> list[tuple[int, Mapping[str, Any]]]:
        return self.all_rows[: self.block.most]


@dataclass(frozen=True)
class Kept:
    """What a page of an earlier build showed, which this one shows too: its blocks as markup, and
    the lists of facts of its sums."""

    blocks: Markup
    lists: Markup | None


@dataclass
class PageShown:
    """A page with its blocks; `file` has no suffix, and the columns of its key filled in."""

    page: Page
    file: str
    title: str
    question: str
    blocks: list[BlockShown]
    # facts of sums: their keys to the place on the list page, what the sum is, and the facts
    lists: dict[tuple[str, ...], tuple[str, str, list[Fact]]] = field(default_factory=dict)
    kept: Kept | None = None  # in place of rows and lists

    @property
    def href(self) -> str:
        return f"{self.file}.html"

    @property
    def slug(self) -> str:
        return self.file.replace("/", "-")

    @property
    def list_page(self) -> str:
        """Where the facts of sums are listed."""
        return f"{SOURCE_FOLDER}/cua-{self.slug}.html"

    @property
    def has_charts(self) -> bool:
        if self.kept is not None:
            return "data-charts=" in self.kept.blocks
        return any(block.charts for block in self.blocks)

    def made_of(self, sources: Sources) -> str:
        """What blocks and lists are made of: rows, and the facts that are shown of them."""
        rows = [
            (shown.result.names, [(number, *row.values()) for number, row in shown.all_rows])
            for shown in self.blocks
        ]
        facts = [
            sources.of(_keys_behind(column, row))
            for shown in self.blocks
            for column in shown.block.columns
            if column.keys
            for _, row in shown.shown_rows
        ]
        return made_of(self.file, rows, facts)


def pages_of(declared: Site, queries: Queries) -> Iterator[PageShown]:
    """Every page with its rows, before sources are known."""
    for page in declared.pages:
        if page.each is None:
            yield _page(page, {}, queries)
        else:
            for row in queries[page.each].rows:
                yield _page(page, row, queries)


def _page(page: Page, row: Mapping[str, Any], queries: Queries) -> PageShown:
    of = row.get(page.key) if page.key else None
    return PageShown(
        page,
        page.file.format_map(row),
        page.title.format_map(row),
        page.question.format_map(row),
        [
            BlockShown(
                block,
                queries[block.query],
                queries[block.query].of(block.where | ({block.by: of} if block.by else {})),
            )
            for block in page.blocks
        ],
    )


def keys_of(pages: Sequence[PageShown], is_drawn: bool) -> Iterator[str]:
    """The keys of the facts that pages show: in columns whose sheets are drawn, or in others."""
    for page in pages:
        for shown in page.blocks:
            for column in shown.block.columns:
                if column.keys and column.is_drawn == is_drawn:
                    for _, row in shown.shown_rows:
                        yield from _keys_behind(column, row)


def _keys_behind(column: Column, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of the facts behind a figure, each once."""
    found: set[str] = set()
    for name in column.keys or ():
        value = row[name]
        found.update([value] if isinstance(value, str) else value or ())
    return tuple(sorted(found))


def keep(shown: PageShown, made_of: str, before: Path) -> None:
    """Take over what the same page of an earlier build showed, if it was made of the same."""
    blocks = _kept_part(before / shown.href, f'<div class="blocks[^"]*" data-made="{made_of}">')
    if blocks is not None:
        shown.kept = Kept(blocks, _kept_part(before / shown.list_page, '<div class="lists">'))


def _kept_part(page: Path, begin: str) -> Markup | None:
    """The last part of a page's main element, from a tag on."""
    try:
        text = page.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found = re.search(rf"{begin}\n(.*)</div>\n</main>", text, re.DOTALL)
    return None if found is None else Markup(found[1])  # noqa: S704  as it was written


def fill(shown: PageShown, sources: Sources) -> None:
    """Make the cells and charts of a page, each figure with the way to its source."""
    root = root_of(shown.file)
    for block in shown.blocks:
        block.rows = [
            _row(shown, block.block, number, row, sources, root) for number, row in block.shown_rows
        ]
        drawn = _charts(block)
        block.charts = tuple(one["title"] for one in drawn)
        block.chart_data = _chart_data(block, drawn)


def root_of(file: str) -> str:
    """The way from a page to the root of the site."""
    return "../" * file.count("/")


def table_of(shown: BlockShown) -> Table:
    """All rows of a block, as the files to download have them."""
    columns = [column for column in shown.block.columns if column.name in shown.result.types]
    return Table(
        shown.block.id,
        shown.block.title,
        shown.block.query,
        tuple((c.name, c.heading, shown.result.types[c.name]) for c in columns),
        tuple(tuple(row[c.name] for c in columns) for _, row in shown.all_rows),
    )


def _row(
    shown: PageShown,
    block: Block,
    number: int,
    row: Mapping[str, Any],
    sources: Sources,
    root: str,
) -> Row:
    return Row(
        number,
        tuple(_cell(shown, block, column, number, row, sources, root) for column in block.columns),
    )


def _cell(
    shown: PageShown,
    block: Block,
    column: Column,
    number: int,
    row: Mapping[str, Any],
    sources: Sources,
    root: str,
) -> Cell:
    value = row[column.name]
    text = shown_text(value, column.shown)
    href = None
    if column.link is not None:
        href = root + column.link.format_map(row)
    elif value is not None:
        href = _source(shown, f"{block.id}-{number}-{column.name}", block, column, row, sources)
        href = root + href if href else None
    return Cell(
        column,
        value,
        text,
        href,
        row[column.code] if column.code else None,
        _bar(column, row),
        _parts(column, row),
        _spark(row[column.spark]) if column.spark else None,
    )


def _spark(values: Sequence[Any] | None) -> str | None:
    """The points of a line through the values, from the lowest to the highest."""
    if values is None or len(values) < 2:
        return None
    numbers = [float(value) for value in values]
    low, span = min(numbers), (max(numbers) - min(numbers)) or 1
    step = 100 / (len(numbers) - 1)
    return " ".join(
        f"{at * step:.1f},{18 - 16 * (number - low) / span:.1f}"
        for at, number in enumerate(numbers)
    )


def _source(
    shown: PageShown,
    anchor: str,
    block: Block,
    column: Column,
    row: Mapping[str, Any],
    sources: Sources,
) -> str | None:
    """Where a figure's source is: its cell, or the list of its facts."""
    facts = sources.of(_keys_behind(column, row))
    if not facts:
        return None
    if len(facts) == 1:
        return facts[0].href
    keys = tuple(fact.key for fact in facts)
    name = next((str(row[c.name]) for c in block.columns if not is_number(c.shown)), block.title)
    anchor, _, _ = shown.lists.setdefault(
        keys, (anchor, f"{block.title}: {name.rstrip('.')}, {column.heading}", facts)
    )
    return f"{shown.list_page}#{anchor}"


def _bar(column: Column, row: Mapping[str, Any]) -> BarDrawn | None:
    value = row[column.name]
    if column.bar is None or value is None:
        return None
    of = column.bar.of
    full = float(row[of] or 0) if isinstance(of, str) else of
    if full <= 0:
        return None
    mark = row[column.bar.mark] if column.bar.mark else None
    return BarDrawn(
        _hundredths(float(value), full), None if mark is None else _hundredths(float(mark), full)
    )


def _hundredths(value: float, full: float) -> float:
    return round(min(max(100 * value / full, 0), 100), 2)


def _parts(column: Column, row: Mapping[str, Any]) -> tuple[tuple[str, float, float], ...]:
    """The parts of a whole, one after the other, in hundredths."""
    full = float(row[column.name] or 0) if column.parts else 0
    if full <= 0:
        return ()
    parts, begin = [], 0.0
    for part in column.parts:
        length = round(100 * float(row[part.column] or 0) / full, 2)
        if length:
            parts.append((part.name, round(begin, 2), length))
        begin += length
    return tuple(parts)


def _charts(shown: BlockShown) -> list[dict[str, Any]]:
    """What the browser draws of a block: one chart or several, or none where there is nothing."""
    chart = shown.block.chart
    if chart is None:
        return []
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for _, row in shown.all_rows:
        parts.setdefault(str(row[chart.split]) if chart.split else "", []).append(row)
    groups = [[series] for series in chart.series] if chart.apart else [list(chart.series)]
    return [
        one
        for group in groups
        for name, rows in parts.items()
        if (one := _one_chart(chart, group, name, rows)) is not None
    ]


def _chart_data(shown: BlockShown, charts: Sequence[Mapping[str, Any]]) -> str:
    """The charts as JSON that cannot end the element it stands in."""
    if shown.block.chart is None:
        return ""
    content = {"kind": shown.block.chart.kind, "unit": shown.block.chart.unit, "charts": charts}
    text = json.dumps(content, ensure_ascii=False, default=plain, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _one_chart(
    chart: Chart, group: Sequence[Series], name: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """A chart of rows; None where fewer than two have a value. A line shows where values are
    missing; of bars only those are drawn that have one."""
    known = [row for row in rows if any(row[series.column] is not None for series in group)]
    if len(known) < 2:
        return None
    drawn = rows if chart.kind == "line" else known
    return {
        "title": ", ".join(filter(None, (name, group[0].name if chart.apart else ""))),
        "x": [row[chart.x] for row in drawn],
        "series": [
            {"name": series.name, "data": [row[series.column] for row in drawn]}
            for series in group
            if any(row[series.column] is not None for row in known)
        ],
    }
