"""Workbooks written by hand in formats that no writer here knows: .xls, .xlsb and .ods.

The least that a reader accepts, from cells by (row, column) counted from 1, so that a test can
break any record of them. What is hostile about a file is said in the hostile_* modules.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

Cells = Mapping[tuple[int, int], str | float | bool | None]

# --- OLE compound files ---------------------------------------------------------------------------

SECTOR = 512
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _directory_entry(name: str, kind: int, child: int, right: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        coded, len(coded) + 2 if name else 0, kind, 1, FREE, right, child, b"", 0, 0, 0, start,
        size,
    )  # fmt: skip


def ole(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams, each in full sectors (no mini stream: streams are filled
    up to its limit, as BIFF readers stop at their own end record)."""
    sectors: list[bytes] = []
    chains: list[int] = []
    entries: list[bytes] = []
    names = list(streams)
    for number, name in enumerate(names, start=1):
        content = streams[name].ljust(4096, b"\0")
        start, count = len(sectors), -(-len(content) // SECTOR)
        padded = content.ljust(count * SECTOR, b"\0")
        sectors += [padded[at : at + SECTOR] for at in range(0, len(padded), SECTOR)]
        chains += [*range(start + 1, start + count), END]
        right = number + 1 if number < len(names) else FREE
        entries.append(_directory_entry(name, 2, FREE, right, start, len(content)))
    directory = [_directory_entry("Root Entry", 5, 1 if names else FREE, FREE, END, 0), *entries]
    while len(directory) % 4:
        directory.append(_directory_entry("", 0, FREE, FREE, 0, 0))
    first_directory, count = len(sectors), len(directory) // 4
    sectors += [b"".join(directory[4 * n : 4 * n + 4]) for n in range(count)]
    chains += [*range(first_directory + 1, first_directory + count), END]
    fat_sectors = 1
    while fat_sectors * 128 < len(chains) + fat_sectors:
        fat_sectors += 1
    first_fat = len(sectors)
    chains += [FAT_SECTOR] * fat_sectors
    chains += [FREE] * (fat_sectors * 128 - len(chains))
    fat = struct.pack(f"<{len(chains)}I", *chains)
    places = [first_fat + n for n in range(fat_sectors)]
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII109I",
        OLE_MAGIC, b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, fat_sectors, first_directory, 0, 4096,
        END, 0, END, 0, *places, *[FREE] * (109 - fat_sectors),
    )  # fmt: skip
    return header + b"".join(sectors) + fat


# --- .xls (BIFF8) ---------------------------------------------------------------------------------


def biff(code: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(content)) + content


def _bof(kind: int) -> bytes:
    return biff(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 6))


