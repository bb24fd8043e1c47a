"""From sheets to submissions: which form, which unit and period, and the reading of every cell.

`read_submissions` runs in a child process and returns plain columns of values; nothing is judged
here. What was odd about a cell is its `problem`, what was odd about a sheet is a `Remark`; the
rules in `expectations/` turn both into findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from expectations.numbers import cell_address, column_letters
from expectations.reports.explanations import explanations_of
from ingest import reference
from ingest.areas import AreaRead, is_figure, is_index_row, read_area
from ingest.cells import STATES, CellColumns
from ingest.columns import columns_of_area, read_columns, units_of_area
from ingest.contract import Contract, Table, all_contracts
from ingest.head import Head, TitleLine, read_head, title_lines
from ingest.identity import Identity, form_sheets, read_identities
from ingest.index_row import other_formulas
from ingest.lines import words_of as line_words_of
from ingest.locate import (
    LONGEST,
    ROWS_SEARCHED,
    Candidate,
    ColumnMatch,
    FormIndex,
    Spot,
    Spots,
    is_whole,
    match_columns,
    nearness,
    recognise,
    spots_of,
    title_key,
    words_of,
)
from ingest.normalise import BLANK, clean
from ingest.old_fonts import decode_sheet
from ingest.period import period_of
from ingest.reading import (
    Area,
    AreaColumn,
    AreaRow,
    ReadFile,
    ReadSubmission,
    Remark,
    UnreadSheet,
)
from ingest.wording import Header, header, plain
from ingest.workbook import Odd, Sheet, read_sheets

# half of the required headers, or the title: an instruction sheet has neither
MEANT_TO_BE_A_FORM = 0.5
# where headers fit several forms and no title decides: this share of a form's lines is found, and
# of every other at most the half of it
LINES_DECIDE = 0.6
ROWS_NEAR = 24  # rows in which most headers begin
_BLANK = STATES.index(BLANK)


def read_submissions(path: Path) -> ReadFile:
    """Read a file and every form in it. Raises ingest.package.Unreadable."""
    return submissions_of(read_sheets(path.read_bytes(), all_sheets=False), all_contracts())


@dataclass
class _Part:
    """A form found on one sheet; parts of one form on several sheets become one submission."""

    contract: Contract
    sheet: Sheet
    head: Head
    identity: Identity | None
    areas: list[AreaRead]
    absent: list[int]  # tables that are not on this sheet
    start: int  # the first row below the form before it
    top: int
    bottom: int

    @property
    def key(self) -> tuple[object, ...]:
        return self.contract.id, self.head.unit_code, self.head.period_key


def submissions_of(sheets: Sequence[Sheet], contracts: Sequence[Contract]) -> ReadFile:
    """Every form found on the sheets, one submission for each."""
    index = index_of(contracts)
    identities = read_identities(sheets)
    forms = form_sheets(sheets)
    parts: list[_Part] = []
    unread: list[UnreadSheet] = []
    nearest: tuple[float, str, tuple[str, ...]] | None = None
    for sheet in forms:
        if not sheet.filled:
            continue
        decode_sheet(sheet)
        identity = identities.get(sheet.name)
        if identity is None and len(identities) == 1 and len(forms) == 1:
            identity = next(iter(identities.values()))
        found, near = _parts_of(sheet, index, identity)
        parts += found
        if near is not None and not found:
            titled = near.score  # the title counts as much as all headers
            if nearest is None or titled > nearest[0]:
                nearest = (titled, near.contract.title, near.missing_headers)
            if titled >= MEANT_TO_BE_A_FORM:
                unread.append(UnreadSheet(sheet.name, near.contract.title, near.missing_headers))
    _find_tables_apart(forms, parts, identities, index)
    read = {part.sheet.name for part in parts}
    unread = [each for each in unread if each.sheet not in read]
    # a sheet may be renamed, or hold a second form: one simulated sheet makes the file so
    is_simulated = any(identity.is_simulated for identity in identities.values())
    submissions = [_submission(group, is_simulated) for group in _together(parts)]
    return ReadFile(
        submissions=_with_twice_remarks(submissions),
        nearest_title=nearest[1] if nearest else None,
        missing_headers=nearest[2] if nearest else (),
        cells_seen=sum(sheet.filled for sheet in sheets),
        unread_sheets=tuple(unread),
        explanations=explanations_of(sheets),
    )


def _find_tables_apart(
    forms: Sequence[Sheet],
    parts: list[_Part],
    identities: Mapping[str, Identity],
    index: FormIndex,
) -> None:
    """Tables that a form's first sheet lacks may stand on sheets of their own."""
    taken = {id(part.sheet) for part in parts}
    for part in list(parts):
        for number in part.absent:
            table = part.contract.tables[number - 1]
            for sheet in forms:
                if id(sheet) in taken or not sheet.filled:
                    continue
                spots = spots_of(sheet)
                match = match_columns(sheet, table, spots, part.head.period_key)
                if match is None or not is_whole(table, match):
                    match = match_columns(sheet, table, spots, without_top=True)
                if match is None or not is_whole(table, match):
                    continue
                lines = _title_lines(sheet, 1, match.top)
                identity = identities.get(sheet.name)
                head = _completed(read_head(sheet.name, part.contract, lines, identity),
                                  part.contract, part)  # fmt: skip
                area = read_area(sheet, number, table, match, index.names_form)
                bottom = max(area.last, match.bottom)
                parts.append(
                    _Part(part.contract, sheet, head, identity, [area], [], 1, match.top, bottom)
                )
                taken.add(id(sheet))
                break


