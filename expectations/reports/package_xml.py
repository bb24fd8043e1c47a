"""A workbook's package (OOXML) as parts of bytes, and edits of them at byte offsets.

Here belongs what any patch of a package needs: reading and writing the zip, finding tags, changing
attributes, relations, content types, text made fit for XML. Nothing is ever serialised anew: what
an edit does not touch keeps its bytes. Parts come from strangers: `ingest.package` looks at the
file first, and a part that declares a document type or an entity is refused.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from xml.parsers import expat

from ingest.package import Unreadable, look, read_all_parts, refuse_entities

CONTENT_TYPES = "[Content_Types].xml"
RELATIONS_NS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS_NS = "http://schemas.openxmlformats.org/package/2006/relationships"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of parts we add: the same input gives the same bytes


class PackageError(Exception):
    """A package that is not built as it should be: it cannot be patched, only read."""


# --- the zip --------------------------------------------------------------------------------------


@dataclass
class OpenPackage:
    """The inflated parts of a package by name, in their order."""

    parts: dict[str, bytes]
    _entries: dict[str, zipfile.ZipInfo] = field(default_factory=dict)

    def name_of(self, name: str) -> str | None:
        """A part's name as the package spells it: names of parts are the same in any case."""
        if name in self.parts:
            return name
        return next((known for known in self.parts if known.lower() == name.lower()), None)

    def xml(self, name: str) -> bytes:
        """A part in UTF-8. Raises PackageError where there is none."""
        known = self.name_of(name)
        if known is None:
            raise PackageError(f"no part {name}")
        return utf8(self.parts[known])

    def put(self, name: str, part: bytes) -> None:
        self.parts[self.name_of(name) or name] = part

    def remove(self, name: str) -> None:
        """Take a part away with its relations and its content type."""
        for each in (name, relations_name(name)):
            if (known := self.name_of(each)) is not None:
                del self.parts[known]
                _forget_content_type(self, known)

    def new_name(self, pattern: str) -> str:
        """The first free name of a pattern such as `xl/comments{}.xml`."""
        number = 1
        while self.name_of(pattern.format(number)) is not None:
            number += 1
        return pattern.format(number)


def read_package(content: bytes) -> OpenPackage:
    """Raises ingest.package.Unreadable for a file that must not be opened."""
    entries, parts = read_all_parts(look(content))
    return OpenPackage(parts, entries)


def write_package(package: OpenPackage) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in package.parts.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if (known := package._entries.get(name)) is not None:
                entry.date_time = known.date_time
                entry.compress_type = known.compress_type
            archive.writestr(entry, part)
    return out.getvalue()


_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.\-]+)["'][^>]*\?>""")


def utf8(part: bytes) -> bytes:
    """A part of XML in UTF-8 without a byte order mark. Raises PackageError, Unreadable."""
    refuse_entities(part)
    if part[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = part.decode("utf-16", "replace")
        return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).encode()
    part = part.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARED.match(part)
    if declared is None or declared[1].lower() in (b"utf-8", b"us-ascii", b"ascii"):
        return part
    try:
        text = part.decode(declared[1].decode("ascii"))
    except (LookupError, UnicodeError) as error:
        raise PackageError("an encoding that is not known") from error
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).encode()


# --- tags -----------------------------------------------------------------------------------------

_TAG = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")


@dataclass
class Tag:
    """One element: its names, its attributes as written, and where it stands in the part.

    `start` to `end` is the start tag, `close` to `close_end` the end tag (both `end` where there is
    none); `path` are the local names from the root down to it.
    """

    name: str
    prefix: str  # with its colon, or empty
    path: tuple[str, ...]
    attributes: dict[str, str]
    start: int
    end: int
    is_empty: bool
    close: int = -1
    close_end: int = -1

    def get(self, name: str, default: str = "") -> str:
        """An attribute by its name without a prefix."""
        for key, value in self.attributes.items():
            if key.rpartition(":")[2] == name:
                return value
        return default

    def inside(self, part: bytes) -> bytes:
        return part[self.end : self.close]

    def whole(self, part: bytes) -> bytes:
        return part[self.start : self.close_end]


def tag_end(part: bytes, start: int) -> tuple[int, bool]:
    """Where the start tag that begins at `start` ends, and whether it has no content."""
    match = _TAG.match(part, start)
    if match is None:
        raise PackageError("a tag that does not end")
    return match.end(), bool(match[1])


