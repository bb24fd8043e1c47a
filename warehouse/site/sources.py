"""From a figure on a page to its cell: which facts are behind it, and the sheets with their cells.

A figure with one fact leads straight to the cell; one with more (a sum, a ratio) to the list of its
facts, and from there to each cell. Sheets are drawn from the archived originals, read again in
child processes: a workbook is hostile input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from markupsafe import Markup, escape

from expectations.numbers import cell_address
from ingest.package import Unreadable
from ingest.sandbox import read_isolated
from ingest.workbook import Sheet, read_sheets
from warehouse.site.kept import made_of
from warehouse.trace import cell_text, place_of

Place = tuple[int, int]  # row and column, from 1

FOLDER = "nguon"
# of a longer sheet only the surroundings of the cells that are shown
LONGEST = 400
AROUND = 8
WIDEST = 60
# on paper a wider sheet has its first columns, and those with cells that are shown
WIDE_ON_PAPER, FIRST_COLUMNS = 12, 4
_ASIDE = ' class="p"'  # not on paper (site.css)
# what the page of a sheet says that it is made of (sheet.html.j2), nearly always so far up
_HEAD = 8_192
_MADE_OF = re.compile(rb'data-drawing="(\w+)" data-page="(\w+)"')
_DRAWN = re.compile(r'data-page="\w+"( data-part)?>\n<caption[^\n]*\n(.*?)</table>', re.DOTALL)
# from how many letters on a column is how wide (site.css)
_WIDTHS = ((45, "longer"), (14, "long"), (5, "middle"))


class Fact(NamedTuple):
    """A fact that a page shows, and where it was typed."""

    key: str
    value_text: str
    corrected_text: str | None
    subject_vi: str  # the line, indicator, project or goods that it is of
    unit_vi: str
    period_vi: str
    measure_vi: str
    form_vi: str
    file_sha256: str
    sheet_name: str
    cell: str
    file_path: str
    page: str | None  # of the sheet; None where it is not drawn
    is_restricted: bool
    known_from: datetime

    @property
    def about(self) -> str:
        """What it is of, in words."""
        words = (self.subject_vi, self.measure_vi or "số liệu", self.unit_vi, self.period_vi)
        return "; ".join(filter(None, words))

    @property
    def href(self) -> str | None:
        """The cell, from the root of the site."""
        return f"{self.page}#{self.cell}" if self.page else None


@dataclass(frozen=True)
class Said:
    """What a cell's facts were before, and what the checks found on it."""

    versions: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A sheet as it is drawn: head and rows of its table as markup with every text escaped.
    `is_part` says that rows or columns were left out."""

    table: Markup
    is_part: bool


@dataclass
class SheetPage:
    """A sheet of an archived workbook with the facts that pages show of it."""

    page: str
    file_sha256: str
    sheet_name: str
    file_path: str
    received_at: datetime
    forms: list[tuple[str, str]] = field(default_factory=list)  # code on paper, title
    units: list[str] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    drawn: Drawn | str = ""  # why it could not be drawn
    is_kept: bool = False  # the page of an earlier build is made of the same

    @property
    def places(self) -> frozenset[Place]:
        """The cells of its facts."""
        return frozenset(place_of(fact.cell) for fact in self.facts)

    @property
    def drawing(self) -> str:
        """What the drawing is made of: the sheet, and its cells that are places to go to."""
        return made_of(self.file_sha256, self.sheet_name, sorted(self.places))

    def made_of(self, said: Mapping[str, Said], is_simulated: bool) -> str:
        """What the page is made of: the drawing, and what is said of the sheet and its cells."""
        return made_of(
            self.drawing, self.file_path, self.received_at, self.forms, self.units, self.periods,
            [(fact, said.get(fact.key)) for fact in self.facts], is_simulated,
        )  # fmt: skip

    @property
    def title(self) -> str:
        return " · ".join(
            (", ".join(code for code, _ in self.forms), ", ".join(self.units),
             ", ".join(self.periods))
        )  # fmt: skip


_FACTS = """
    with subject as (
        select fact_key, coalesce(name_vi, fct_budget.line_code) as subject_vi
        from fct_budget
        left join dim_budget_line using (line_code)
        where is_current
        union all
        select
            fact_key,
            concat_ws(', ', coalesce(project.project_name, indicator.name_vi), source.label_vi)
        from fct_investment as fact
        left join dim_project as project using (project_code)
        left join dim_indicator as indicator using (indicator_code)
        left join dim_code as source
            on fact.source_code = source.code and source.list_code = 'capital_source'
        where fact.is_current
        union all
        select fact_key, name_vi from fct_indicator
        left join dim_indicator using (indicator_code)
        where is_current
        union all
        select fact_key, name_vi from fct_target
        left join dim_indicator using (indicator_code)
        where is_current
        union all
        select
            fact_key,
            concat_ws(', ', gate.name_vi, commodity.name_vi, basis.label_vi, direction.label_vi)
        from fct_trade as fact
        left join dim_border_gate as gate using (gate_code)
        left join dim_commodity as commodity using (commodity_code)
        left join dim_code as basis on fact.basis = basis.code and basis.list_code = 'basis'
        left join dim_code as direction
            on fact.direction = direction.code and direction.list_code = 'direction'
        where fact.is_current
        union all
        select fact_key, concat_ws(', ', project.project_name, milestone.label_vi)
        from fct_milestone as fact
        left join dim_project as project using (project_code)
        left join dim_code as milestone
            on fact.milestone = milestone.code and milestone.list_code = 'milestone'
        where fact.is_current
    )

    select
        fact.fact_key,
        coalesce(subject.subject_vi, '') as subject_vi,
        fact.value_text,
        fact.corrected_text,
        coalesce(unit.name_vi, fact.unit_code, '') as unit_vi,
        coalesce(period.label_vi, fact.period_key, '') as period_vi,
        coalesce(measure.label_vi, '') as measure_vi,
        coalesce(form.code_on_paper, fact.form_code) as form_vi,
        form.title_vi as form_title_vi,
        coalesce(form.openness, '') = 'hạn chế' as is_restricted,
        -- a workbook with a restricted form is not drawn, on no sheet
        fact.file_sha256 in (
            select submission.file_sha256
            from submission
            inner join dim_form using (form_code, form_version)
            where dim_form.openness = 'hạn chế'
        ) as is_closed,
        coalesce(reporter.name_vi, fact.reporter_unit_code) as reporter_vi,
        coalesce(sent.label_vi, submission.period_key, '') as sent_period_vi,
        fact.file_path,
        fact.file_sha256,
        fact.sheet_name,
        fact.cell,
        fact.received_at,
        fact.known_from,
        left(fact.file_sha256, 10) || '-' || left(md5(fact.sheet_name), 6) as page
    from trace_fact as fact
    left join subject on fact.fact_key = subject.fact_key
    left join submission on fact.submission_id = submission.submission_id
    left join dim_form as form
        on submission.form_code = form.form_code and submission.form_version = form.form_version
    left join dim_unit as unit on fact.unit_code = unit.unit_code and unit.valid_to is null
    left join dim_unit as reporter
        on fact.reporter_unit_code = reporter.unit_code and reporter.valid_to is null
    left join dim_period as period on fact.period_key = period.period_key
    left join dim_period as sent on submission.period_key = sent.period_key
    left join (
        select code, min(label_vi) as label_vi from dim_code
        where list_code in ('measure', 'flow_measure', 'milestone_state') group by code
    ) as measure on fact.measure = measure.code
    where fact.is_current and fact.fact_key in (select unnest($keys))
    order by fact.fact_key
