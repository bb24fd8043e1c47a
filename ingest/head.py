"""What stands above a table: which unit, which period, which unit of measure.

Each is said in several places (a labelled line, the title block, the sheet's name, the hidden
identity). They are held against each other: what contradicts is said, never chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from ingest import reference
from ingest.contract import Contract
from ingest.identity import Identity
from ingest.normalise import NumberStyle, clean
from ingest.period import FIRST_YEAR, LAST_YEAR, ROMAN, period_of, read_period
from ingest.reading import Remark
from ingest.wording import plain

PERIODIC = {"month", "quarter", "year"}


class TitleLine(NamedTuple):
    """A text above a table, and where it stands (from 1)."""

    row: int
    col: int
    text: str


@dataclass(frozen=True)
class Head:
    """What is said above the table, and what contradicts or cannot be read in it."""

    unit_code: str | None
    period_key: str | None
    cutoff: date | None
    measure: str | None  # unit of measure stated for the whole table
    number_style: NumberStyle | None  # how numbers are written, where the sheet says so
    remarks: tuple[Remark, ...]
    measure_at: tuple[int, int] | None = None  # row and column of the line that states it


_PERIOD_LINE = re.compile(r"^kỳ (?:báo cáo|số liệu)\s*:\s*(.+)$")
_UNIT_LINE = re.compile(r"^(?:tên )?(?:đơn vị|cơ quan)(?: báo cáo| gửi| lập)?\s*:\s*(.+)$")
_MEASURE_LINE = re.compile(r"^(?:.*\W)?(?:đơn vị tính|đvt)\s*[:.]?\s*(.+)$")
_CODE = re.compile(r"\(([A-Z0-9Đ]+)\)\s*$")
_CUTOFF_LINE = re.compile(r"số liệu đến (?:hết )?ngày\s*(\d{1,2})/(\d{1,2})/(\d{4})")


def read_head(
    sheet: str,
    contract: Contract,
    lines: Sequence[TitleLine],
    identity: Identity | None,
) -> Head:
    """Read the texts above a table of a form; what they leave out, the hidden identity may say."""
    said = [(line, _said(line.text)) for line in lines]
    remarks: list[Remark] = []
    cutoff: date | None = None
    for _, words in said:
        if words.cutoff is not None:
            [cutoff] = words.cutoff
    unit, unit_remarks = _unit(sheet, said)
    period, period_remarks = _period(sheet, contract, said, identity)
    measure, measure_at, measure_remarks = _measure(sheet, contract, said)
    remarks += unit_remarks + period_remarks + measure_remarks
    if unit is None and identity is not None:
        unit = identity.unit_code
    style = _number_style([words.style for _, words in said if words.style is not None])
    return Head(unit, period, cutoff, measure, style, tuple(remarks), measure_at)


class _Said(NamedTuple):
    """All that a text above a table can say, whatever form it stands over; mostly nothing."""

    cutoff: tuple[date | None] | None  # a day that there is none of is said too
    unit: _LabelledUnit | None
    ends_in_prefix: bool
    block: tuple[str, ...]  # units that it names without the text below it
    measure: str | None
    period: str | None  # of a line that is labelled so
    stated: tuple[_Stated, ...]
    style: str | None  # the words of a line about how numbers are written


Lines = Sequence[tuple[TitleLine, _Said]]


@lru_cache(maxsize=2**14)
def _said(text: str) -> _Said:
    words = plain(text)
    found = _CUTOFF_LINE.search(words) if "số liệu đến" in words else None
    unit, period = _labelled_unit(text), _labelled_period(text)
    return _Said(
        cutoff=(day_of(found[3], found[2], found[1]),) if found else None,
        unit=unit,
        ends_in_prefix=_ends_in_prefix(text),
        block=_in_block(text, None) if unit is None else (),
        measure=_said_measure(text),
        period=period,
        stated=_stated(period or text),
        style=words if "dấu " in words else None,
    )


def day_of(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


_DOT_GROUPS = re.compile(r"dấu chấm (?:để )?(?:ngăn|phân|tách)\w*(?: cách)? (?:hàng )?nghìn")
_COMMA_GROUPS = re.compile(r"dấu phẩy (?:để )?(?:ngăn|phân|tách)\w*(?: cách)? (?:hàng )?nghìn")


def _number_style(said: Sequence[str]) -> NumberStyle | None:
    """`Cách ghi số: dấu chấm ngăn hàng nghìn, dấu phẩy thập phân`."""
    dots = any(map(_DOT_GROUPS.search, said))
    commas = any(map(_COMMA_GROUPS.search, said))
    if dots == commas:
        return None
    return "vietnamese" if dots else "english"


# --- the unit that reports ------------------------------------------------------------------------

_PREFIX = re.compile(r"^(?:(?:ubnd|hđnd|ủy ban nhân dân|hội đồng nhân dân)(?: và ubnd)?\s+)+")
_ONLY_PREFIX = re.compile(r"^(?:ubnd|ủy ban nhân dân)$")
_OF_PROVINCE = re.compile(r"[\s,]*(?:tỉnh )?lạng sơn$")
_RECIPIENT = re.compile(r"^(?:kính gửi|nơi nhận|đơn vị nhận|cơ quan nhận|gửi)\b")


@cache
def _units_by_name() -> dict[str, str]:
    names: dict[str, list[str]] = {}
    for unit in reference.reporting_units().values():
        whole = plain(unit.name_vi)
        spoken = {whole, re.sub(r"\s*\([^)]*\)", "", whole)}
        spoken |= {_OF_PROVINCE.sub("", name) for name in spoken}
        for name in filter(None, spoken):
            names.setdefault(name, []).append(unit.code)
    return {name: codes[0] for name, codes in names.items() if len(set(codes)) == 1}


@lru_cache(maxsize=2**14)
def unit_named(text: str) -> str | None:
    """The unit whose name a text is, with or without `UBND` before and the province behind it."""
    names = _units_by_name()
    words = plain(text).strip(" .,;:-")
    for candidate in (words, re.sub(r"\s*\([^)]*\)", "", words)):
        bare = _PREFIX.sub("", candidate)
        for name in (candidate, bare, _OF_PROVINCE.sub("", candidate), _OF_PROVINCE.sub("", bare)):
            if name in names:
                return names[name]
    return None


def is_organisation(text: str) -> bool:
    """Whether a text after `Đơn vị:` names somebody, not a unit of measure."""
    words = plain(text)
    return bool(
        re.match(
            r"(?:ubnd|hđnd|ủy ban|hội đồng|sở|ban|chi cục|cục|phòng|xã|phường|thị trấn|thành phố"
            r"|huyện|tỉnh|trường|trung tâm|công an|kho bạc|văn phòng|thanh tra|bảo hiểm|thuế"
            r"|thống kê|ngân hàng|bộ|công ty|bệnh viện|đảng|chi nhánh)\b",
            words,
        )
    )


class _LabelledUnit(NamedTuple):
    """Whom a line `Đơn vị báo cáo: …` names: by code, or in words that nobody is known by."""

    code: str | None
    unknown: str | None


def _labelled_unit(text: str) -> _LabelledUnit | None:
    """None for any other line, also for one of a unit of measure."""
    labelled = _UNIT_LINE.match(plain(text))
    if labelled is None or _is_measure(labelled[1]):
        return None
    # a code in brackets is said in capitals
    code = _CODE.search(clean(text))
    name = labelled[1]
    found = code[1] if code and code[1] in reference.reporting_units() else None
    found = found or unit_named(name)
    if found is None and code:
        found = code[1]
    if found is None and is_organisation(name):
        return _LabelledUnit(None, clean(text).partition(":")[2].strip())
    return _LabelledUnit(found, None)


def _unit(sheet: str, lines: Lines) -> tuple[str | None, list[Remark]]:
    said: list[tuple[str, TitleLine]] = []
    unknown: list[tuple[str, TitleLine]] = []
    block: list[tuple[str, TitleLine]] = []
    for number, (line, words) in enumerate(lines):
        labelled = words.unit
        if labelled is None:
            codes = words.block
            if words.ends_in_prefix:
                codes = _in_block(line.text, _below(line, lines[number + 1 :]))
            block += [(code, line) for code in codes]
        elif labelled.code is not None:
            said.append((labelled.code, line))
        elif labelled.unknown is not None:
            unknown.append((labelled.unknown, line))
    if said:
        first = said[0][0]
        if (other := next((s for s in said if s[0] != first), None)) is not None:
            return first, [_contradiction(sheet, said[0], other)]
        return first, _block_contradictions(sheet, said[0], block)
    if unknown:
        text, line = unknown[0]
        return None, [Remark("unit_name_unknown", sheet, line.row, line.col, (("value", text),))]
    own = [entry for entry in block if entry[0] != reference.province_code()] or block
    named = {code for code, _ in own}
    return (named.pop(), []) if len(named) == 1 else (None, [])


def _block_contradictions(
    sheet: str, said: tuple[str, TitleLine], block: Sequence[tuple[str, TitleLine]]
) -> list[Remark]:
    """A title block that names another unit of the same level is a copy from that unit."""
    units = reference.reporting_units()
    level = units[said[0]].level if said[0] in units else None
    return [
        _contradiction(sheet, said, other)
        for other in block
        if other[0] != said[0] and units[other[0]].level == level
    ][:1]


def _contradiction(sheet: str, one: tuple[str, TitleLine], other: tuple[str, TitleLine]) -> Remark:
    units = reference.reporting_units()
    names = [units[code].name_vi if code in units else code for code in (one[0], other[0])]
    detail = (("named", names[0]), ("sender", names[1]))
    return Remark("unit_contradiction_on_sheet", sheet, other[1].row, other[1].col, detail)


def _pieces(text: str) -> list[str]:
    return [piece for piece in text.split("\n") if piece.strip()]


def _ends_in_prefix(text: str) -> bool:
    """Whether a text ends in `UBND`, so that the one below it says of whom."""
    pieces = _pieces(text)
    return bool(pieces) and _ONLY_PREFIX.match(plain(pieces[-1])) is not None


@lru_cache(maxsize=2**14)
def _in_block(text: str, below: str | None) -> tuple[str, ...]:
    """The units that a text of the title block names by itself, or with the text below it."""
    pieces = _pieces(text)
    if not pieces or len(text) > 200 or _RECIPIENT.match(plain(pieces[0])):
        return ()
    found = []
    for number, piece in enumerate(pieces):
        if _ONLY_PREFIX.match(plain(piece)):
            after = pieces[number + 1] if number + 1 < len(pieces) else below
            if after and (code := unit_named(after)):
                found.append(code)
        elif code := unit_named(piece):
            found.append(code)
    return tuple(found)


def _below(line: TitleLine, below: Lines) -> str | None:
    return next(
        (each.text for each, _ in below if each.col == line.col and 0 < each.row - line.row <= 2),
        None,
    )


# --- the unit of measure --------------------------------------------------------------------------


def _is_measure(text: str) -> bool:
    """Whether what follows `Đơn vị:` is a unit of measure."""
    return _measures(text) is not None


@lru_cache(maxsize=2**12)
def _measures(text: str) -> tuple[str, ...] | None:
    """The units that a text lists (`Triệu đồng, %`); None where one of them is not known."""
    words = plain(text).strip(" .;,:-()")
    if (whole := reference.read_unit(words)) is not None:
        return (whole,)
    found = []
    for piece in re.split(r"\s*(?:;|,(?!\d)|\bvà\b)\s*", words):
        unit = reference.read_unit(piece.strip())
        if unit is None:
            return None
        found.append(unit)
    return tuple(found) or None


def _looks_like_money(text: str) -> bool:
    return bool(
        re.search(r"đồng|dồng|đông\b|dòng|dong\b|vnđ|vnd|usd|\btr\b|\btỷ\b|\btriệu\b", plain(text))
    )


_bases_of: dict[int, tuple[Contract, frozenset[str]]] = {}


def _bases(contract: Contract) -> frozenset[str]:
    """What the columns of a form measure, percentages apart; read once a process."""
    found = _bases_of.get(id(contract))
    if found is None or found[0] is not contract:
        units = reference.units()
        columns = [column for table in contract.tables for column in table.columns]
        codes = {units[column.unit].base_code for column in columns if column.unit is not None}
        found = _bases_of[id(contract)] = contract, frozenset(codes - {"percent"})
    return found[1]


def _said_measure(text: str) -> str | None:
    """What a line gives for the unit of measure; None for a line that is about something else."""
    words = plain(text)
    if "đ" not in words:
        return None  # neither `đơn vị` nor `đvt`
    if labelled := _MEASURE_LINE.match(words):
        return labelled[1]
    unlabelled = _UNIT_LINE.match(words)
    if unlabelled is None or is_organisation(unlabelled[1]):
        return None
    if _measures(unlabelled[1]) is None and not _looks_like_money(unlabelled[1]):
        return None
    return unlabelled[1]


def _measure(
    sheet: str, contract: Contract, lines: Lines
) -> tuple[str | None, tuple[int, int] | None, list[Remark]]:
    """The unit stated above the table, if columns of the form measure in its like, and where."""
    bases = _bases(contract)
    stated: list[tuple[str, TitleLine]] = []
    remarks: list[Remark] = []
    for line, said in lines:
        if said.measure is None:
            continue
        units = _measures(said.measure)
        if units is None:
            if bases & {"vnd", "usd"}:
                value = clean(line.text).partition(":")[2].strip() or clean(line.text)
                remarks.append(
                    Remark("unit_line_unknown", sheet, line.row, line.col, (("value", value),))
                )
            continue
        stated += [(unit, line) for unit in units if reference.units()[unit].base_code in bases]
    distinct = list(dict.fromkeys(unit for unit, _ in stated))
    if len(distinct) > 1:
        names = " và ".join(f"“{reference.units()[unit].name_vi}”" for unit in distinct)
        line = stated[-1][1]
        remarks.append(
            Remark("unit_line_contradiction", sheet, line.row, line.col, (("value", names),))
        )
    if len(distinct) != 1:
        return None, None, remarks
    [(unit, line), *_] = stated
    return unit, (line.row, line.col), remarks


# --- the period -----------------------------------------------------------------------------------

_YEAR = r"((?:19|20)\d\d)"
_DATES = re.compile(
    r"ngày \d{1,2}(?: tháng |/|-|\.)\d{1,2}(?: năm |/|-|\.)\d{4}|\d{1,2}/\d{1,2}/\d{4}"
    r"|\b\d+/\d{4}/\S+|\bsố:? ?\S+/\S+|ngày\s*(?:…|\.\.+)?\s*tháng\s*(?:\d+|…|\.\.+)?\s*năm\s*\d{4}"
)
_NOT_OWN = re.compile(r"(?:so với|so|trước|kể từ|sau|đến hết|đến|cùng kỳ)[^,;()]*")
# what a form is sent by; a title's second line may begin so too: `THEO DỰ ÁN QUÝ I NĂM 2027`
_BASIS = re.compile(
    r"^\(?\s*(?:căn cứ|kèm theo|ban hành|thực hiện theo|áp dụng|theo (?:thông tư|nghị|quyết|luật"
    r"|công|văn bản|chỉ thị|mẫu|biểu|hướng dẫn|quy định|quy chế|yêu cầu|đề nghị|kế hoạch|số|tt|nđ"
    r"|qđ)\b)"
)
_STATED = (
    ("span", re.compile(rf"giai đoạn {_YEAR} ?- ?{_YEAR}")),
    ("school_year", re.compile(rf"năm học {_YEAR} ?- ?{_YEAR}")),
    (
        "months",
        re.compile(rf"(\d{{1,2}}|sáu|chín) tháng(?: đầu)?(?: ?(?:năm|/|-)? ?{_YEAR})"),
    ),
    ("quarter", re.compile(rf"\bquý (iv|i{{1,3}}|[1-4])(?!\w)(?: ?(?:năm|/|-)? ?{_YEAR})?")),
    ("month", re.compile(rf"\b(?:tháng|t) ?(\d{{1,2}})(?!\d)(?: ?(?:năm|/|-|\.)? ?{_YEAR})?")),
    ("year", re.compile(rf"\bnăm(?: báo cáo)?:? ?{_YEAR}")),
)
_WORDS = {"sáu": 6, "chín": 9}


class _Stated(NamedTuple):
    """A period as said: for a form of months 6 is June, for one of quarters the second."""

    kind: str
    number: int | None
    year: int | None
    line: TitleLine | None
    words: str

    def key(self, frequency: str, year: int | None = None) -> str | None:
        """The key for a form of this frequency; None if it is none of its periods."""
        of = self.year or year
        if of is None or not FIRST_YEAR <= of <= LAST_YEAR:
            return None
        number = self.number
        match frequency, self.kind:
            case "month", "month" | "months" if number is not None and 1 <= number <= 12:
                return f"{of}-{number:02d}"
            case "quarter", "quarter":
                return f"{of}-Q{number}"
            case "quarter", "months" if number in (3, 6, 9, 12):
                return f"{of}-Q{(number or 0) // 3}"
            case "year", "year":
                return f"{of}"
            case "year", "months" if number == 12:
                return f"{of}"
        return None


def _stated(text: str) -> tuple[_Stated, ...]:
    """The periods that a text names, wherever it stands: titles come again and again."""
    words = plain(text)
    if _BASIS.match(words):
        return ()
    words = _NOT_OWN.sub(" ", _DATES.sub(" ", words))
    found: list[_Stated] = []
    for kind, pattern in _STATED:
        for match in pattern.finditer(words):
            if kind in ("span", "school_year"):
                continue
            if kind == "year":
                found.append(_Stated(kind, None, int(match[1]), None, match[0]))
                continue
            raw = match[1]
            number = _WORDS.get(raw) or ROMAN.get(raw.upper()) or int(raw)
            year = int(match[2]) if match[2] else None
            found.append(_Stated(kind, number, year, None, match[0].strip()))
        words = pattern.sub(" ", words)
    return tuple(found)


_SHEET_MONTH = re.compile(r"^(?:t|tháng|thang)[ ._-]?(\d{1,2})(?:[ ._/-]?(20\d\d))?$")
_SHEET_QUARTER = re.compile(r"^(?:q|quý|quy|qúy)[ ._-]?(iv|i{1,3}|[1-4])(?:[ ._/-]?(20\d\d))?$")
_SHEET_YEAR = re.compile(r"^(?:năm|nam|n)?[ ._-]?(20\d\d)$")


@lru_cache(maxsize=2**12)
def _stated_by_name(sheet: str) -> _Stated | None:
    """The period that a sheet is named after: `T9.2025`, `Quý II`, `2026`."""
    words = plain(sheet)
    if (match := _SHEET_MONTH.match(words)) and 1 <= int(match[1]) <= 12:
        year = int(match[2]) if match[2] else None
        return _Stated("month", int(match[1]), year, None, sheet)
    if match := _SHEET_QUARTER.match(words):
        number = ROMAN.get(match[1].upper()) or int(match[1])
        return _Stated("quarter", number, int(match[2]) if match[2] else None, None, sheet)
    if match := _SHEET_YEAR.match(words):
        return _Stated("year", None, int(match[1]), None, sheet)
    return None


def _labelled_period(text: str) -> str | None:
    """What a line `Kỳ báo cáo: …` gives; None for any other line."""
    match = _PERIOD_LINE.match(plain(text))
    return match[1] if match else None


def _period(
    sheet: str, contract: Contract, lines: Lines, identity: Identity | None
) -> tuple[str | None, list[Remark]]:
    frequency = contract.reporting.frequency
    explicit = [(said.period, line) for line, said in lines if said.period is not None]
    if frequency not in PERIODIC:
        return _period_of_other_forms(sheet, explicit, lines, identity)
    stated = [each._replace(line=line) for line, said in lines for each in said.stated]
    is_code = plain(sheet) == plain(contract.code_on_paper)
    by_name = None if is_code else _stated_by_name(sheet)
    years = {s.year for s in stated if s.year is not None}
    year = next(iter(years)) if len(years) == 1 else None
    if year is None and by_name is not None and not years:
        year = by_name.year
    if year is None and not years and identity is not None:
        year = period_of(identity.period_key).end.year
    keys: dict[str, _Stated] = {}
    for each in stated:
        if (key := each.key(frequency, year)) is not None:
            keys.setdefault(key, each)
    remarks: list[Remark] = []
    said = [_typed(text, line) for text, line in explicit]
    direct = {key for text, _ in explicit if (key := _direct(text, frequency)) is not None}
    for key in direct:
        keys.setdefault(key, _Stated(frequency, None, None, explicit[0][1], said[0]))
    if explicit and not keys:
        return None, [_unreadable(sheet, contract, said[0], explicit[0][1])]
    if len(keys) > 1:
        one, other = list(keys)[:2]
        return one, [_contradicting(sheet, keys[other].line, _label(one), _label(other))]
    if not keys:
        return _period_elsewhere(sheet, contract, by_name, identity, year)
    [key] = keys
    if year is None and len(years) > 1 and not key.startswith(tuple(map(str, years))):
        remarks.append(_contradicting(sheet, None, _label(key), ", ".join(map(str, sorted(years)))))
    if any(int(key[:4]) != each.year for each in stated if each.year and each.kind == "year"):
        odd = next(e for e in stated if e.kind == "year" and e.year != int(key[:4]))
        remarks.append(_contradicting(sheet, odd.line, _label(key), odd.words))
    if by_name is not None and not _agrees(by_name, key, frequency):
        remarks.append(_contradicting(sheet, None, _label(key), f"tên trang “{sheet}”"))
    return key, remarks


def _period_of_other_forms(
    sheet: str,
    explicit: Sequence[tuple[str, TitleLine]],
    lines: Lines,
    identity: Identity | None,
) -> tuple[str | None, list[Remark]]:
    """Of a form that is sent once, or for a span of years: the labelled line says it, else the
    title block."""
    if not explicit:
        stated = {key for line, _ in lines for key in _whole_periods(line.text)}
        if len(stated) == 1:
            return stated.pop(), []
        if len(stated) > 1:
            one, other = sorted(stated)[:2]
            return one, [_contradicting(sheet, None, _label(one), _label(other))]
        if identity is not None:
            return identity.period_key, []
        return None, [Remark("period_missing", sheet)]
    text, line = explicit[-1]
    key = read_period(text)
    if key is None:
        return None, [_plain_unreadable(sheet, _typed(text, line), line)]
    return key, []


_OWN_PERIOD = re.compile(
    rf"giai đoạn {_YEAR} ?- ?{_YEAR}|năm học {_YEAR} ?- ?{_YEAR}|(?:[69] tháng|quý \S+|tháng \d+)"
    rf"(?: đầu)?(?: năm| ?/)? ?{_YEAR}|năm {_YEAR}(?! ?-)"
)


def _whole_periods(text: str) -> list[str]:
    """The periods that a text of the title block is, or ends with (`…, GIAI ĐOẠN 2021 - 2025`)."""
    words = plain(text).strip(" .,;:()-")
    if _BASIS.match(words):
        return []
    words = _NOT_OWN.sub(" ", _DATES.sub(" ", words))
    found = (read_period(match[0]) for match in _OWN_PERIOD.finditer(words))
    whole = read_period(words)
    return list(dict.fromkeys(key for key in (whole, *found) if key is not None))


def _period_elsewhere(
    sheet: str,
    contract: Contract,
    by_name: _Stated | None,
    identity: Identity | None,
    year: int | None,
) -> tuple[str | None, list[Remark]]:
    """No text above the table names a period of the form: the sheet's name or the identity may."""
    frequency = contract.reporting.frequency
    named = by_name.key(frequency, year) if by_name is not None else None
    if identity is not None:
        if by_name is not None and not _agrees(by_name, identity.period_key, frequency):
            where = f"tên trang “{sheet}”"
            return identity.period_key, [
                _contradicting(sheet, None, _label(identity.period_key), where)
            ]
        return identity.period_key, []
    return (named, []) if named is not None else (None, [Remark("period_missing", sheet)])