_indexes: dict[tuple[int, ...], FormIndex] = {}


def index_of(contracts: Sequence[Contract]) -> FormIndex:
    """The words of these contracts, read once a process."""
    key = tuple(map(id, contracts))
    if key not in _indexes:
        _indexes[key] = FormIndex(contracts)
    return _indexes[key]


# --- which form -----------------------------------------------------------------------------------


def _parts_of(
    sheet: Sheet, index: FormIndex, identity: Identity | None
) -> tuple[list[_Part], Candidate | None]:
    """The forms of a sheet from the top down, and what came nearest where there is none."""
    parts: list[_Part] = []
    near: Candidate | None = None
    start = 1
    if identity is not None and (known := _recognised(sheet, index, identity)) is not None:
        own_form, match = known
        top = _read_part(sheet, own_form, Spots(), identity, 1, parts, index.names_form, match)
        if top is not None:
            parts.append(top)
            start = top.bottom + 1
            if not _may_hold_a_table(sheet, start):
                return parts, None
    while start <= sheet.last_row:
        # most headers stand near the top; further down are the texts of the rows
        spots = spots_of(sheet, start, ROWS_NEAR)
        contract, here = _form_of(sheet, index, spots, identity, start) if spots else (None, None)
        if contract is None:
            spots = spots_of(sheet, start)
            if not spots:
                start += ROWS_SEARCHED
                continue
            contract, here = _form_of(sheet, index, spots, identity, start)
        # the identity of a sheet is that of the form it was made for, not of what stands below it
        own = (
            identity
            if start == 1 or (contract and contract.form == _form_of_identity(identity))
            else None
        )
        part = (
            _read_part(sheet, contract, spots, own, start, parts, index.names_form)
            if contract
            else None
        )
        if part is None:
            if not parts:
                near = here
            break
        parts.append(part)
        start = part.bottom + 1
        if not _may_hold_a_table(sheet, start):
            break
    return parts, near


def _recognised(
    sheet: Sheet, index: FormIndex, identity: Identity
) -> tuple[Contract, ColumnMatch] | None:
    """The form that a sheet was made for, where its header stands as in a sheet before it and its
    title beside: what `_form_of` would find, in the usual case of one version and one table."""
    own = index.by_form.get(identity.form, [])
    if len(own) != 1 or len(own[0].tables) > 1:
        return None
    [contract] = own
    found = recognise(sheet, contract.tables[0], ROWS_NEAR)
    if found is None or not is_whole(contract.tables[0], found[0]):
        return None
    match, texts = found
    titles = index.titles[contract.id]
    if titles.isdisjoint(texts):
        titles |= {t for t in texts if len(t) <= LONGEST and _names(contract, header(t))}
        if titles.isdisjoint(texts):
            return None
    return contract, match


def _may_hold_a_table(sheet: Sheet, start: int) -> bool:
    """Whether two rows from here on have three cells each: signatures and notes have fewer."""
    wide = sum(len(row) - row.count("") > 2 for row in sheet.rows[start - 1 :])
    return wide > 1


def _form_of_identity(identity: Identity | None) -> str | None:
    return identity.form if identity is not None else None


