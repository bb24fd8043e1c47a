"""What is done to the finished package: other content types, links to other files, strict OOXML."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO

_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_MACRO = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_STRICT = (
    ("http://schemas.openxmlformats.org/spreadsheetml/2006/main",
     "http://purl.oclc.org/ooxml/spreadsheetml/main"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
     "http://purl.oclc.org/ooxml/officeDocument/relationships"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/extended-properties",
     "http://purl.oclc.org/ooxml/officeDocument/extendedProperties"),
    ("http://schemas.openxmlformats.org/drawingml/2006/main",
     "http://purl.oclc.org/ooxml/drawingml/main"),
)  # fmt: skip
_LINK = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<externalBook r:id="rId1"><sheetNames><sheetName val="Sheet1"/></sheetNames>'
    "</externalBook></externalLink>"
)
_LINK_RELS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" TargetMode="External" Target="Tong%20hop%202024.xls" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'externalLinkPath"/></Relationships>'
)


def _changed(content: bytes, change: Callable[[str, str], str], more: dict[str, str]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith((".xml", ".rels")):
                data = change(entry.filename, data.decode()).encode()
            new.writestr(entry, data, zipfile.ZIP_DEFLATED)
        for name, text in more.items():
            new.writestr(name, text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_macro_workbook(content: bytes) -> bytes:
    """What .xlsm says of itself."""

    def change(name: str, text: str) -> str:
        return text.replace(_MAIN, _MACRO) if name == "[Content_Types].xml" else text

    return _changed(content, change, {})


def as_strict(content: bytes) -> bytes:
    """The namespaces of ISO 29500 strict, as Excel writes "Strict Open XML"."""

    def change(name: str, text: str) -> str:
        for transitional, strict in _STRICT:
            text = text.replace(transitional, strict)
        if name == "xl/workbook.xml":
            text = text.replace("<workbook ", '<workbook conformance="strict" ', 1)
        return text

    return _changed(content, change, {})


def with_external_link(content: bytes) -> bytes:
    """The part that `[1]Sheet1!$D$12` refers to."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"

    def change(name: str, text: str) -> str:
        match name:
            case "[Content_Types].xml":
                place = "/xl/externalLinks/externalLink1.xml"
                part = f'<Override PartName="{place}" ContentType="{kind}"/>'
                return text.replace("</Types>", part + "</Types>")
            case "xl/_rels/workbook.xml.rels":
                part = (
                    f'<Relationship Id="rId900" Type="{relation}" '
                    'Target="externalLinks/externalLink1.xml"/>'
                )
                return text.replace("</Relationships>", part + "</Relationships>")
            case "xl/workbook.xml":
                part = '<externalReferences><externalReference r:id="rId900"/></externalReferences>'
                return text.replace("</sheets>", "</sheets>" + part)
        return text

    return _changed(
        content,
        change,
        {
            "xl/externalLinks/externalLink1.xml": _LINK,
            "xl/externalLinks/_rels/externalLink1.xml.rels": _LINK_RELS,
        },
    )