def run_through(
    part: bytes,
    start: Callable[[str, dict[str, str], int], None],
    end: Callable[[str, int], None],
) -> None:
    """Call `start(name, attributes, offset)` and `end(name, offset)` for every element. Raises
    PackageError for what is not well-formed."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: start(
        name, attributes, parser.CurrentByteIndex
    )
    parser.EndElementHandler = lambda name: end(name, parser.CurrentByteIndex)
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise PackageError(str(error)) from error


def _refuse_document_type(*_: object) -> None:
    raise Unreadable("entities")


def tags(part: bytes) -> list[Tag]:
    """Every element of a part in the order of their start tags; not for sheets, which are long."""
    found: list[Tag] = []
    open_tags: list[Tag] = []

    def start(name: str, attributes: dict[str, str], at: int) -> None:
        prefix, colon, local = name.rpartition(":")
        path = (*open_tags[-1].path, local) if open_tags else (local,)
        stop, is_empty = tag_end(part, at)
        tag = Tag(local, prefix + colon, path, attributes, at, stop, is_empty)
        found.append(tag)
        open_tags.append(tag)

    def end(name: str, at: int) -> None:
        tag = open_tags.pop()
        tag.close = tag.end if tag.is_empty else at
        tag.close_end = tag.end if tag.is_empty else part.index(b">", at) + 1

    run_through(part, start, end)
    return found


Edit = tuple[int, int, bytes]  # from, to, what stands there instead


def spliced(part: bytes, edits: Iterable[Edit]) -> bytes:
    """A part with its edits made. They do not overlap; those at one place keep their order."""
    pieces, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        if start < at:
            raise PackageError("edits that overlap")
        pieces += [part[at:start], new]
        at = end
    return b"".join([*pieces, part[at:]])


def added_inside(part: bytes, tag: Tag, xml: bytes) -> Edit:
    """The edit that puts elements at the end of an element."""
    if not tag.is_empty:
        return tag.close, tag.close, xml
    opened = re.sub(rb"\s*/>\Z", b">", part[tag.start : tag.end])
    return tag.start, tag.end, opened + xml + f"</{tag.prefix}{tag.name}>".encode()


def with_attributes(tag: bytes, values: Mapping[str, str | None]) -> bytes:
    """A start tag with attributes set; None takes one away. Names are whole, with a prefix."""
    for name, value in values.items():
        known = re.search(rb"""\s%s\s*=\s*(?:"[^"]*"|'[^']*')""" % re.escape(name.encode()), tag)
        new = b"" if value is None else f' {name}="{xml_attribute(value)}"'.encode()
        if known is not None:
            tag = tag[: known.start()] + new + tag[known.end() :]
        elif new:
            tag = re.sub(rb"\s*(/?>)\Z", lambda end: new + end[1], tag)  # noqa: B023 - used at once
    return tag