def _form_of(
    sheet: Sheet,
    index: FormIndex,
    spots: Sequence[Spot],
    identity: Identity | None,
    start: int,
) -> tuple[Contract | None, Candidate | None]:
    """The form whose headers all stand among the texts, and the nearest one."""
    if identity is not None and start == 1:
        own = index.by_form.get(identity.form, [])
        complete = [c for c in own if nearness(sheet, c, spots).is_whole]
        if complete and any(_is_named(c, spots) for c in complete):
            return _in_force(sheet, complete[-1], complete, spots, identity, start), None
    named = _named(index, spots)
    candidates = [nearness(sheet, contract, spots) for contract in named]
    complete = [candidate.contract for candidate in candidates if candidate.is_whole]
    decided = _decide(sheet, complete, spots)
    if decided is None and not any(_carries_title(sheet, c, spots) for c in named):
        # a sheet that names no form is one only if it has every column of figures; one that names
        # a form whose columns it lacks is no other form
        likely = [c for c in index.likely(spots, MEANT_TO_BE_A_FORM / 2) if c not in named]
        others = [nearness(sheet, other, spots, stacked=False) for other in likely]
        candidates += others
        complete += [c.contract for c in others if c.is_whole and c.score == 1]
        decided = _decide(sheet, complete, spots)
    if decided is not None:
        return _in_force(sheet, decided, complete, spots, identity, start), None
    rated = [
        replace(c, score=c.score + _carries_title(sheet, c.contract, spots)) for c in candidates
    ]
    best = max(rated, key=lambda each: each.score, default=None)
    return None, best if best is not None and best.score > 0 else None


def _named(index: FormIndex, spots: Sequence[Spot]) -> list[Contract]:
    """The forms whose title or code stands among the texts; most are in none of them, which one
    look at all texts together tells."""
    keys = "\n".join({spot.header.key for spot in spots})
    texts = "\n".join({spot.header.exact for spot in spots})
    return [
        contract
        for contract, title, code in index.names
        if (title in keys or code in texts) and _is_named(contract, spots)
    ]


def _is_named(contract: Contract, spots: Sequence[Spot]) -> bool:
    """Whether the form's title or code stands among the texts."""
    return any(_names(contract, spot.header) for spot in spots)


def _names(contract: Contract, words: Header) -> bool:
    """Whether a text has the form's title or code in it."""
    if title_key(contract) in words.key:
        return True
    code = plain(contract.code_on_paper)
    return code in words.exact and _has_code(code, words.exact)


def _has_code(code: str, text: str) -> bool:
    at = text.find(code)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(code) : at + len(code) + 1]
        if not (before.isalnum() or after.isalnum()):
            return True
        at = text.find(code, at + 1)
    return False


def _carries_title(sheet: Sheet, contract: Contract, spots: Sequence[Spot]) -> bool:
    """Whether the form's code or title stands above its table (in it, a note may name a form)."""
    match = match_columns(sheet, contract.tables[0], spots)
    first = min(spot.row for spot in spots)
    end = match.top if match else first + 12
    return _is_named(contract, [spot for spot in spots if spot.row < end or spot.row == first])


def _decide(sheet: Sheet, complete: list[Contract], spots: Sequence[Spot]) -> Contract | None:
    """The form of a sheet whose headers fit: its title decides, else its lines; never a guess."""
    titled = [contract for contract in complete if _carries_title(sheet, contract, spots)]
    if titled:
        # several forms may stand below each other, and one title within a longer one
        def rank(contract: Contract) -> tuple[int, int, int]:
            match = match_columns(sheet, contract.tables[0], spots)
            top = match.top if match is not None else sheet.last_row
            return -top, len(contract.title), contract.version

        return max(titled, key=rank)
    if len({contract.form for contract in complete}) == 1:
        return complete[0]
    return _decided_by_lines(sheet, complete, spots)


def _decided_by_lines(
    sheet: Sheet, complete: list[Contract], spots: Sequence[Spot]
) -> Contract | None:
    shares: dict[str, tuple[float, Contract]] = {}
    for contract in complete:
        table = contract.tables[0]
        match = match_columns(sheet, table, spots)
        if table.rows.kind != "lines" or match is None:
            continue
        area = read_area(sheet, 1, table, match)
        seen = {line.code for _, line in area.rows if line is not None}
        rows = len(area.rows) + len(area.unknown_lines) + len(area.ambiguous_lines)
        share = min(len(seen) / len(table.lines), len(area.rows) / rows) if rows else 0.0
        shares[contract.form] = max(shares.get(contract.form, (0.0, contract)), (share, contract),
                                    key=lambda each: each[0])  # fmt: skip
    if not shares or len(shares) < len({contract.form for contract in complete}):
        return None
    ranked = sorted(shares.values(), key=lambda each: each[0], reverse=True)
    if ranked[0][0] >= LINES_DECIDE and all(s <= ranked[0][0] / 2 for s, _ in ranked[1:]):
        return ranked[0][1]
    return None


