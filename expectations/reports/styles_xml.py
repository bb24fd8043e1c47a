"""The styles of a workbook's package: new cell formats appended, none of its own changed.

A marked cell gets a copy of its own format with another fill, so that its number format, borders,
font, alignment and lock stay. Our fills are known by their colours, and what stood there before is
kept as data (`Fill`), since every program that saves the file numbers its formats anew.
"""

from __future__ import annotations

import re
from typing import Any

from expectations.reports.package_xml import (
    PackageError,
    Tag,
    added_inside,
    spliced,
    tags,
    with_attributes,
    xml_attribute,
)

COLOURS = {"error": "FFF4A6A0", "warning": "FFA9CBEE"}
"""Severity -> the fill of its cells; none of the colours that templates use."""

Fill = list[Any]
"""A fill as [name, attributes, children], without namespaces; [] is no fill."""

NO_FILL: Fill = ["fill", {}, [["patternFill", {"patternType": "none"}, []]]]
_ORDER = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs",
          "tableStyles", "colors", "extLst")  # fmt: skip
_FIRST = {
    "fonts": '<{0}font><{0}sz val="11"/><{0}name val="Calibri"/></{0}font>',
    "fills": '<{0}fill><{0}patternFill patternType="none"/></{0}fill>'
    '<{0}fill><{0}patternFill patternType="gray125"/></{0}fill>',
    "borders": "<{0}border><{0}left/><{0}right/><{0}top/><{0}bottom/><{0}diagonal/></{0}border>",
    "cellXfs": '<{0}xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>',
}
_FILL_TAGS = {"fill", "patternFill", "fgColor", "bgColor", "gradientFill", "stop", "color"}
_FILL_ATTRIBUTES = {"patternType", "rgb", "theme", "indexed", "tint", "auto", "type", "degree",
                    "left", "right", "top", "bottom", "position"}  # fmt: skip
_FILL_VALUE = re.compile(r"[\w.+\-]{1,32}")
MAX_FORMATS = 60_000  # Excel takes a little more than that


class Styles:
    """The part `xl/styles.xml`, and what is appended to it."""

    def __init__(self, part: bytes) -> None:
        self._part = part
        self._tags = tags(part)
        self._prefix = self._tags[0].prefix
        self._items: dict[str, list[bytes]] = {}
        self._known: dict[str, int] = {}
        for name in _FIRST:
            self._items[name] = [
                t.whole(part) for t in self._tags if len(t.path) == 3 and t.path[1] == name
            ]
            self._known[name] = len(self._items[name])
            if not self._items[name]:
                self._items[name].append(_FIRST[name].format(self._prefix).encode())
        if len(self._items["cellXfs"]) > MAX_FORMATS:
            raise PackageError("too many formats")
        self._fills: dict[int, Fill] = {}

    def render(self) -> bytes:
        """The part with everything that was appended."""
        edits = []
        for name, items in self._items.items():
            new = b"".join(items[self._known[name] :])
            if not new:
                continue
            tag = next((t for t in self._tags if t.path[1:] == (name,)), None)
            if tag is None:
                whole = f'<{self._prefix}{name} count="{len(items)}">'.encode() + new
                whole += f"</{self._prefix}{name}>".encode()
                at = self._place_of(name)
                edits.append((at, at, whole))
                continue
            start = with_attributes(self._part[tag.start : tag.end], {"count": str(len(items))})
            if tag.is_empty:
                shut = Tag(tag.name, tag.prefix, (), {}, 0, len(start), True)
                start = spliced(start, [added_inside(start, shut, new)])
            else:
                edits.append((tag.close, tag.close, new))
            edits.append((tag.start, tag.end, start))
        return spliced(self._part, edits)

    def _place_of(self, name: str) -> int:
        after = set(_ORDER[_ORDER.index(name) + 1 :])
        root = self._tags[0]
        if root.is_empty:
            raise PackageError("styles without any")
        return next(
            (t.start for t in self._tags if len(t.path) == 2 and t.name in after), root.close
        )

    def add(self, kind: str, xml: str) -> int:
        """The number of a font, border, fill or format (kind: the collection), appended if new.
        The namespace's prefix stands as `{0}` in it."""
        return self._number(kind, xml.format(self._prefix).encode())

    def _number(self, kind: str, item: bytes) -> int:
        items = self._items[kind]
        if item not in items:
            items.append(item)
        return items.index(item)

    # --- fills ------------------------------------------------------------------------------------

    def fill_of(self, style: int) -> Fill:
        """The fill of a cell format."""
        number = self._attribute(self._format(style), "fillId")
        if number not in self._fills:
            fills = self._items["fills"]
            self._fills[number] = _fill(fills[number], self._prefix) if number < len(fills) else []
        return self._fills[number]

    def marks(self) -> dict[int, str]:
        """The cell formats whose fill is one of ours: format -> severity."""
        ours = {colour: severity for severity, colour in COLOURS.items()}
        found = {}
        for number in range(len(self._items["cellXfs"])):
            colour = _solid_colour(self.fill_of(number))
            if colour in ours:
                found[number] = ours[colour]
        return found

    def marked(self, style: int, severity: str) -> int:
        """A cell format like another one, filled with the colour of a severity."""
        colour = COLOURS[severity]
        pattern = ["patternFill", {"patternType": "solid"}, [["fgColor", {"rgb": colour}, []]]]
        return self.filled(style, ["fill", {}, [pattern]])

    def filled(self, style: int, fill: Fill) -> int:
        """A cell format like another one with another fill."""
        number = next(
            (n for n in range(len(self._items["fills"])) if self._fill_numbered(n) == fill), None
        )
        if number is None:
            number = self._number("fills", _fill_xml(fill, self._prefix).encode())
        base = self._format(style)
        end = base.index(b">") + 1
        start = with_attributes(base[:end], {"fillId": str(number), "applyFill": "1"})
        return self._number("cellXfs", start + base[end:])

    def _fill_numbered(self, number: int) -> Fill:
        if number not in self._fills:
            self._fills[number] = _fill(self._items["fills"][number], self._prefix)
        return self._fills[number]

    def _format(self, style: int) -> bytes:
        formats = self._items["cellXfs"]
        return formats[style] if 0 <= style < len(formats) else formats[0]

    @staticmethod
    def _attribute(xf: bytes, name: str) -> int:
        found = re.search(rb"\s%s\s*=\s*[\"'](\d{1,6})[\"']" % name.encode(), xf)
        return int(found[1]) if found else 0


