"""Files that no reader should be trusted with, and work that a child process should not survive.

Importable in a child process: the functions at the end are what a worker runs.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/{kind}" Target="{target}"/></Relationships>'
)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LINKS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def package(path: Path, sheet: str | None, extra: dict[str, bytes] | None = None) -> Path:
    """A hand-made .xlsx: one sheet with this XML, or none."""
    sheets = '<sheet name="A" sheetId="1" r:id="rId1"/>' if sheet is not None else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr(
            "_rels/.rels", RELATIONS.format(kind="officeDocument", target="xl/workbook.xml")
        )
        archive.writestr(
            "xl/workbook.xml", f"<workbook {MAIN} {LINKS}><sheets>{sheets}</sheets></workbook>"
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml"),
        )
        if sheet is not None:
            archive.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return path


def worksheet(body: str, dimension: str = "A1:B2") -> str:
    return (
        f'<worksheet {MAIN}><dimension ref="{dimension}"/><sheetData>{body}</sheetData></worksheet>'
    )


ONE_CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'


def small_workbook(path: Path) -> Path:
    return package(path, worksheet(ONE_CELL))


def text_named_xlsx(path: Path) -> Path:
    path.write_text("Mã chỉ tiêu;Giá trị\nacacia_area;1.234\n", encoding="utf-8")
    return path


def noise(path: Path) -> Path:
    """Bytes of no format: what is left of a file that another program broke."""
    path.write_bytes(bytes(range(0x80, 0x100)) * 16)
    return path


def page_named_xls(path: Path) -> Path:
    """What many systems export as `.xls`: a table of a web page."""
    path.write_text(
        "\n<HTML><body><table><tr><td>Nội dung</td><td>1.234</td></tr></table></body></HTML>",
        encoding="utf-8",
    )
    return path


def page_of_2003(path: Path) -> Path:
    """A spreadsheet saved as XML, with a byte order mark and in UTF-16, as Office of 2003 did."""
    page = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    )
    path.write_text(page, encoding="utf-16")
    return path


def scan_named_xlsx(path: Path) -> Path:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n")
    return path


def picture_named_xlsx(path: Path) -> Path:
    path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(64))
    return path


def entities(path: Path) -> Path:
    """A sheet with an entity of its own, which a reader would have to expand."""
    declared = '<!DOCTYPE worksheet [<!ENTITY a "1">]>'
    return package(path, declared + worksheet('<row r="1"><c r="A1"><v>&a;</v></c></row>'))


def empty_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def encrypted_package(path: Path) -> Path:
    """What Office writes with a password: an OLE file that holds the stream EncryptedPackage."""
    path.write_bytes(OLE_MAGIC + bytes(2048) + "EncryptedPackage".encode("utf-16-le") + bytes(2048))
    return path


def encrypted_entries(path: Path) -> Path:
    """A zip whose entries say that they are encrypted."""
    small_workbook(path)
    content = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(magic)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(magic, at + 4)
    path.write_bytes(content)
    return path


def too_large(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(100 * 2**20 + 1)
    return path


def bomb_by_ratio(path: Path) -> Path:
    return package(path, worksheet(ONE_CELL), {"xl/media/image1.bin": bytes(50 * 2**20)})


def huge_dimension(path: Path) -> Path:
    return package(path, worksheet(ONE_CELL, "A1:XFD1048576"))


def far_cell(path: Path) -> Path:
    """Says A1, holds a cell at the far corner: a dense table would need half a terabyte."""
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return package(path, worksheet(ONE_CELL + far, "A1:A1"))


def duplicate_entries(path: Path) -> Path:
    import warnings

    small_workbook(path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("xl/worksheets/sheet1.xml", worksheet(ONE_CELL))
    return path


def truncated(path: Path) -> Path:
    content = small_workbook(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def broken_entry(path: Path) -> Path:
    """The directory is right, the compressed bytes of the sheet are not."""
    small_workbook(path)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
        start = entry.header_offset + 30 + len(entry.filename)
    content = bytearray(path.read_bytes())
    for at in range(start, start + entry.compress_size):
        content[at] ^= 0xFF
    path.write_bytes(content)
    return path


def broken_xml(path: Path) -> Path:
    return package(path, worksheet('<row r="1"><c r="A1"><v>1</row>'))


def ole_garbage(path: Path) -> Path:
    path.write_bytes(OLE_MAGIC + bytes(range(256)) * 32)
    return path


def zip_that_leads_out(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/cron.d/a.xlsx", b"x")
    return path


def zip_in_zip(path: Path) -> Path:
    inner = zip_of_text(path).read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thang6.zip", inner)
    return path


def zip_of_text(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "không phải bảng tính")
    return path


def without_sheets(path: Path) -> Path:
    return package(path, None)


REFUSED = {
    "text_named_xlsx": (text_named_xlsx, "plain_text"),
    "noise": (noise, "not_a_workbook"),
    "page_named_xls": (page_named_xls, "web_page"),
    "page_of_2003": (page_of_2003, "web_page"),
    "scan_named_xlsx": (scan_named_xlsx, "pdf_or_image"),
    "picture_named_xlsx": (picture_named_xlsx, "pdf_or_image"),
    "entities": (entities, "entities"),
    "zip_of_text": (zip_of_text, "not_a_workbook"),
    "zip_that_leads_out": (zip_that_leads_out, "archive_names"),
    "zip_in_zip": (zip_in_zip, "archive_nested"),
    "empty": (empty_file, "empty_file"),
    "encrypted_package": (encrypted_package, "encrypted"),
    "encrypted_entries": (encrypted_entries, "encrypted"),
    "too_large": (too_large, "too_large"),
    "bomb_by_ratio": (bomb_by_ratio, "bomb"),
    "huge_dimension": (huge_dimension, "bomb"),
    "duplicate_entries": (duplicate_entries, "damaged"),
    "truncated": (truncated, "damaged"),
    "broken_entry": (broken_entry, "damaged"),
    "broken_xml": (broken_xml, "damaged"),
    "ole_garbage": (ole_garbage, "not_a_workbook"),
    "without_sheets": (without_sheets, "no_sheets"),
}


# --- work for a child process -------------------------------------------------------------------


def work(path: Path) -> str:
    """Do what the file's name says."""
    match path.stem.rstrip("0123456789"):
        case "exit":
            os._exit(3)
        case "sys_exit":
            sys.exit(4)
        case "memory":
            raise MemoryError
        case "hungry":
            return str(len(bytearray(8 * 2**30)))
        case "panic":
            raise BaseException("a reader's panic")
        case "busy":  # over its CPU time; the limit of a file is moved near, so as not to wait
            used = resource.getrusage(resource.RUSAGE_SELF)
            spent = int(used.ru_utime + used.ru_stime) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (spent, resource.RLIM_INFINITY))
            while True:
                pass
        case "sleepy":
            import time

            time.sleep(60)
    return path.read_text(encoding="utf-8")


