"""Comments on the cells of a worksheet: the part with the words, the drawing with the boxes.

Ours begin with the warehouse's name (`SIGN`): by that they are known again, also after another
program saved the file. A cell that has somebody else's comment keeps it and gets none of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from expectations.numbers import cell_address
from expectations.reports.package_xml import (
    OpenPackage,
    PackageError,
    Tag,
    add_content_type,
    add_default_type,
    add_relation,
    added_inside,
    relations,
    spliced,
    tags,
    xml_text,
)
from expectations.reports.sheet_xml import Place, Scan, corner, place_of

SIGN = "Kho Xứ Lạng – "
AUTHOR = "Kho Xứ Lạng"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
BOX_WIDTH = 330  # pixels
_LINE_HEIGHT, _LINE_LENGTH = 17, 46
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384


@dataclass(frozen=True)
class Comment:
    """A heading that begins with SIGN, and what follows it line by line."""

    heading: str
    text: str


@dataclass
class SheetComments:
    """The comments of one sheet: where its parts are, which cells have somebody else's comment,
    which have ours, and whether more can be added (another program may draw boxes in a way that
    cannot be added to)."""

    sheet_part: str
    part_name: str | None
    drawing_name: str | None
    others: set[Place]
    ours: set[Place]
    is_open: bool = True


def comments_of(package: OpenPackage, sheet_part: str, drawing_id: str | None) -> SheetComments:
    """What a sheet has of comments. Raises PackageError."""
    names: dict[str, str] = {}
    for relation in relations(package, sheet_part):
        if relation.is_outside:
            continue
        if relation.kind == "comments":
            names["comments"] = relation.target
        elif relation.kind == "vmlDrawing" and relation.id == drawing_id:
            names["drawing"] = relation.target
    part_name = package.name_of(names["comments"]) if "comments" in names else None
    drawing_name = package.name_of(names["drawing"]) if "drawing" in names else None
    found = SheetComments(sheet_part, part_name, drawing_name, set(), set())
    if drawing_id is not None:
        found.is_open = drawing_name is not None and _is_open(package.parts[drawing_name])
    if part_name is not None:
        part = package.xml(part_name)
        for comment, text in _comments(part):
            place = place_of(comment.get("ref"))
            if place is not None:
                (found.ours if text.startswith(SIGN) else found.others).add(place)
    return found


def _is_open(drawing: bytes) -> bool:
    prefixes = (b"xmlns:v=", b"xmlns:o=", b"xmlns:x=")
    return b"</xml>" in drawing and all(prefix in drawing for prefix in prefixes)


def _comments(part: bytes) -> list[tuple[Tag, str]]:
    """Every comment with its text."""
    found: list[tuple[Tag, str]] = []
    for tag in tags(part):
        if tag.name == "comment" and tag.path[-2:] == ("commentList", "comment"):
            found.append((tag, ""))
        elif tag.name == "t" and found and not tag.is_empty and "rPh" not in tag.path:
            comment, text = found[-1]
            words = _unescaped(tag.inside(part).decode("utf-8", "replace"))
            found[-1] = (comment, text + words)
    return found


def _unescaped(text: str) -> str:
    import html

    return html.unescape(text)


def remove_ours(package: OpenPackage, found: SheetComments) -> None:
    """Take our comments and their boxes away."""
    if found.part_name is None or not found.ours:
        return
    part = package.xml(found.part_name)
    gone = [tag for tag, text in _comments(part) if text.startswith(SIGN)]
    package.parts[found.part_name] = spliced(
        part, [(tag.start, tag.close_end, b"") for tag in gone]
    )
    if found.drawing_name is not None:
        drawing = package.parts[found.drawing_name]
        package.parts[found.drawing_name] = _SHAPE.sub(
            lambda shape: b"" if _note_place(shape[0]) in found.ours else shape[0], drawing
        )
    found.ours = set()


_SHAPE = re.compile(rb"<v:shape\s(?:(?!</v:shape>).)*</v:shape>\s*", re.DOTALL)
_AT = re.compile(rb"<x:(Row|Column)>\s*(\d{1,7})\s*</x:")


def _note_place(shape: bytes) -> Place | None:
    at = {name: int(number) + 1 for name, number in _AT.findall(shape)}
    if b"Note" not in shape or len(at) != 2:
        return None
    return at[b"Row"], at[b"Column"]


def add_comments(
    package: OpenPackage,
    found: SheetComments,
    scan: Scan,
    comments: Mapping[Place, Comment],
) -> str | None:
    """Hang comments on cells; returns the id of the drawing's relation where the sheet must be
    given one. Cells with somebody else's comment are left out, and all where `found` is not
    open: the caller says so."""
    comments = {place: words for place, words in comments.items() if place not in found.others}
    if not comments or not found.is_open:
        return None
    _add_words(package, found, comments)
    return _add_boxes(package, found, scan, sorted(comments), comments)


def _add_words(
    package: OpenPackage, found: SheetComments, comments: Mapping[Place, Comment]
) -> None:
    if found.part_name is None:
        name = package.new_name("xl/comments_kho{}.xml")
        package.parts[name] = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            f'<comments xmlns="{_MAIN}"><authors></authors><commentList></commentList></comments>'
        ).encode()
        add_relation(package, found.sheet_part, "comments", name)
        add_content_type(package, name, _TYPE)
        found.part_name = name
    part = package.xml(found.part_name)
    known = tags(part)
    authors = next((tag for tag in known if tag.name == "authors"), None)
    listed = next((tag for tag in known if tag.name == "commentList"), None)
    if authors is None or listed is None:
        raise PackageError("comments without a list")
    names = [tag for tag in known if tag.name == "author"]
    texts = [_unescaped(tag.inside(part).decode("utf-8", "replace")) for tag in names]
    prefix = known[0].prefix
    edits = []
    if AUTHOR in texts:
        author = texts.index(AUTHOR)
    else:
        author = len(texts)
        xml = f"<{prefix}author>{AUTHOR}</{prefix}author>".encode()
        edits.append(added_inside(part, authors, xml))
    words = "".join(
        _comment_xml(prefix, cell_address(*place), author, comment)
        for place, comment in sorted(comments.items())
    )
    edits.append(added_inside(part, listed, words.encode()))
    package.parts[found.part_name] = spliced(part, edits)


def _comment_xml(prefix: str, address: str, author: int, comment: Comment) -> str:
    p = prefix
    font = f'<{p}sz val="10"/><{p}rFont val="Times New Roman"/><{p}family val="1"/>'
    return (
        f'<{p}comment ref="{address}" authorId="{author}"><{p}text>'
        f"<{p}r><{p}rPr><{p}b/>{font}</{p}rPr>"
        f'<{p}t xml:space="preserve">{xml_text(comment.heading)}\n</{p}t></{p}r>'
        f"<{p}r><{p}rPr>{font}</{p}rPr>"
        f'<{p}t xml:space="preserve">{xml_text(comment.text)}</{p}t></{p}r>'
        f"</{p}text></{p}comment>"
    )


_SHAPE_TYPE = (
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    b' path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    b'<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_NEW_DRAWING = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml"'
    b' xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data="1"/></o:shapelayout></xml>'
)


def _add_boxes(
    package: OpenPackage,
    found: SheetComments,
    scan: Scan,
    places: Iterable[Place],
    comments: Mapping[Place, Comment],
) -> str | None:
    relation_id = None
    if found.drawing_name is None:
        name = package.new_name("xl/drawings/vmlDrawing_kho{}.vml")
        package.parts[name] = _NEW_DRAWING
        add_default_type(package, "vml", _VML_TYPE)
        add_content_type(package, name, _VML_TYPE)
        relation_id = add_relation(package, found.sheet_part, "vmlDrawing", name)
        found.drawing_name = name
    drawing = package.parts[found.drawing_name]
    end = drawing.rfind(b"</xml>")
    numbers = [int(n) for n in re.findall(rb"_x0000_s(\d{1,9})", drawing)]
    number = max([1024, *numbers])
    shapes = []
    if b'id="_x0000_t202"' not in drawing:
        shapes.append(_SHAPE_TYPE)
    for order, place in enumerate(places, start=1):
        shapes.append(_shape(number + order, place, scan, comments[place]))
    package.parts[found.drawing_name] = drawing[:end] + b"".join(shapes) + drawing[end:]
    return relation_id


def _shape(number: int, place: Place, scan: Scan, comment: Comment) -> bytes:
    row, column = place
    lines = sum(1 + len(line) // _LINE_LENGTH for line in comment.text.split("\n")) + 2
    height = min(lines * _LINE_HEIGHT, 620)

    def row_pixels(number: int) -> float:
        return max(scan.height(number) * 4 / 3, 1)

    def column_pixels(number: int) -> float:
        return scan.width(number) * 7 + 5 if scan.width(number) else 0

    left, top = min(column + 1, _LAST_COLUMN), max(row - 1, 1)
    right, right_px = corner(column_pixels, left, BOX_WIDTH + 12, _LAST_COLUMN)
    bottom, bottom_px = corner(row_pixels, top, height + 6, _LAST_ROW)
    anchor = f"{left - 1}, 12, {top - 1}, 6, {right}, {right_px}, {bottom}, {bottom_px}"
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;'
        f'width:{BOX_WIDTH * 3 // 4}pt;height:{height * 3 // 4}pt;z-index:1;visibility:hidden"'
        ' fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{row - 1}</x:Row><x:Column>{column - 1}</x:Column></x:ClientData></v:shape>"
    ).encode()