def _fill(xml: bytes, prefix: str) -> Fill:
    """A fill as data. Of an extension that we do not know nothing is kept."""
    declared = f'<z xmlns{":" + prefix[:-1] if prefix else ""}="urn:z">'.encode()
    stack: list[Fill] = [["", {}, []]]
    known: list[Tag] = tags(declared + xml + b"</z>")[1:]
    for tag in known:
        if not set(tag.path[1:]) <= _FILL_TAGS:
            continue
        depth = len(tag.path) - 1
        if depth > len(stack):
            continue
        attributes = {
            key: value
            for key, value in tag.attributes.items()
            if key in _FILL_ATTRIBUTES and _FILL_VALUE.fullmatch(value)
        }
        node: Fill = [tag.name, attributes, []]
        del stack[depth:]
        stack[-1][2].append(node)
        stack.append(node)
    children = stack[0][2]
    return children[0] if children else []


def checked_fill(value: object) -> Fill:
    """A fill that came back in a file, made of nothing but what a fill is made of; else no fill."""
    return _checked(value, 0) or NO_FILL


def _checked(value: object, depth: int) -> Fill:
    if depth > 4 or not isinstance(value, list) or len(value) != 3:
        return []
    name, attributes, children = value
    if name not in _FILL_TAGS or not isinstance(attributes, dict) or not isinstance(children, list):
        return []
    kept = {
        key: text
        for key, text in attributes.items()
        if key in _FILL_ATTRIBUTES and isinstance(text, str) and _FILL_VALUE.fullmatch(text)
    }
    return [name, kept, [c for child in children[:16] if (c := _checked(child, depth + 1))]]


def _fill_xml(fill: Fill, prefix: str) -> str:
    if not fill:
        return _fill_xml(NO_FILL, prefix)
    name, attributes, children = fill
    written = "".join(f' {key}="{xml_attribute(text)}"' for key, text in attributes.items())
    inner = "".join(_fill_xml(child, prefix) for child in children)
    return f"<{prefix}{name}{written}>{inner}</{prefix}{name}>"


def _solid_colour(fill: Fill) -> str | None:
    if not fill or not fill[2]:
        return None
    name, attributes, children = fill[2][0]
    if name != "patternFill" or attributes.get("patternType") != "solid":
        return None
    return next((str(c[1].get("rgb", "")).upper() for c in children if c[0] == "fgColor"), None)