def refuse_to_lift_limits(path: Path) -> str:
    """What a hostile reader would try: to lift the limit on memory."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        return "refused"
    return "lifted"


def limits(path: Path) -> tuple[int, int, int, int]:
    """Memory, core size, and how much CPU time is left: what binds a worker at this file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    left = resource.getrlimit(resource.RLIMIT_CPU)[0] - int(used.ru_utime + used.ru_stime)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    return soft, hard, resource.getrlimit(resource.RLIMIT_CORE)[1], left


def loaded(path: Path) -> list[str]:
    """What a worker has loaded of that which reading does not need."""
    return [name for name in ("pandas", "polars", "duckdb", "dagster") if name in sys.modules]


def burn(path: Path) -> float:
    """Half a second of CPU time, which the next file is not to be charged with."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    while resource.getrusage(resource.RUSAGE_SELF).ru_utime < used + 0.5:
        pass
    return float(limits(path)[3])


def fails_once(path: Path) -> str:
    """The first time it does what its name says, then it can be read: others were to blame."""
    seen = path.with_suffix(".seen")
    if seen.exists() or path.stem.startswith("sound"):
        return path.stem
    seen.touch()
    return work(path)


def nap(path: Path) -> str:
    """A file that takes a little while, far less than it may."""
    import time

    time.sleep(0.2)
    return path.stem


def note_chunk(folder: Path, numbers: Sequence[int], results: list[Any]) -> list[Any]:
    """A `finish` that writes down what it was given, and sends back less."""
    said = [str(getattr(result, "reason", result)) for result in results]
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False) as file:
        json.dump([os.getpid(), list(zip(numbers, said, strict=True))], file)
    return [result.upper() if isinstance(result, str) else result for result in results]


def fails_to_write(numbers: list[int], results: list[object]) -> list[object]:
    """A chunk of whose results one, `huge`, does not fit into memory while it is written, or one,
    `far`, holds a number that no table can."""
    for word, error in (("huge", MemoryError), ("far", OverflowError)):
        if any(word in str(result) for result in results):
            raise error
    return results


def full_disk(numbers: Sequence[int], results: list[Any]) -> list[Any]:
    raise OSError(28, "No space left on device")
