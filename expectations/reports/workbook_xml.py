"""The workbook part of a package: sheets added and taken away, and all that counts them.

A sheet put first moves every other one by a place: names that belong to a sheet (`localSheetId`),
the tab that is shown, and the titles in the file's properties have to follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from expectations.reports.package_xml import (
    RELATIONS_NS,
    Edit,
    OpenPackage,
    PackageError,
    Tag,
    add_content_type,
    add_relation,
    added_inside,
    content_type,
    relations,
    remove_relations,
    spliced,
    tags,
    with_attributes,
    xml_attribute,
)

_STRICT = b"http://purl.oclc.org/ooxml/"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_NO_STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{_MAIN}">'
    "</styleSheet>"
)
_EXTENSIONS = {
    "application/vnd.ms-excel.sheet.macroEnabled.main+xml": ".xlsm",
    "application/vnd.ms-excel.template.macroEnabled.main+xml": ".xltm",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml": ".xltx",
}
_LONGEST_NAME = 31


class Book:
    """The workbook of a package. Sheets are named as the workbook names them."""

    def __init__(self, package: OpenPackage) -> None:
        self._package = package
        main = [r for r in relations(package, "") if r.kind == "officeDocument"]
        name = package.name_of(main[0].target) if main else None
        if name is None:
            raise PackageError("no workbook")
        self.name = name
        self._root_relations = relations(package, "")

    @property
    def is_strict(self) -> bool:
        """Whether it is written in the strict form of the standard, which has other names."""
        return _STRICT in self._package.parts[self.name][:4096]

    @property
    def extension(self) -> str:
        return _EXTENSIONS.get(content_type(self._package, self.name), ".xlsx")

    def worksheets(self) -> dict[str, str]:
        """Every worksheet's name and part, in order; no sheets of charts, dialogs or macros."""
        targets = {r.id: r.target for r in relations(self._package, self.name)
                   if r.kind == "worksheet" and not r.is_outside}  # fmt: skip
        found = {}
        for tag in self._sheet_tags():
            part = self._package.name_of(targets.get(_relation_id(tag), "?"))
            if part is not None:
                found[tag.get("name")] = part
        return found

    def is_hidden(self, sheet: str) -> bool:
        return any(
            tag.get("name") == sheet and tag.get("state", "visible") != "visible"
            for tag in self._sheet_tags()
        )

    def _sheet_tags(self) -> list[Tag]:
        return [tag for tag in self._tags() if tag.path[1:] == ("sheets", "sheet")]

    def _tags(self) -> list[Tag]:
        return tags(self._package.xml(self.name))

    # --- styles -----------------------------------------------------------------------------------

    def styles(self) -> bytes:
        name = self._styles_name()
        return self._package.xml(name) if name is not None else _NO_STYLES.encode()

    def _styles_name(self) -> str | None:
        found = [r.target for r in relations(self._package, self.name) if r.kind == "styles"]
        return self._package.name_of(found[0]) if found else None

    def put_styles(self, part: bytes) -> None:
        name = self._styles_name()
        if name is None:
            name = self._package.new_name("xl/styles_kho{}.xml")
            add_relation(self._package, self.name, "styles", name)
            add_content_type(self._package, name, _STYLES_TYPE)
        self._package.parts[name] = part

    # --- what a changed file cannot keep ----------------------------------------------------------

    def remove_signatures(self) -> bool:
        """Signatures of the package; those of macros sign the macros only and stay."""
        origins = [r for r in relations(self._package, "") if "digital-signature" in r.kind
                   or r.target.startswith("_xmlsignatures/")]  # fmt: skip
        signed = [n for n in self._package.parts if n.lower().startswith("_xmlsignatures/")]
        remove_relations(self._package, "", [r.id for r in origins])
        for name in signed:
            self._package.remove(name)
        return bool(signed)

    def remove_revisions(self) -> bool:
        """The history of a shared workbook counts its sheets."""
        found = [r for r in relations(self._package, self.name)
                 if r.kind in ("revisionHeaders", "usernames")]  # fmt: skip
        for relation in found:
            for log in relations(self._package, relation.target):
                if not log.is_outside:
                    self._package.remove(log.target)
            self._package.remove(relation.target)
        remove_relations(self._package, self.name, [r.id for r in found])
        return bool(found)

    # --- sheets -----------------------------------------------------------------------------------

    def remove_sheets(self, names: Iterable[str]) -> None:
        """Take sheets away with their parts. Raises PackageError if none that is seen is left."""
        gone = set(names)
        if not gone:
            return
        part, known = self._package.xml(self.name), self._tags()
        sheets = [tag for tag in known if tag.path[1:] == ("sheets", "sheet")]
        kept = [place for place, tag in enumerate(sheets) if tag.get("name") not in gone]
        edits: list[Edit] = [
            (tag.start, tag.close_end, b"") for tag in sheets if tag.get("name") in gone
        ]
        edits += _renumbered(part, known, {old: new for new, old in enumerate(kept)})
        targets = {r.id: r.target for r in relations(self._package, self.name)}
        ids = [_relation_id(tag) for tag in sheets if tag.get("name") in gone]
        self._package.put(self.name, spliced(part, edits))
        remove_relations(self._package, self.name, ids)
        has_formulas = False
        for identity in ids:
            name = self._package.name_of(targets.get(identity, "?"))
            if name is None:
                continue
            has_formulas |= re.search(rb"<(?:\w+:)?f[\s>]", self._package.parts[name]) is not None
            for relation in relations(self._package, name):
                if relation.kind in ("comments", "vmlDrawing", "printerSettings"):
                    self._package.remove(relation.target)
            self._package.remove(name)
        if has_formulas:  # the chain of calculation names them; a program makes a new one
            chains = [r for r in relations(self._package, self.name) if r.kind == "calcChain"]
            remove_relations(self._package, self.name, [r.id for r in chains])
            for chain in chains:
                self._package.remove(chain.target)

    def add_first_sheet(self, title: str, sheet: bytes) -> None:
        """Put a sheet before all others, and show it."""
        self._add(title, sheet, "")
        part, known = self._package.xml(self.name), self._tags()
        listed = [tag for tag in known if tag.path[1:] == ("sheets", "sheet")]
        own = listed[-1]
        edits: list[Edit] = [(own.start, own.close_end, b"")]
        edits.append((listed[0].start, listed[0].start, own.whole(part)))
        count = len(listed) - 1
        edits += _renumbered(part, known, {old: old + 1 for old in range(count)})
        for tag in known:
            if tag.path[1:] == ("bookViews", "workbookView"):
                first = {"activeTab": "0", "firstSheet": "0"}
                edits.append(
                    (tag.start, tag.end, with_attributes(part[tag.start : tag.end], first))
                )
        if len(listed) > 1:
            self._package.put(self.name, spliced(part, edits))

    def add_hidden_sheet(self, title: str, sheet: bytes) -> None:
        """Put a sheet behind all others that no menu shows."""
        self._add(title, sheet, ' state="veryHidden"')

    def _add(self, title: str, sheet: bytes, state: str) -> None:
        package = self._package
        name = package.new_name("xl/worksheets/sheet_kho{}.xml")
        package.parts[name] = sheet
        add_content_type(package, name, _SHEET_TYPE)
        relation_id = add_relation(package, self.name, "worksheet", name)
        part, known = package.xml(self.name), self._tags()
        sheets = next((tag for tag in known if tag.path[1:] == ("sheets",)), None)
        if sheets is None:
            raise PackageError("a workbook without sheets")
        listed = [tag for tag in known if tag.path[1:] == ("sheets", "sheet")]
        number = 1 + max((int(t.get("sheetId", "0")) for t in listed), default=0)
        free = _free_name(title, {tag.get("name").casefold() for tag in listed})
        xml = (
            f'<{sheets.prefix}sheet xmlns:r="{RELATIONS_NS}" name="{xml_attribute(free)}"'
            f' sheetId="{number}"{state} r:id="{relation_id}"/>'
        )
        package.put(self.name, spliced(part, [added_inside(part, sheets, xml.encode())]))

    def finish(self) -> None:
        """Let the file's properties not list the sheets any more: programs list them anew."""
        for relation in self._root_relations:
            name = self._package.name_of(relation.target)
            if relation.kind != "extended-properties" or name is None:
                continue
            part = self._package.xml(name)
            edits = [
                (tag.start, tag.close_end, b"")
                for tag in tags(part)
                if len(tag.path) == 2 and tag.name in ("HeadingPairs", "TitlesOfParts")
            ]
            if edits:
                self._package.put(name, spliced(part, edits))