def _in_force(
    sheet: Sheet,
    decided: Contract,
    complete: list[Contract],
    spots: Sequence[Spot],
    identity: Identity | None,
    start: int,
) -> Contract:
    """The version of a form that is valid at the end of the sheet's period, else the latest."""
    versions = [c for c in complete if c.form == decided.form]
    if len(versions) < 2:
        return decided
    latest = max(versions, key=lambda contract: contract.version)
    match = match_columns(sheet, latest.tables[0], spots)
    lines = _title_lines(sheet, start, match.top if match else start + 12)
    period_key = read_head(sheet.name, latest, lines, identity).period_key
    if period_key is None:
        return latest
    day = period_of(period_key).end
    return next((contract for contract in versions if contract.is_in_force(day)), latest)


def _title_lines(sheet: Sheet, start: int, end: int) -> list[TitleLine]:
    return title_lines(sheet.texts(start, end))


# --- one form on one sheet ------------------------------------------------------------------------


def _read_part(
    sheet: Sheet,
    contract: Contract,
    spots: Sequence[Spot],
    identity: Identity | None,
    start: int,
    above: Sequence[_Part],
    names_form: Callable[[str], bool],
    recognised: ColumnMatch | None = None,
) -> _Part | None:
    """`recognised` are the columns of the form's only table, where they are known without looking
    for them among the texts."""
    first = recognised or match_columns(sheet, contract.tables[0], spots)
    if first is None:
        return None
    head = read_head(sheet.name, contract, _title_lines(sheet, start, first.top), identity)
    if above:
        head = _completed(head, contract, above[0])
    regions = _regions(contract, spots)
    areas: list[AreaRead] = []
    absent: list[int] = []
    top, bottom = first.top, first.bottom
    for number, table in enumerate(contract.tables, start=1):
        match = recognised or _match_table(
            sheet, table, spots, head.period_key, regions.get(number)
        )
        if (match is None or not is_whole(table, match)) and areas:
            below = spots_of(sheet, bottom + 1)
            match = _match_table(sheet, table, below, head.period_key, None) if below else None
        if match is None or not is_whole(table, match):
            absent.append(number)
            continue
        others = _headers_of_others(contract, number)
        area = read_area(sheet, number, table, match, names_form, others)
        areas.append(area)
        bottom = max(bottom, area.last, match.bottom)
    if not any(area.table_no == 1 for area in areas):
        return None
    if above and head.measure is None:
        head = replace(head, remarks=(*head.remarks, *_unit_above(areas, above[0])))
    return _Part(contract, sheet, head, identity, areas, absent, start, top, bottom)


def _headers_of_others(contract: Contract, number: int) -> frozenset[str]:
    """The headers of a form's other tables that this one does not have."""
    own = {level.key for path in words_of(contract.tables[number - 1]).paths for level in path}
    return frozenset(
        path[-1].key
        for place, table in enumerate(contract.tables, start=1)
        if place != number
        for path in words_of(table).paths
        if path[-1].key not in own
    )


def _completed(head: Head, contract: Contract, above: _Part) -> Head:
    """What the head of a lower form on a sheet leaves out, the head of the sheet says."""
    same = above.contract.reporting.frequency == contract.reporting.frequency
    period_key, remarks = head.period_key, head.remarks
    if period_key is None and same and all(r.rule == "period_missing" for r in remarks):
        period_key = above.head.period_key
        remarks = tuple(r for r in remarks if r.rule != "period_missing")
    unit_code = head.unit_code or above.head.unit_code
    return replace(head, unit_code=unit_code, period_key=period_key, remarks=remarks)


def _unit_above(areas: Sequence[AreaRead], above: _Part) -> Iterator[Remark]:
    """Money of a lower form may be in the unit that the sheet says above its first one, or in the
    form's own: where these differ, and no header says it, nobody can tell."""
    known, said = reference.units(), above.head.measure
    if said is None:
        return
    wanted = {
        column.unit
        for area in areas
        for column in area.table.columns
        if column.unit and column.field in area.match.columns
        if known[column.unit].base_code == known[said].base_code
        if area.match.units.get(column.field) is None
    }
    if wanted and said not in wanted:
        row, col = above.head.measure_at or (None, None)
        names = " và ".join(f"“{known[unit].name_vi}”" for unit in sorted(wanted))
        detail = (("value", known[said].name_vi), ("expected", names))
        yield Remark("unit_line_of_other_form", above.sheet.name, row, col, detail)