"""
_VERSIONS = """
    select fact_key, value_text, file_path, cell_ref, known_from, known_to from trace_fact
    where not is_current and fact_key in (select unnest($keys))
    order by fact_key, known_from desc, cell_ref
"""
_FINDINGS = """
    select distinct fact_key, message, severity from trace_finding
    where closed is null and fact_key in (select unnest($keys))
    order by fact_key, severity, message
"""


@dataclass
class Sources:
    """The facts behind the figures of a site, by key, and the sheets they stand on, by page."""

    facts: Mapping[str, Fact]
    said: Mapping[str, Said]
    sheets: Mapping[str, SheetPage]

    def of(self, keys: str | Sequence[str] | None) -> list[Fact]:
        """The facts of a figure, in the order of their keys; keys that no fact has are left out."""
        wanted = [keys] if isinstance(keys, str) else list(keys or ())
        return [self.facts[key] for key in sorted(set(wanted)) if key in self.facts]


def find_sources(
    connection: duckdb.DuckDBPyConnection, drawn: Iterable[str], listed: Iterable[str] = ()
) -> Sources:
    """The facts with these keys, their cells, history and open findings; sheets not drawn yet.

    The sheets of facts that are only `listed` are not drawn for their sake, and no sheet of a
    workbook with a form that is restricted is drawn.
    """
    wanted = set(drawn)
    asked = {"keys": sorted(wanted | set(listed))}
    cursor = connection.execute(_FACTS, asked)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    pages = {
        f"{FOLDER}/{row['page']}.html"
        for row in rows
        if row["fact_key"] in wanted and not row["is_closed"]
    }
    facts: dict[str, Fact] = {}
    sheets: dict[str, SheetPage] = {}
    for row in rows:
        is_restricted = row["is_restricted"]
        page = f"{FOLDER}/{row['page']}.html"
        is_drawn = page in pages
        fact = Fact(
            row["fact_key"], row["value_text"] or "", row["corrected_text"], row["subject_vi"],
            row["unit_vi"], row["period_vi"], row["measure_vi"], row["form_vi"], row["file_sha256"],
            row["sheet_name"], row["cell"], row["file_path"], page if is_drawn else None,
            is_restricted, row["known_from"],
        )  # fmt: skip
        facts[fact.key] = fact
        if is_drawn:
            _put_on_sheet(sheets, page, fact, row)
    return Sources(facts, _said(connection, asked), dict(sorted(sheets.items())))


def _put_on_sheet(
    sheets: dict[str, SheetPage], page: str, fact: Fact, row: Mapping[str, Any]
) -> None:
    sheet = sheets.setdefault(
        page,
        SheetPage(page, fact.file_sha256, fact.sheet_name, row["file_path"], row["received_at"]),
    )
    sheet.facts.append(fact)
    form = (row["form_vi"], row["form_title_vi"])
    if form not in sheet.forms:
        sheet.forms.append(form)
    for known, new in ((sheet.units, row["reporter_vi"]), (sheet.periods, row["sent_period_vi"])):
        if new not in known:
            known.append(new)


def _said(connection: duckdb.DuckDBPyConnection, asked: Mapping[str, Any]) -> dict[str, Said]:
    versions: dict[str, list[str]] = {}
    for key, text, path, cell_ref, since, until in connection.execute(_VERSIONS, asked).fetchall():
        versions.setdefault(key, []).append(
            f"{since:%d/%m/%Y} đến {until:%d/%m/%Y}: {text} ({path}, {cell_ref})"
        )
    findings: dict[str, list[str]] = {}
    for key, message, _ in connection.execute(_FINDINGS, asked).fetchall():
        findings.setdefault(key, []).append(message)
    return {
        key: Said(tuple(versions.get(key, ())), tuple(findings.get(key, ())))
        for key in versions.keys() | findings.keys()
    }


def draw_sheets(
    sheets: Iterable[SheetPage],
    archived: Callable[[str], Path],
    workers: int = 2,
    before: Path | None = None,
    made_of: Callable[[SheetPage], str] | None = None,
) -> None:
    """Draw each sheet from its archived original; one that cannot be read again says why. `before`
    is the site of an earlier build: a drawing that would be the same is taken from its page, and
    none is wanted where the whole page is made of the same (`made_of`)."""
    by_file: dict[Path, list[SheetPage]] = {}
    for sheet in sheets:
        if before is None or not _take(sheet, before / sheet.page, made_of):
            by_file.setdefault(archived(sheet.file_sha256), []).append(sheet)
    there = sorted(path for path in by_file if path.exists())
    wanted = {path.name: {one.sheet_name: one.places for one in by_file[path]} for path in there}
    for path, drawn in read_isolated(partial(_draw_file, wanted), there, workers):
        for sheet in by_file[path]:
            if isinstance(drawn, Unreadable):
                sheet.drawn = "Không đọc lại được tệp gốc trong kho lưu trữ."
            else:
                sheet.drawn = drawn.get(sheet.sheet_name, "Tệp gốc không còn trang tính này.")
    for path in by_file.keys() - set(there):
        for sheet in by_file[path]:
            sheet.drawn = "Kho lưu trữ không còn tệp gốc."


def _take(sheet: SheetPage, page: Path, made_of: Callable[[SheetPage], str] | None) -> bool:
    """Take the page of an earlier build, or the drawing on it, if it is of the same cells by the
    same code."""
    try:
        with page.open("rb") as file:
            said = _MADE_OF.search(file.read(_HEAD)) or _MADE_OF.search(page.read_bytes())
    except FileNotFoundError:
        return False
    if said is None or said[1].decode() != sheet.drawing:
        return False
    if made_of is not None and said[2].decode() == made_of(sheet):
        sheet.is_kept = True
        return True
    found = _DRAWN.search(page.read_text(encoding="utf-8"))
    if found is None:
        return False
    sheet.drawn = Drawn(Markup(found[2]), found[1] is not None)  # noqa: S704  as it was drawn
    return True


def _draw_file(
    wanted: Mapping[str, Mapping[str, frozenset[Place]]], path: Path
) -> dict[str, Drawn]:
    """The wanted sheets of a workbook. Runs in a child process."""
    asked = wanted[path.name]
    return {
        sheet.name: draw(sheet, asked[sheet.name])
        # facts come from none of the lists and guides of our templates
        for sheet in read_sheets(path.read_bytes(), all_sheets=False)
        if sheet.name in asked
    }


def draw(sheet: Sheet, facts: frozenset[Place]) -> Drawn:
    """A sheet with the cells of facts (row and column, from 1) as places to go to; of a long sheet
    the surroundings of these cells, of a wide one the first columns."""
    chosen: Sequence[int] = range(1, sheet.last_row + 1)
    if sheet.last_row > LONGEST:
        near = {at for row, _ in facts for at in range(row - AROUND, row + AROUND + 1)}
        chosen = [number for number in chosen if number in near or number <= AROUND]
    widest = min(sheet.last_column, WIDEST)
    texts = {
        number: [cell_text(sheet, number, col) for col in range(1, widest + 1)] for number in chosen
    }
    filled = max(
        (at for row in texts.values() for at, text in enumerate(row, 1) if text), default=0
    )
    letters = tuple(cell_address(1, col).rstrip("1") for col in range(1, filled + 1))
    kept = {*range(1, FIRST_COLUMNS + 1), *(col for _, col in facts)}
    aside = set(range(1, filled + 1)) - kept if filled > WIDE_ON_PAPER else set()
    head = "".join(
        f'<th scope="col"{_ASIDE if at in aside else ""}>{letter}</th>'
        for at, letter in enumerate(letters, 1)
    )
    rows = "".join(
        f'<tr><th scope="row">{number}</th>'
        + "".join(
            _cell(text, f"{letter}{number}" if (number, col) in facts else None, col in aside)
            for col, (letter, text) in enumerate(zip(letters, row, strict=False), 1)
        )
        + "</tr>\n"
        for number, row in texts.items()
    )
    table = (
        f'<thead><tr><th scope="col"><span class="hidden">Dòng</span></th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n"
    )
    is_part = len(chosen) < sheet.last_row or sheet.last_column > WIDEST
    return Drawn(Markup(table), is_part)  # noqa: S704  _cell escapes


def _cell(text: str, address: str | None, is_aside: bool) -> str:
    """A cell of the drawn sheet; one with an address leads to what is said of it."""
    width = next((name for least, name in _WIDTHS if len(text) > least), "")
    if address is None:
        named = f' class="{width}{" p" if is_aside else ""}"' if width else ""
        return f"<td{named or (_ASIDE if is_aside else '')}>{escape(text)}</td>"
    return (
        f'<td id="{address}" class="fact {width}" tabindex="-1"><a href="#i-{address}">'
        f'{escape(text)}<span class="hidden"> (ô {address})</span></a></td>'
    )