def _biff_cell(row: int, col: int, value: str | float | bool) -> bytes:
    place = struct.pack("<HHH", row - 1, col - 1, 0)
    if isinstance(value, str):
        coded = value.encode("utf-16-le")
        return biff(0x0204, place + struct.pack("<HB", len(coded) // 2, 1) + coded)
    return biff(0x0203, place + struct.pack("<d", value))


def biff_stream(
    cells: Cells,
    name: str = "LS-01",
    globals_extra: bytes = b"",
    sheet_extra: bytes = b"",
    offset: int | None = None,
    kind: int = 0,
) -> bytes:
    """The Workbook stream: one sheet. `offset` overrides where the sheet is said to begin."""
    coded = name.encode("utf-16-le")

    def bound_sheet(at: int) -> bytes:
        return biff(0x0085, struct.pack("<IBBBB", at, 0, kind, len(coded) // 2, 1) + coded)

    head = _bof(5) + biff(0x0042, struct.pack("<H", 1200)) + globals_extra
    begin = len(head) + len(bound_sheet(0)) + len(biff(0x000A))
    last_row = max((row for row, _ in cells), default=0)
    last_col = max((col for _, col in cells), default=0)
    body = biff(0x0200, struct.pack("<IIHHH", 0, last_row, 0, last_col, 0))
    for (row, col), value in sorted(cells.items()):
        if value is not None:
            body += _biff_cell(row, col, value)
    return (
        head + bound_sheet(begin if offset is None else offset) + biff(0x000A)
        + _bof(0x10) + body + sheet_extra + biff(0x000A)
    )  # fmt: skip


def write_xls(path: Path, cells: Cells) -> Path:
    path.write_bytes(ole({"Workbook": biff_stream(cells)}))
    return path


# --- .xlsb ----------------------------------------------------------------------------------------


def record(code: int, content: bytes = b"") -> bytes:
    """A record of BIFF12: its code and length in groups of seven bits."""
    out = bytes([code]) if code < 0x80 else bytes([code & 0x7F | 0x80, code >> 7])
    size = len(content)
    while True:
        group, size = size & 0x7F, size >> 7
        out += bytes([group | 0x80 if size else group])
        if not size:
            return out + content


def wide(text: str) -> bytes:
    coded = text.encode("utf-16-le")
    return struct.pack("<I", len(coded) // 2) + coded


def xlsb_sheet(cells: Cells, dimension: Sequence[int] = (0, 100, 0, 50)) -> bytes:
    out = record(129) + record(148, struct.pack("<IIII", *dimension)) + record(145)
    current = 0
    for (row, col), value in sorted(cells.items()):
        if value is None:
            continue
        if row != current:
            out += record(0, struct.pack("<IIHHB", row - 1, 0, 300, 0, 0) + bytes(4))
            current = row
        place = struct.pack("<II", col - 1, 0)
        if isinstance(value, str):
            out += record(6, place + wide(value))
        else:
            out += record(5, place + struct.pack("<d", value))
    return out + record(146) + record(130)


def xlsb_parts(cells: Cells, name: str = "LS-01") -> dict[str, bytes]:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}%s" Target="%s"/></Relationships>'
    )
    bundle = record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(name))
    return {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        b'content-types"><Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.'
        b'binary.macroEnabled.main"/></Types>',
        "_rels/.rels": (relations % ("officeDocument", "xl/workbook.bin")).encode(),
        "xl/workbook.bin": record(131) + record(143) + bundle + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": (relations % ("worksheet", "worksheets/sheet1.bin")).encode(),
        "xl/worksheets/sheet1.bin": xlsb_sheet(cells),
    }


def write_xlsb(path: Path, cells: Cells) -> Path:
    return write_parts(path, xlsb_parts(cells))


# --- .ods -----------------------------------------------------------------------------------------

ODS_MIME = "application/vnd.oasis.opendocument.spreadsheet"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def ods_content(table: str, doctype: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<office:document-content'
        f' xmlns:office="{_OASIS}:office:1.0" xmlns:table="{_OASIS}:table:1.0"'
        f' xmlns:text="{_OASIS}:text:1.0" office:version="1.3"><office:body><office:spreadsheet>'
        f"{table}</office:spreadsheet></office:body></office:document-content>"
    )


def ods_cell(value: str | float | bool | None) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, str):
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{escape(value)}</text:p></table:table-cell>"
        )
    return (
        f'<table:table-cell office:value-type="float" office:value="{value}">'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


def ods_table(cells: Cells, name: str = "LS-01") -> str:
    rows = []
    last_col = max((col for _, col in cells), default=0)
    for row in range(1, max((row for row, _ in cells), default=0) + 1):
        line = "".join(ods_cell(cells.get((row, col))) for col in range(1, last_col + 1))
        rows.append(f"<table:table-row>{line}</table:table-row>")
    return f'<table:table table:name="{name}">{"".join(rows)}</table:table>'


def ods_parts(content: str | bytes, encryption: str = "") -> dict[str, bytes]:
    manifest = (
        f'<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.3">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS_MIME}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">'
        f"{encryption}</manifest:file-entry></manifest:manifest>"
    )
    return {
        "mimetype": ODS_MIME.encode(),
        "content.xml": content if isinstance(content, bytes) else content.encode(),
        "META-INF/manifest.xml": manifest.encode(),
    }


def write_ods(path: Path, cells: Cells) -> Path:
    return write_parts(path, ods_parts(ods_content(ods_table(cells))))


# --- zip ------------------------------------------------------------------------------------------


def write_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def read_parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