def _match_table(
    sheet: Sheet,
    table: Table,
    spots: Sequence[Spot],
    period_key: str | None,
    region: tuple[int, int] | None,
) -> ColumnMatch | None:
    match = match_columns(sheet, table, spots, period_key, region)
    if region is None or (match is not None and is_whole(table, match) and not match.missing):
        return match
    other = match_columns(sheet, table, spots, period_key, region, without_top=True)
    if other is not None and (match is None or len(other.columns) > len(match.columns)):
        return other
    return match


def _regions(contract: Contract, spots: Sequence[Spot]) -> dict[int, tuple[int, int]]:
    """Columns of tables that stand side by side: each from its names of lines to the next one's."""
    if len(contract.tables) < 2:
        return {}
    starts: list[tuple[int, int, int]] = []
    for number, table in enumerate(contract.tables, start=1):
        words = words_of(table)
        at = next((n for n, c in enumerate(table.columns) if c.role == "line"), None)
        if at is None:
            return {}
        leaf = words.paths[at][-1]
        found = [s for s in spots if s.header.exact == leaf.exact or s.header.key == leaf.key]
        if len(found) != 1:
            return {}
        col = found[0].col
        by_place = {(s.row, s.col): s.header for s in spots}
        for column in range(at - 1, -1, -1):
            before = by_place.get((found[0].row, col - 1))
            if before is None or before.exact != words.paths[column][-1].exact:
                break
            col -= 1
        starts.append((col, number, found[0].row))
    starts.sort()
    if len({col for col, _, _ in starts}) < len(starts) or _are_stacked(starts):
        return {}
    ends = [col - 1 for col, _, _ in starts[1:]] + [16_384]
    return {number: (col, end) for (col, number, _), end in zip(starts, ends, strict=True)}


def _are_stacked(starts: Sequence[tuple[int, int, int]]) -> bool:
    rows = [row for _, _, row in starts]
    return max(rows) - min(rows) > 3


# --- one submission -------------------------------------------------------------------------------