# --- text -----------------------------------------------------------------------------------------

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# what turns the direction of writing, and what XML may not hold
_MISLEADING = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_ESCAPED_LETTER = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def shown(text: str, longest: int) -> str:
    """A stranger's text fit to be seen: nothing invisible, nothing that turns the direction of
    writing, and what is too long cut with a note."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _ILLEGAL.sub(lambda found: chr(0x2400 + ord(found[0])), text)
    text = _MISLEADING.sub("\ufffd", text)
    if len(text) > longest:
        cut = f"{len(text) - longest:,}".replace(",", ".")
        text = f"{text[:longest]}… (lược bớt {cut} ký tự)"
    return text


def xml_text(text: str) -> str:
    """Text inside `<t>`: there `_x0041_` would be read as a letter."""
    return _ESCAPED_LETTER.sub("_x005F_", _xml(text))


def xml_attribute(text: str) -> str:
    return _xml(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def _xml(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _ILLEGAL.sub("\ufffd", text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "")


# --- relations ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Relation:
    """One relation of a part; `target` is the name of a part, or what an outside link says."""

    id: str
    kind: str  # the last word of its type: `worksheet`, `comments`, `vmlDrawing`
    target: str
    is_outside: bool


def relations_name(part_name: str) -> str:
    """`xl/workbook.xml` gives `xl/_rels/workbook.xml.rels`; the package itself is ``."""
    folder, name = posixpath.split(part_name)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def relations(package: OpenPackage, part_name: str) -> list[Relation]:
    """The relations of a part, in their order; none where it has none."""
    name = package.name_of(relations_name(part_name))
    if name is None:
        return []
    return [_relation(tag, part_name) for tag in _relation_tags(package.xml(name))]


def _relation_tags(part: bytes) -> list[Tag]:
    return [tag for tag in tags(part) if tag.name == "Relationship"]


def _relation(tag: Tag, part_name: str) -> Relation:
    target = tag.get("Target")
    is_outside = tag.get("TargetMode") == "External"
    if not is_outside:
        folder = posixpath.dirname(part_name)
        path = target if target.startswith("/") else posixpath.join("/", folder, target)
        target = posixpath.normpath(path).lstrip("/")
    return Relation(tag.get("Id"), tag.get("Type").rpartition("/")[2], target, is_outside)


def add_relation(package: OpenPackage, part_name: str, kind: str, target: str) -> str:
    """Relate a part to another one; returns the relation's id."""
    name = package.name_of(relations_name(part_name)) or relations_name(part_name)
    known = {relation.id for relation in relations(package, part_name)}
    number = len(known) + 1
    while f"rId{number}" in known:
        number += 1
    path = posixpath.relpath("/" + target, posixpath.join("/", posixpath.dirname(part_name)))
    if name not in package.parts:
        package.parts[name] = (
            b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            b'<Relationships xmlns="' + PACKAGE_RELATIONS_NS.encode() + b'"></Relationships>'
        )
    part = package.xml(name)
    root = tags(part)[0]
    xml = (
        f'<{root.prefix}Relationship Id="rId{number}" Type="{RELATIONS_NS}/{kind}"'
        f' Target="{xml_attribute(path)}"/>'
    )
    package.parts[name] = spliced(part, [added_inside(part, root, xml.encode())])
    return f"rId{number}"


def remove_relations(package: OpenPackage, part_name: str, ids: Iterable[str]) -> None:
    """Take relations of a part away; the parts that they name stay."""
    name, gone = package.name_of(relations_name(part_name)), set(ids)
    if name is None or not gone:
        return
    part = package.xml(name)
    edits = [
        (tag.start, tag.close_end, b"") for tag in _relation_tags(part) if tag.get("Id") in gone
    ]
    package.parts[name] = spliced(part, edits)


# --- content types --------------------------------------------------------------------------------


def content_type(package: OpenPackage, part_name: str) -> str:
    """The content type of a part; '' where it has none."""
    extension = part_name.rpartition(".")[2].lower()
    of_extension = ""
    for tag in tags(package.xml(CONTENT_TYPES)):
        if tag.name == "Override":
            if tag.get("PartName").lstrip("/").lower() == part_name.lower():
                return tag.get("ContentType")
        elif tag.name == "Default" and tag.get("Extension").lower() == extension:
            of_extension = tag.get("ContentType")
    return of_extension


def add_content_type(package: OpenPackage, part_name: str, kind: str) -> None:
    """Say what a new part is, unless the package says so already."""
    if content_type(package, part_name) == kind:
        return
    name = package.name_of(CONTENT_TYPES) or CONTENT_TYPES
    part = package.xml(name)
    root = tags(part)[0]
    xml = (
        f'<{root.prefix}Override PartName="/{xml_attribute(part_name)}"'
        f' ContentType="{xml_attribute(kind)}"/>'
    )
    package.parts[name] = spliced(part, [added_inside(part, root, xml.encode())])


def add_default_type(package: OpenPackage, extension: str, kind: str) -> None:
    """Say what parts with an extension are. Defaults stand before all overrides."""
    name = package.name_of(CONTENT_TYPES) or CONTENT_TYPES
    part = package.xml(name)
    root, *entries = tags(part)
    if any(t.name == "Default" and t.get("Extension").lower() == extension for t in entries):
        return
    xml = f'<{root.prefix}Default Extension="{extension}" ContentType="{kind}"/>'.encode()
    if root.is_empty:
        package.parts[name] = spliced(part, [added_inside(part, root, xml)])
    else:
        package.parts[name] = spliced(part, [(root.end, root.end, xml)])


def _forget_content_type(package: OpenPackage, part_name: str) -> None:
    name = package.name_of(CONTENT_TYPES)
    if name is None:
        return
    part = package.xml(name)
    edits = [
        (tag.start, tag.close_end, b"")
        for tag in tags(part)
        if tag.name == "Override" and tag.get("PartName").lstrip("/").lower() == part_name.lower()
    ]
    if edits:
        package.parts[name] = spliced(part, edits)
