"""What the bytes of a file say before any reader opens it: which format, and whether it is safe.

By content, never by name: a `.xls` that begins with `PK` is an .xlsx. What is refused is refused
with a reason code of `REASONS`; the sentence an officer reads is in `expectations/sentences.yml`.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Literal

from isal import isal_zlib
from isal.igzip_lib import IsalError

MAX_FILE_BYTES = 100 * 2**20
MAX_INFLATED_BYTES = 400 * 2**20
MAX_RATIO = 200
MAX_PARTS = 10_000
MAX_SHEETS = 500
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
MAX_CELLS = 32_000_000
MAX_STYLES = 100_000
MAX_MEMBERS = 500  # of an archive that workbooks are packed into

ZIP_MAGIC, OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

Kind = Literal["xlsx", "xlsb", "ods", "xls"]

REASONS = (
    "empty_file",
    "not_a_workbook",
    "web_page",
    "plain_text",
    "pdf_or_image",
    "encrypted",
    "too_large",
    "bomb",
    "entities",
    "damaged",
    "no_sheets",
    "timeout",
    "crashed",
    "archive_names",
    "archive_nested",
)


class Unreadable(Exception):
    """A file that cannot be read; `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str]]:
        return Unreadable, (self.reason,)


@dataclass
class Package:
    """A file that may be opened: its format and, of a zip, its inflated parts by name."""

    kind: Kind
    content: bytes
    parts: dict[str, bytes] = field(default_factory=dict)

    def part(self, name: str) -> bytes:
        return self.parts.get(name, b"")


def look(content: bytes) -> Package:
    """Which workbook a file is. Raises Unreadable for what must not be opened."""
    if not content:
        raise Unreadable("empty_file")
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable("too_large")
    if content.startswith(ZIP_MAGIC):
        return _look_into_zip(content)
    if content.startswith(OLE_MAGIC):
        return _look_into_ole(content)
    raise Unreadable(_what_else(content))


def _what_else(content: bytes) -> str:
    """What people send for a workbook: a web page saved as .xls, a text table, a scan."""
    head = content[:2048]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    if head.startswith((b"II*\0", b"MM\0*")):
        return "pdf_or_image"
    head = head.replace(b"\0", b"").lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"mime-version")):
        return "web_page"
    if head.startswith(b"<?xml") and (b"<html" in head or b"urn:schemas-microsoft-com" in head):
        return "web_page"
    if head.startswith((b"%pdf", b"\x89png", b"\xff\xd8\xff", b"gif8")):
        return "pdf_or_image"
    lines = head.split(b"\n")
    if any(byte < 9 for byte in head):
        return "not_a_workbook"
    if len(lines) > 1 and any(mark in lines[0] for mark in (b",", b";", b"\t")):
        return "plain_text"
    return "not_a_workbook"


def _look_into_ole(content: bytes) -> Package:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Unreadable("encrypted")
    names = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
    if not any(name in content for name in names):
        raise Unreadable("not_a_workbook")
    if _has_password(content):
        raise Unreadable("encrypted")
    return Package("xls", content)


# BOF of a BIFF8 globals stream, then (after at most a few records) FILEPASS: 0x002F
_BOF = re.compile(rb"\x09\x08[\x08\x10]\x00\x00[\x05\x06]\x05\x00")


def _has_password(content: bytes) -> bool:
    match = _BOF.search(content)
    if match is None:
        return False
    at = match.start()
    for _ in range(8):
        if at + 4 > len(content):
            return False
        kind = int.from_bytes(content[at : at + 2], "little")
        size = int.from_bytes(content[at + 2 : at + 4], "little")
        if kind == 0x2F:
            return True
        at += 4 + size
    return False


def _look_into_zip(content: bytes) -> Package:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            refuse_odd_directory(entries, len(content))
            kind = _kind_of_zip(entries)
            package = Package(kind, content)
            for entry in entries:
                if _WANTED[kind].fullmatch(entry.filename):
                    package.parts[entry.filename] = _inflated(content, entry)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise Unreadable("damaged") from error
    except RuntimeError as error:  # zipfile's word for a password
        raise Unreadable("encrypted") from error
    _refuse_odd_parts(package)
    return package


def refuse_odd_directory(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raises Unreadable for a zip that is a bomb, names a part twice, or has a password."""
    names = [entry.filename for entry in entries]
    if len(names) > MAX_PARTS:
        raise Unreadable("bomb")
    if len({name.lower() for name in names}) != len(names):
        raise Unreadable("damaged")
    inflated = sum(entry.file_size for entry in entries)
    if inflated > MAX_INFLATED_BYTES or inflated > MAX_RATIO * max(size, 4096):
        raise Unreadable("bomb")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("encrypted")


def workbook_kind(names: list[str]) -> Kind | None:
    """Which workbook a zip with these parts is; None where it is none."""
    lower = {name.lower() for name in names}
    if "xl/workbook.bin" in lower:
        return "xlsb"
    if any(name.endswith("workbook.xml") for name in lower):
        return "xlsx"
    if "content.xml" in lower and "mimetype" in lower:
        return "ods"
    return None


def _kind_of_zip(entries: list[zipfile.ZipInfo]) -> Kind:
    kind = workbook_kind([entry.filename for entry in entries])
    if kind is not None:
        return kind
    refuse_odd_names(entries)
    if len(entries) > MAX_MEMBERS:
        raise Unreadable("bomb")
    if any(entry.filename.lower().endswith(".zip") for entry in entries):
        raise Unreadable("archive_nested")
    raise Unreadable("not_a_workbook")


def refuse_odd_names(entries: list[zipfile.ZipInfo]) -> None:
    """Raises Unreadable where a member's name leads out of its archive, or is no path at all."""
    for entry in entries:
        name = entry.filename
        if (
            name.startswith("/")
            or "\\" in entry.orig_filename
            or ":" in name
            or ".." in name.split("/")
            or any(ord(letter) < 32 for letter in entry.orig_filename)
        ):
            raise Unreadable("archive_names")


# the parts that the reader of cells opens too
_WANTED: dict[Kind, re.Pattern[str]] = {
    "xlsx": re.compile(
        r"(?i)xl/(?:(?:workbook|styles|sharedStrings)\.xml|worksheets/[^/]+\.xml"
        r"|externalLinks/externalLink1\.xml)|(?:xl/)?_rels/[^/]*\.rels|\[Content_Types\]\.xml"
    ),
    "xlsb": re.compile(r"(?i)xl/(?:workbook|worksheets/[^/]+)\.bin|xl/_rels/[^/]*\.rels"),
    "ods": re.compile(r"content\.xml|META-INF/manifest\.xml"),
}


def _inflated(content: bytes, entry: zipfile.ZipInfo) -> bytes:
    """A part of the package, from its place in the file; the directory may lie about the size."""
    at = entry.header_offset
    if content[at : at + 4] != ZIP_MAGIC:
        raise Unreadable("damaged")
    at += 30 + int.from_bytes(content[at + 26 : at + 28], "little")
    at += int.from_bytes(content[entry.header_offset + 28 : entry.header_offset + 30], "little")
    packed = content[at : at + entry.compress_size]
    # both sizes: whatever follows the end of what is packed is no part of it, and would be kept
    is_small = max(entry.file_size, entry.compress_size) <= _SMALL
    inflate = _inflate_again if is_small else _inflate
    return inflate(packed, entry.compress_type, entry.file_size, entry.CRC)


def _inflate(packed: bytes, method: int, size: int, crc: int) -> bytes:
    """No more than a byte beyond `size`. What comes out is right whoever inflates it: it has the
    size and the sum that the directory says."""
    if method == zipfile.ZIP_STORED:
        inflated = packed
    elif method == zipfile.ZIP_DEFLATED:
        try:
            inflated = isal_zlib.decompressobj(-15).decompress(packed, size + 1)
        except IsalError:  # type: ignore[misc]  # the package takes it for an instance
            raise Unreadable("damaged") from None
    else:
        raise Unreadable("damaged")
    if len(inflated) > size:
        raise Unreadable("bomb")
    if len(inflated) < size or isal_zlib.crc32(inflated) != crc:
        raise Unreadable("damaged")
    return inflated


# styles, the list of sheets, a template's guide: the same bytes in every workbook of a form
_SMALL = 2**15
_inflate_again = lru_cache(maxsize=256)(_inflate)


def read_all_parts(package: Package) -> tuple[dict[str, zipfile.ZipInfo], dict[str, bytes]]:
    """Every part of a zip that was looked at, with its entry, by name. Raises Unreadable."""
    try:
        with zipfile.ZipFile(BytesIO(package.content)) as archive:
            entries = {e.filename: e for e in archive.infolist() if not e.is_dir()}
            parts = {name: _inflated(package.content, entry) for name, entry in entries.items()}
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise Unreadable("damaged") from error
    return entries, parts


_ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENTITY_16 = tuple(
    word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-16-le", "utf-16-be")
)
# a value of an attribute holds no bare `<`: where a tag is not closed, the next one ends the search
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\s[^<>]*ref=[\"'][A-Z]+\d+:([A-Z]+)(\d+)[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row\s(?:[^<>]*\s)?r=[\"'](\d+)[\"']")
_CELL_STYLES = re.compile(rb"<(?:\w+:)?(?:xf|font|fill|border|numFmt)[\s/>]")


def refuse_entities(part: bytes) -> None:
    """Raises Unreadable for a part of XML that declares a document type or an entity."""
    # comments apart, `<!` begins what we never follow
    if has_pair(part, b"<!", rare=1) and _ENTITY.search(part):
        raise Unreadable("entities")
    if part[:2] in (b"\xff\xfe", b"\xfe\xff") and any(word in part for word in _ENTITY_16):
        raise Unreadable("entities")


def _refuse_odd_parts(package: Package) -> None:
    for name, part in package.parts.items():
        if not name.lower().endswith((".xml", ".rels")):
            continue
        refuse_entities(part)
    match package.kind:
        case "ods":
            if b"encryption-data" in package.part("META-INF/manifest.xml"):
                raise Unreadable("encrypted")
            if b"<table:table" not in package.part("content.xml"):
                raise Unreadable("no_sheets")
            _refuse_repeats(package.part("content.xml"))
        case "xlsx":
            for name, part in package.parts.items():
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                    _refuse_huge_sheet(part)
                elif name.endswith("styles.xml") and len(part) > 2**20:
                    if len(_CELL_STYLES.findall(part)) > MAX_STYLES:
                        raise Unreadable("bomb")
                elif name == "xl/workbook.xml" and part.count(b"<sheet ") > MAX_SHEETS:
                    raise Unreadable("bomb")


_STILL_RARE = 1_000


def has_pair(part: bytes, pair: bytes, *, rare: int, end: int | None = None) -> bool:
    """Whether two bytes stand together: the rare one of them is looked for, by itself, which is
    ten times as fast as to look for two, unless somebody filled the part with it."""
    byte = pair[rare : rare + 1]
    at = part.find(byte, 0, end)
    for _ in range(_STILL_RARE):
        if at < 0:
            return False
        if part.startswith(pair, max(at - rare, 0)):
            return True
        at = part.find(byte, at + 1, end)
    return at >= 0 and part.find(pair, max(at - rare, 0), end) >= 0


def _refuse_huge_sheet(part: bytes) -> None:
    """A 2 KB file may claim, or with one far cell cause, a table of hundreds of gigabytes."""
    if match := _DIMENSION.search(part, 0, 4096):
        row = int(match[2]) if len(match[2]) < 9 else MAX_ROWS + 1
        column = column_number(match[1])
        if row * column > MAX_CELLS or row > MAX_ROWS or column > MAX_COLUMNS:
            raise Unreadable("bomb")
    tail = part[-65536:]
    row = _last_row(tail)
    # few rows fit however wide they are; of more, addresses of two letters at most
    if row * _ZZZZ <= MAX_CELLS or (row * _ZZ <= MAX_CELLS and not _BEYOND_ZZ.search(tail)):
        return
    if row * _widest(tail) > MAX_CELLS:
        raise Unreadable("bomb")


_CELL = re.compile(rb"<(?:\w+:)?c\s(?:[^<>]*\s)?r=[\"']([A-Z]{1,4})\d+[\"']")
_BEYOND_ZZ = re.compile(rb"r=[\"'][A-Z]{3}")
_ZZ, _ZZZZ = 702, 475_254  # the columns that addresses of two and of four letters can name


def _last_row(part: bytes) -> int:
    """The number of the last row that says its own; 0 without any."""
    end = len(part)
    while (at := part.rfind(b"row", 0, end)) >= 0:
        begin = part.rfind(b"<", 0, at)
        if begin < 0:
            return 0
        if match := _ROW.match(part, begin):
            return int(match[1])
        end = begin  # whatever else says `row` behind it stands in the same tag
    return 0


def _widest(part: bytes) -> int:
    return max((column_number(letters) for letters in set(_CELL.findall(part))), default=1)


_REPEATED = re.compile(rb"number-(rows|columns)-(?:repeated|spanned)=[\"'](\d+)[\"']")


def _refuse_repeats(content: bytes) -> None:
    """A repeated row or column of an .ods may not be more than a sheet holds."""
    for what, times in _REPEATED.findall(content):
        limit = MAX_ROWS if what == b"rows" else MAX_COLUMNS
        if len(times) > 8 or int(times) > limit:
            raise Unreadable("bomb")


def column_number(letters: bytes) -> int:
    """`A` is 1, `AA` 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
