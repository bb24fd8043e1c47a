"""How the words on a sheet are compared with the words of a contract.

Officials write one label in many ways: other capitals, line breaks, a footnote mark, the unit in
brackets, `hoá` for `hóa`, the year of the report in a header. A key is what stays the
same. Accents are never removed: "dòng" is a row, "đồng" is money.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ingest import reference
from ingest.normalise import clean
from ingest.period import ROMAN

PERIOD = "«kỳ»"

_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "“": '"', "”": '"'})
# both places of the tone are right: hoá and hóa, thuỷ and thủy (never after q: quý)
_TONE_PLACES = {
    old: new
    for olds, news in (
        (("oà", "oá", "oả", "oã", "oạ"), ("òa", "óa", "ỏa", "õa", "ọa")),
        (("oè", "oé", "oẻ", "oẽ", "oẹ"), ("òe", "óe", "ỏe", "õe", "ọe")),
        (("uỳ", "uý", "uỷ", "uỹ", "uỵ"), ("ùy", "úy", "ủy", "ũy", "ụy")),
    )
    for old, new in zip(olds, news, strict=True)
}
_TONE_PLACE = re.compile(rf"(?<!q)(?:{'|'.join(_TONE_PLACES)})(?!\w)")
_SPELLINGS = ((re.compile(r"\bquí\b"), "quý"), (re.compile(r"\btỉ (?=đồng|lệ|usd|trọng)"), "tỷ "))
# one mark of a footnote at the end of clean words; of many, one is taken off at a time: a pattern
# of any number of them takes for ever to find that a line of asterisks ends in something else
_FOOTNOTE = re.compile(r" ?(?:\( ?(?:\d{1,2}|\*{1,3}|[a-z]) ?\)|\[\d{1,2}\]|[¹²³⁴⁵⁶⁷⁸⁹⁰]|\*)\Z")
_LONGEST_FOOTNOTE = 8
_END = " .:;,"
_ENUMERATOR = re.compile(
    r"^(?:(?:[ivx]{1,5}|[a-zđ]|\d{1,4}(?:\.\d{1,2}){0,3})\s*[.)/-]\s*|[-+*•]\s*[.)]?\s*|\d{1,2}\s+(?=\D))+"
)


# `Trong đó: vốn NSNN`
_AMONG = re.compile(r"^trong đó\s*[:,-]?\s*(?:[-+]\s*)?(?=\S)")


@lru_cache(maxsize=2**16)
def plain(text: str) -> str:
    """Clean, case-folded; dashes, tone places and a few spellings in one form."""
    words = clean(text).casefold().translate(_DASHES)
    if words.isascii():
        return words
    for pattern, spelling in _SPELLINGS:
        words = pattern.sub(spelling, words)
    return _TONE_PLACE.sub(lambda match: _TONE_PLACES[match[0]], words)


@lru_cache(maxsize=2**16)
def label_key(text: str) -> str:
    """A line's label without footnote marks and a closing colon."""
    words = plain(text).rstrip(_END)
    end = len(words)
    while mark := _FOOTNOTE.search(words[max(end - _LONGEST_FOOTNOTE, 0) : end]):
        end -= len(mark[0])
    return words[:end].rstrip(_END) or words


@lru_cache(maxsize=2**16)
def bare_key(text: str) -> str:
    """A line's label also without what numbers it: `1. `, `a) `, `- `."""
    words = label_key(text)
    return _AMONG.sub("", _ENUMERATOR.sub("", words)) or words


@dataclass(frozen=True)
class Mention:
    """A period that a header names: `year` or `number` may be missing."""

    kind: str  # month | quarter | half | nine_months | year
    number: int | None
    year: int | None

    def fits(self, key: str) -> bool:
        """Whether a period's key can be what is meant (a quarter's form says 6 tháng too)."""
        match = re.fullmatch(r"(\d{4})(?:-(?:Q(\d)|H(\d)|(9M)|(\d\d)))?(?:-[AB])?", key)
        if match is None:
            return False
        if self.year is not None and int(match[1]) != self.year:
            return False
        quarter, half, nine, month = match[2], match[3], match[4], match[5]
        match self.kind:
            case "year":
                return True
            case "quarter":
                return quarter is not None and int(quarter) == self.number
            case "month":
                return month is not None and int(month) == self.number
            case "half":
                return quarter == "2" or half == "1" or month == "06"
            case _:
                return quarter == "3" or nine is not None or month == "09"


_YEAR = r"(?:(?:19|20)\d\d)"
_OF_YEAR = rf"(?: ?(?:/|-|năm) ?({_YEAR}))?"
_PERIODS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("generic", re.compile(r"quý \(6 tháng, (?:9 tháng, )?năm\)")),
    ("half", re.compile(rf"(?:6|sáu) tháng(?: đầu)?(?: ?(?:/|năm) ?({_YEAR}))")),
    ("nine_months", re.compile(rf"(?:9|chín) tháng(?: đầu)?(?: ?(?:/|năm) ?({_YEAR}))")),
    ("quarter", re.compile(rf"quý (iv|i{{1,3}}|[1-4])(?!\w){_OF_YEAR}")),
    ("month", re.compile(rf"tháng (1[0-2]|0?[1-9])(?![\d/]*\d){_OF_YEAR}")),
    ("month", re.compile(rf"tháng (1[0-2]|0?[1-9]) ?[/-] ?({_YEAR})")),
    ("generic", re.compile(r"(?:tháng|quý|kỳ) báo cáo")),
    ("year", re.compile(rf"năm ({_YEAR})")),
)


@dataclass(frozen=True)
class Header:
    """One header text: its `words`, `exact` without footnote marks and, in the words of any
    report, `key`; the unit it names."""

    words: str
    exact: str
    key: str
    unit: str | None
    mention: Mention | None
    has_year: bool


_BRACKETS = re.compile(r"\(([^()]{1,30})\)\s*$")
_PERCENT_TAIL = re.compile(r"\s*\(%\)$|\s*%$")


@lru_cache(maxsize=2**15)
def header(text: str) -> Header:
    """Read a header's text. A unit in brackets at its end is taken out of the key, a period that
    it names stands in the key as PERIOD."""
    typed, exact = plain(text), label_key(text)
    words, unit = exact, None
    if bracket := _BRACKETS.search(words):
        unit = reference.read_unit(bracket[1].removeprefix("đvt:").strip())
        if unit is not None:
            words = words[: bracket.start()].rstrip(_END) or words
    mention: Mention | None = None
    for kind, pattern in _PERIODS:
        if (match := pattern.search(words)) is None:
            continue
        replacement = "năm" if kind == "year" else PERIOD
        words = words[: match.start()] + replacement + words[match.end() :]
        if kind != "generic":
            mention = mention or _mention(kind, match)
        break
    words = re.sub(r"\s*\(\s*(?:\d+\s*=\s*)?[\d+\-*/ ]+\)$", "", words)
    words = re.sub(r"\s*/\s*", "/", words)
    return Header(
        typed, exact, words.rstrip(_END), unit, mention, bool(re.search(rf"\b{_YEAR}\b", exact))
    )


def _mention(kind: str, match: re.Match[str]) -> Mention:
    if kind in ("half", "nine_months", "year"):
        return Mention(kind, None, int(match[1]))
    number = ROMAN.get(match[1].upper()) or int(match[1])
    return Mention(kind, number, int(match[2]) if match[2] else None)