def _relation_id(tag: Tag) -> str:
    return next((v for k, v in tag.attributes.items() if k.endswith(":id")), "")


def _renumbered(part: bytes, known: Iterable[Tag], places: dict[int, int]) -> list[Edit]:
    """Names that belong to a sheet follow it to its new place; those of a sheet that is gone go."""
    edits: list[Edit] = []
    for tag in known:
        if tag.path[1:] == ("definedNames", "definedName"):
            said = tag.get("localSheetId")
            if not said.isdigit():
                continue
            if int(said) not in places:
                edits.append((tag.start, tag.close_end, b""))
                continue
            new = with_attributes(
                part[tag.start : tag.end], {"localSheetId": str(places[int(said)])}
            )
            edits.append((tag.start, tag.end, new))
        elif tag.path[1:] == ("bookViews", "workbookView"):
            for name in ("activeTab", "firstSheet"):
                said = tag.get(name)
                if said.isdigit() and int(said) not in places and len(places):
                    new = with_attributes(part[tag.start : tag.end],
                                          {"activeTab": None, "firstSheet": None})  # fmt: skip
                    edits.append((tag.start, tag.end, new))
                    break
    return edits


def _free_name(title: str, taken: set[str]) -> str:
    name, number = title, 1
    while name.casefold() in taken:
        number += 1
        tail = f" ({number})"
        name = title[: _LONGEST_NAME - len(tail)] + tail
    return name