def _together(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Parts of one form, unit and period that complete each other; others stay by themselves."""
    groups: list[list[_Part]] = []
    by_key: dict[tuple[object, ...], list[_Part]] = {}
    for part in parts:
        group = by_key.get(part.key)
        if group is not None and part.head.period_key is not None and _completes(group, part):
            group.append(part)
        else:
            by_key[part.key] = [part]
            groups.append(by_key[part.key])
    yield from groups


def _completes(group: Sequence[_Part], part: _Part) -> bool:
    """Other tables of the form, or other lines of its tables; records if none may stand twice."""
    checks = {str(getattr(check, "rule", "")) for check in part.contract.checks}
    for area in part.areas:
        if area.table.rows.kind == "records":
            if "unique_rows" not in checks or part.sheet is group[-1].sheet:
                return False
            known = {key for each in group for other in each.areas for key in _keys(other)}
            if known & set(_keys(area)):
                return False
            continue
        mine = {line.code for _, line in area.rows if line is not None}
        theirs = {
            line.code
            for other in group
            for each in other.areas
            if each.table_no == area.table_no
            for _, line in each.rows
            if line is not None
        }
        if mine & theirs or not mine:
            return False
    return True


def _keys(area: AreaRead) -> Iterator[tuple[object, ...]]:
    """What names each record of an area, as typed."""
    places = [
        area.match.columns[name] - 1 for name in area.table.rows.key if name in area.match.columns
    ]
    for row, _ in area.rows:
        yield tuple(area.sheet.rows[row - 1][at] for at in places)


def _with_twice_remarks(found: Sequence[ReadSubmission]) -> tuple[ReadSubmission, ...]:
    """One form, unit and period on several sheets with other figures: which counts, nobody says. A
    sheet that says two periods may be of either."""
    groups: dict[tuple[object, ...], list[ReadSubmission]] = defaultdict(list)
    for each in found:
        for period in _periods_said(each):
            groups[each.form, each.named_unit_code, period].append(each)
    twice = {
        id(each): members
        for members in groups.values()
        if len(members) > 1 and len({_figures(member) for member in members}) > 1
        for each in members
    }
    return tuple(
        replace(each, remarks=(*each.remarks, _twice(twice[id(each)], each)))
        if id(each) in twice
        else each
        for each in found
    )


def _periods_said(submission: ReadSubmission) -> set[str]:
    """The periods that a submission may be of, as they are called."""
    said = {
        words
        for remark in submission.remarks
        if remark.rule == "period_contradiction"
        for _, words in remark.detail
    }
    return said | ({period_of(submission.period_key).label_vi} if submission.period_key else set())


def _figures(submission: ReadSubmission) -> tuple[tuple[object, ...], ...]:
    """What was typed in the tables, in the order of their columns and rows."""
    return tuple(submission.cells.figures())


def _twice(members: Sequence[ReadSubmission], one: ReadSubmission) -> Remark:
    sheets = ", ".join(f"“{member.sheet}”" for member in members)
    code = next((c.code_on_paper for c in all_contracts() if c.form == one.form), one.form)
    label = period_of(one.period_key).label_vi if one.period_key else ""
    detail = (("form", code), ("period", label), ("sheets", sheets))
    return Remark("form_twice", one.sheet, detail=detail)


def _submission(parts: Sequence[_Part], is_simulated: bool) -> ReadSubmission:
    first = parts[0]
    contract, head = first.contract, first.head
    remarks: list[Remark] = []
    for part in parts:
        remarks += part.head.remarks
        remarks += _identity_remarks(part)
    cells = CellColumns()
    areas: list[Area] = []
    columns: tuple[AreaColumn, ...] = ()
    rows: list[AreaRow] = []
    found = {area.table_no for part in parts for area in part.areas}
    remarks += [
        Remark("table_missing", first.sheet.name, detail=(("expected", _name_of(table)),))
        for number, table in enumerate(contract.tables, start=1)
        if number not in found
    ]
    for part in parts:
        taken = {col for area in part.areas for col in area.match.columns.values()}
        for area in part.areas:
            number = len(areas) + 1
            areas.append(Area(number, area.table_no, part.sheet.name))
            units = units_of_area(contract, area, part.head.measure, part.head.measure_at)
            columns += columns_of_area(number, area, units)
            rows += [AreaRow(number, row, line.code if line else None) for row, line in area.rows]
            remarks += _layout_remarks(part, area, taken if len(part.areas) > 1 else set())
            remarks += units.remarks
            read_columns(area, number, units, part.head.number_style, cells)
        remarks += _sheet_remarks(part)
    remarks += _missing_lines(contract, parts)
    filled = len(cells) - cells.count(_BLANK)
    return ReadSubmission(
        form=contract.form,
        version=contract.version,
        named_unit_code=head.unit_code,
        period_key=head.period_key,
        cutoff_date=head.cutoff,
        areas=tuple(areas),
        columns=columns,
        rows=tuple(rows),
        cells=cells,
        remarks=tuple(remarks),
        cells_outside=sum(sheet.filled for sheet in _sheets_of(parts)) - filled,
        is_simulated=is_simulated,
    )


def _name_of(table: Table) -> str:
    """What a table is called: its caption, else the header of its lines."""
    named = next((c for c in table.columns if c.role == "line"), table.columns[0])
    return table.title or " / ".join(named.header)


def _sheets_of(parts: Sequence[_Part]) -> list[Sheet]:
    return list({id(part.sheet): part.sheet for part in parts}.values())


def _identity_remarks(part: _Part) -> Iterator[Remark]:
    """Where the sheet says another form, unit or period than the template was made for."""
    identity, head, contract = part.identity, part.head, part.contract
    if identity is None:
        return
    said = (contract.form, head.unit_code or identity.unit_code, head.period_key)
    if said != (identity.form, identity.unit_code, head.period_key and identity.period_key):
        yield Remark(
            "identity_contradiction",
            part.sheet.name,
            detail=(
                ("said", _identity_words(*said)),
                (
                    "hidden",
                    _identity_words(identity.form, identity.unit_code, identity.period_key),
                ),
            ),
        )


def _identity_words(form: str, unit_code: str, period_key: str | None) -> str:
    """`biểu X, đơn vị Y, kỳ Z` as an officer says it."""
    code = next((c.code_on_paper for c in all_contracts() if c.form == form), form)
    unit = reference.reporting_units().get(unit_code)
    words = [f"biểu {code}", unit.name_vi if unit else unit_code]
    if period_key:
        try:
            words.append(period_of(period_key).label_vi)
        except ValueError:
            words.append(period_key)
    return ", ".join(words)


def _layout_remarks(part: _Part, area: AreaRead, elsewhere: set[int]) -> list[Remark]:
    """What is missing, too much or unclear; columns `elsewhere` belong to a table beside it."""
    name, table, match = area.sheet.name, area.table, area.match
    at = match.bottom
    remarks = [
        Remark(
            "column_missing",
            name,
            at,
            detail=(("expected", " / ".join(table.column(field).header)),),
        )
        for field in match.missing
    ]
    remarks += [
        Remark("column_extra", name, at, col, (("value", text),))
        for col, text in match.extra
        if col not in elsewhere
    ]
    remarks += [
        Remark(
            "column_ambiguous",
            name,
            at,
            cols[0],
            (
                ("expected", " / ".join(table.column(field).header)),
                ("columns", ", ".join(column_letters(col) for col in cols)),
            ),
        )
        for field, cols in match.ambiguous
        if table.column(field).role not in ("symbol", "label")
    ]
    remarks += [
        Remark(
            "column_of_other_period",
            name,
            match.header_rows.get(field, at),
            col,
            (
                ("value", clean(_header_text(area.sheet, match, col)) or text),
                (
                    "period",
                    period_of(part.head.period_key).label_vi if part.head.period_key else "",
                ),
            ),
        )
        for field, col, text in match.other_period
        if table.column(field).role not in ("symbol", "label")
    ]
    if area.index_row_no is not None:
        typed = area.sheet.rows[area.index_row_no - 1]
        index_row = {col: typed[col - 1] for col in match.columns.values()}
        remarks += [
            Remark(
                "index_formula_differs",
                name,
                area.index_row_no,
                other.col,
                (
                    ("value", clean(other.typed)),
                    ("expected", other.wanted),
                    ("header", " / ".join(table.column(other.field).header)),
                ),
            )
            for other in other_formulas(table, match.columns, index_row)
        ]
    label_col = next((match.columns[c.field] for c in table.columns if c.role == "line"), None)
    for row, text in area.unknown_lines:
        nearest = line_words_of(table.lines).nearest(text)
        near = f" Gần nhất là dòng “{nearest}”." if nearest else ""
        remarks.append(
            Remark(
                "line_unknown", name, row, label_col, (("value", clean(text)), ("nearest", near))
            )
        )
    remarks += [
        Remark("line_ambiguous", name, row, label_col, (("value", clean(text)),))
        for row, text in area.ambiguous_lines
    ]
    remarks += [
        Remark("total_row_not_read", name, row, None, (("value", clean(text)),))
        for row, text in area.total_rows
    ]
    remarks += [
        Remark("heading_not_read", name, row, None, (("value", clean(text)), ("row", str(row))))
        for row, text in area.heading_rows
    ]
    remarks += _under_a_header_above(part, area)
    if area is part.areas[-1]:
        last = max(each.last for each in part.areas)
        remarks += [
            Remark("figure_outside_table", name, row, col)
            for row, col in _stray_figures(area.sheet, last, part)
        ]
    # rows that are no line of the form are said by themselves
    if not area.rows and not area.unknown_lines and not area.ambiguous_lines:
        remarks.append(Remark("no_rows", name, at))
    return remarks


def _header_text(sheet: Sheet, match: ColumnMatch, col: int) -> str:
    texts = (sheet.text(row, col) for row in range(match.top, match.bottom + 1))
    return " / ".join(text for text in texts if text)


def _under_a_header_above(part: _Part, area: AreaRead) -> Iterator[Remark]:
    """A header that is printed twice and could be read only the second time: the rows between the
    two are not in the area that was found. Half of its texts in their columns make a header."""
    sheet, match = area.sheet, area.match
    cols = set(match.columns.values())
    # of most sheets no row above the header has as many cells as half a header
    fewest = max(2, (len(cols) + 1) // 2)
    if not any(
        len(row) - row.count("") >= fewest for row in sheet.rows[part.start - 1 : match.top - 1]
    ):
        return
    texts = {
        col: {key for row in range(match.top, match.bottom + 1)
              if (key := header(sheet.text(row, col)).key)}
        for col in match.columns.values()
    }  # fmt: skip
    columns = area.value_columns()
    taken = {row for other in part.areas for row, _ in other.rows}
    above: int | None = None
    rows: list[int] = []
    for row in range(part.start, match.top):
        if row in taken:
            above = None
        elif above is not None and is_index_row([sheet.rows[row - 1][col - 1] for col in texts]):
            continue
        elif above is not None and any(is_figure(sheet.rows[row - 1][col - 1]) for col in columns):
            rows.append(row)
        else:
            same = sum(header(sheet.text(row, col)).key in texts[col] for col in texts)
            if same > 1 and 2 * same >= len(texts):
                above = row
    if above is None or not rows:
        return
    unread = [col for col in texts if header(sheet.text(above, col)).key not in texts[col]]
    for col in unread:
        if isinstance(sheet.rows[above - 1][col - 1], Odd):
            yield Remark("header_unreadable", sheet.name, above, col)
    yield Remark(
        "header_above_unread", sheet.name, above, unread[0] if unread else None,
        (("row", str(above)), ("rows", _spans(rows)), ("header_row", str(match.top))),
    )  # fmt: skip


def _stray_figures(sheet: Sheet, last: int, part: _Part) -> Iterator[tuple[int, int]]:
    """Figures in the columns of the tables below their last row; another form begins anew there."""
    columns = sorted({col for area in part.areas for col in area.value_columns()})
    below = sheet.rows[last:]
    found = [
        (row_no, col)
        for row_no, row in enumerate(below, start=last + 1)
        if row.count("") < len(row)
        for col in columns
        if row[col - 1] != "" and is_figure(row[col - 1])
    ]
    if found and not _may_be_another_form(part, below):
        yield from found


def _may_be_another_form(part: _Part, below: Sequence[Sequence[Any]]) -> bool:
    levels = words_of(part.contract.tables[0]).levels
    return part.bottom < part.sheet.last_row and any(
        type(value) is str and header(value).exact in levels for row in below for value in row
    )


def _sheet_remarks(part: _Part) -> Iterator[Remark]:
    """What cannot be seen on the sheet as it opens, or was typed in an old font."""
    sheet = part.sheet
    if sheet.is_hidden:
        yield Remark("hidden_sheet", sheet.name)
    rows = {row for area in part.areas for row, _ in area.rows}
    columns = {col for area in part.areas for col in area.match.columns.values()}
    hidden_rows = sorted(rows & sheet.unseen.hidden_rows)
    if hidden_rows:
        yield Remark("hidden_rows", sheet.name, hidden_rows[0], detail=(
            ("value", _spans(hidden_rows)), ("count", str(len(hidden_rows))),
        ))  # fmt: skip
    hidden_columns = sorted(columns & sheet.unseen.hidden_columns)
    if hidden_columns:
        letters = ", ".join(column_letters(col) for col in hidden_columns)
        yield Remark("hidden_columns", sheet.name, None, None, (("value", letters),))
    linked = sorted(
        place for place in sheet.unseen.linked if place[0] in rows and place[1] in columns
    )
    if linked:
        row, col = linked[0]
        cells = ", ".join(cell_address(r, c) for r, c in linked[:10])
        more = f" (và {len(linked) - 10} ô khác)" if len(linked) > 10 else ""
        yield Remark("external_link", sheet.name, row, col, (("cells", cells + more),))
    if sheet.encodings:
        names = {"tcvn3": "TCVN3 (ABC)", "vni": "VNI"}
        value = ", ".join(names[each] for each in sorted(sheet.encodings))
        yield Remark("text_legacy_font", sheet.name, detail=(("value", value),))
    for area in part.areas if sheet.unseen.errors or sheet.unseen.uncalculated else ():
        taken = set(area.match.columns.values())
        for row in range(area.match.top, area.match.bottom + 1):
            for col, value in enumerate(sheet.rows[row - 1], start=1):
                if isinstance(value, Odd) and col not in taken:
                    yield Remark("header_unreadable", sheet.name, row, col)


def _spans(numbers: Sequence[int]) -> str:
    """`12, 15-18`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in spans]
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "")


def _missing_lines(contract: Contract, parts: Sequence[_Part]) -> list[Remark]:
    """Lines of the form that stand on none of the sheets."""
    unit = parts[0].head.unit_code
    remarks = []
    for number, table in enumerate(contract.tables, start=1):
        areas = [area for part in parts for area in part.areas if area.table_no == number]
        if not areas:
            continue
        seen = {line.code for area in areas for _, line in area.rows if line is not None}
        remarks += [
            Remark("line_missing", areas[0].sheet.name, detail=(("expected", line.label_vi),))
            for line in table.lines_of(unit)
            if line.code not in seen
        ]
    return remarks