def _direct(text: str, frequency: str) -> str | None:
    """The key of a labelled line that is a period key, or words that only `read_period` knows."""
    key = read_period(text)
    if key is None:
        return None
    kind = period_of(key).kind
    if kind == frequency:
        return key
    if frequency == "quarter":
        return {
            "half": f"{key[:4]}-Q2",
            "nine_months": f"{key[:4]}-Q3",
            "year": f"{key[:4]}-Q4",
        }.get(kind if not key.endswith("H2") else "")
    return None


def _agrees(stated: _Stated, key: str, frequency: str) -> bool:
    """Whether a sheet's name fits the period: its own key, its year, or a month of its quarter."""
    period = period_of(key)
    if stated.year is not None and stated.year != period.end.year:
        return False
    if stated.kind == "month" and stated.number is not None:
        return period.start.month <= stated.number <= period.end.month
    if stated.kind == "quarter" and stated.number is not None:
        first, last = 3 * stated.number - 2, 3 * stated.number
        return first <= period.end.month and period.start.month <= last
    return True


def _typed(text: str, line: TitleLine) -> str:
    """What follows the colon, as it was typed."""
    return clean(line.text).partition(":")[2].strip() or text


def _label(key: str) -> str:
    try:
        return period_of(key).label_vi
    except ValueError:
        return key


def _unreadable(sheet: str, contract: Contract, text: str, line: TitleLine) -> Remark:
    key = read_period(text)
    if key is None:
        return _plain_unreadable(sheet, text, line)
    words = {"month": "tháng", "quarter": "quý", "year": "năm"}[contract.reporting.frequency]
    detail = (("value", text), ("form", contract.code_on_paper), ("frequency", words))
    return Remark("period_of_other_kind", sheet, line.row, line.col, detail)


def _plain_unreadable(sheet: str, text: str, line: TitleLine) -> Remark:
    return Remark("period_unreadable", sheet, detail=(("value", text),))


def _contradicting(sheet: str, line: TitleLine | None, one: str, other: str) -> Remark:
    row, col = (line.row, line.col) if line is not None else (None, None)
    return Remark("period_contradiction", sheet, row, col, (("one", one), ("other", other)))


def title_lines(texts: Iterable[tuple[int, int, str]]) -> list[TitleLine]:
    return [TitleLine(row, col, text) for row, col, text in texts]
