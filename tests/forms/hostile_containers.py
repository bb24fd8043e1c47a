"""Hostile compound files (.xls and what only looks like it), and files that are something else."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from form_books import Form
from hostile_case import BOMB, BROKEN, READ, SOUND, UNRECOGNISED, Hostile, content
from old_formats import END, SECTOR, biff, biff_stream, ole, write_parts

XLS = ".xls"


def cells() -> dict[tuple[int, int], str | float | bool | None]:
    return Form("LS-01").layout()


def book() -> bytes:
    return ole({"Workbook": biff_stream(cells())})


def patched(at: int, form: str, *values: int) -> Callable[[], bytes]:
    """A sound .xls with something else in its header."""

    def make() -> bytes:
        out = bytearray(book())
        struct.pack_into(form, out, at, *values)
        return bytes(out)

    return make


def fat_entry(number: int, value: int) -> Callable[[], bytes]:
    """A sound .xls whose allocation table sends one sector elsewhere."""

    def make() -> bytes:
        out = bytearray(book())
        fat_sector = struct.unpack_from("<I", out, 76)[0]
        struct.pack_into("<I", out, SECTOR * (fat_sector + 1) + 4 * number, value)
        return bytes(out)

    return make


def directory_field(entry: int, offset: int, form: str, value: int) -> Callable[[], bytes]:
    def make() -> bytes:
        out = bytearray(book())
        directory = struct.unpack_from("<I", out, 48)[0]
        struct.pack_into(form, out, SECTOR * (directory + 1) + 128 * entry + offset, value)
        return bytes(out)

    return make


def stream(
    globals_extra: bytes = b"", sheet_extra: bytes = b"", offset: int | None = None, kind: int = 0
) -> Callable[[], bytes]:
    return lambda: ole({
        "Workbook": biff_stream(
            cells(), globals_extra=globals_extra, sheet_extra=sheet_extra, offset=offset, kind=kind
        )
    })  # fmt: skip


def without_sheets() -> bytes:
    bof = biff(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 6))
    return ole({"Workbook": bof + biff(0x000A)})


_AGILE = (
    b'\x04\x00\x04\x00\x40\x00\x00\x00<?xml version="1.0"?><encryption xmlns="http://schemas.'
    b'microsoft.com/office/2006/encryption"><keyData saltSize="16" cipherAlgorithm="AES"/>'
    b"</encryption>"
)
_LABEL_FAR = struct.pack("<HHH", 0xFFFF, 0xFFFF, 0)
_ANY = (SOUND, READ, UNRECOGNISED, *BROKEN, *BOMB)

CONTAINERS = {
    "encrypted_agile": Hostile(
        content(
            lambda: ole(
                {
                    "EncryptionInfo": _AGILE,
                    "EncryptedPackage": random.Random(1).randbytes(9000),
                }
            )
        ),
        ("encrypted",),
    ),
    # RC4: the record says that all after it is encrypted
    "encrypted_xls": Hostile(
        content(
            stream(biff(0x002F, struct.pack("<HHH", 1, 1, 1) + random.Random(2).randbytes(48)))
        ),
        ("encrypted",),
        XLS,
    ),
    # XOR obfuscation, as Excel 95 did it
    "encrypted_xls_xor": Hostile(
        content(stream(biff(0x002F, struct.pack("<HHH", 0, 0x1234, 0x5678)))), ("encrypted",), XLS
    ),
    "no_sheets_xls": Hostile(content(without_sheets), ("no_sheets", "damaged"), XLS),
    "chart_only_xls": Hostile(
        content(stream(kind=2)), ("no_sheets", "damaged", UNRECOGNISED, SOUND), XLS
    ),
    "fat_out_of_range": Hostile(content(fat_entry(2, 0x00FFFFFF)), BROKEN, XLS),
    "fat_cycle": Hostile(content(fat_entry(2, 0)), (*BROKEN, *BOMB, UNRECOGNISED, READ), XLS),
    "fat_cycle_of_one": Hostile(content(fat_entry(0, 0)), (*BROKEN, *BOMB, UNRECOGNISED), XLS),
    "fat_ends_early": Hostile(content(fat_entry(0, END)), (*BROKEN, READ, UNRECOGNISED), XLS),
    "directory_cycle": Hostile(content(lambda: _directory_cycle()), (*BROKEN, *BOMB, SOUND), XLS),
    "siblings_cycle": Hostile(
        content(directory_field(1, 72, "<I", 1)), (SOUND, *BROKEN, *BOMB), XLS
    ),
    "stream_of_4_gb": Hostile(
        content(directory_field(1, 120, "<Q", 2**32 - 1)), (SOUND, *BROKEN, *BOMB), XLS
    ),
    "stream_beyond_numbers": Hostile(
        content(directory_field(1, 120, "<Q", 2**64 - 1)), (SOUND, *BROKEN, *BOMB), XLS
    ),
    "stream_starts_nowhere": Hostile(
        content(directory_field(1, 116, "<I", 0x7FFFFFFF)), BROKEN, XLS
    ),
    "stream_in_mini_stream": Hostile(
        content(directory_field(1, 120, "<Q", 100)), (*BROKEN, *BOMB), XLS
    ),
    "sector_shift_0": Hostile(content(patched(30, "<H", 0)), (*BROKEN, *BOMB), XLS),
    "sector_shift_63": Hostile(content(patched(30, "<H", 63)), (*BROKEN, *BOMB), XLS),
    "sector_shift_65535": Hostile(content(patched(30, "<H", 65535)), (*BROKEN, *BOMB), XLS),
    "mini_shift_63": Hostile(content(patched(32, "<H", 63)), _ANY, XLS),
    "version_4_claimed": Hostile(content(patched(26, "<H", 4)), _ANY, XLS),
    "fat_sectors_beyond": Hostile(content(patched(44, "<I", 2**32 - 1)), _ANY, XLS),
    "directory_nowhere": Hostile(content(patched(48, "<I", 0x7FFFFFF0)), BROKEN, XLS),
    "mini_fat_nowhere": Hostile(content(patched(60, "<II", 0x7FFFFFF0, 9)), _ANY, XLS),
    "difat_cycle": Hostile(content(patched(68, "<II", 0, 2**31)), (*_ANY,), XLS),
    "difat_nowhere": Hostile(content(patched(68, "<II", 0x7FFFFFF0, 1)), _ANY, XLS),
    "fat_place_nowhere": Hostile(content(patched(76, "<I", 0x7FFFFFF0)), BROKEN, XLS),
    "sheet_begins_beyond": Hostile(content(stream(offset=2**31)), BROKEN, XLS),
    "sheet_begins_in_itself": Hostile(content(stream(offset=0)), _ANY, XLS),
    "record_longer_than_file": Hostile(
        content(stream(struct.pack("<HH", 0x00FC, 0xFFFF))), (*BROKEN, UNRECOGNISED), XLS
    ),
    "strings_claimed_xls": Hostile(
        content(stream(biff(0x00FC, struct.pack("<II", 2**32 - 1, 2**32 - 1)))),
        (SOUND, *BROKEN, *BOMB),
        XLS,
    ),
    "string_longer_than_record": Hostile(
        content(stream(biff(0x00FC, struct.pack("<IIHB", 1, 1, 0xFFFF, 1)))),
        (SOUND, *BROKEN, *BOMB),
        XLS,
    ),
    "dimension_beyond_xls": Hostile(
        content(stream(b"", biff(0x0200, struct.pack("<IIHHH", 0, 2**32 - 1, 0, 65535, 0)))),
        (SOUND, *BROKEN, *BOMB),
        XLS,
    ),
    "dimension_reversed_xls": Hostile(
        content(stream(b"", biff(0x0200, struct.pack("<IIHHH", 9, 0, 9, 0, 0)))),
        (SOUND, *BROKEN, *BOMB),
        XLS,
    ),
    "far_cell_xls": Hostile(
        content(stream(b"", biff(0x0203, _LABEL_FAR + struct.pack("<d", 1)))),
        (SOUND, *BROKEN, *BOMB),
        XLS,
    ),
    "string_index_beyond_xls": Hostile(
        content(stream(b"", biff(0x00FD, struct.pack("<HHHI", 900, 0, 0, 2**31)))),
        (SOUND, *BROKEN),
        XLS,
    ),
    "records_cut_short": Hostile(
        content(
            stream(b"", b"".join(biff(code, b"\1") for code in (0x0203, 0x0204, 0x00FD, 0x027E)))
        ),
        (SOUND, *BROKEN),
        XLS,
    ),
    "formulas_cut_short": Hostile(
        content(stream(b"", b"".join(biff(0x0006, b"\1" * n) for n in range(24)))),
        (SOUND, READ, *BROKEN),
        XLS,
    ),
    "many_numbers_reversed": Hostile(
        content(stream(b"", biff(0x00BD, struct.pack("<HHHIH", 900, 9, 0, 0, 0)))),
        (SOUND, *BROKEN),
        XLS,
    ),
    "continue_first": Hostile(content(stream(biff(0x003C, b"x" * 100))), _ANY, XLS),
    "bad_utf16": Hostile(
        content(
            stream(b"", biff(0x0204, struct.pack("<HHHHB", 900, 0, 0, 2, 1) + b"\x00\xd8\x00\xd8"))
        ),
        (SOUND, READ, *BROKEN),
        XLS,
    ),
    "macros_xls": Hostile(
        content(
            lambda: ole({"Workbook": biff_stream(cells()), "_VBA_PROJECT": b"\xcc\x61" + b"x" * 99})
        ),
        (SOUND, *BROKEN),
        XLS,
    ),
    "no_workbook_stream": Hostile(content(lambda: ole({"Nothing": b"x"})), BROKEN, XLS),
    "no_streams": Hostile(content(lambda: ole({})), BROKEN, XLS),
    "word_document": Hostile(content(lambda: ole({"WordDocument": b"x" * 5000})), BROKEN, XLS),
    "xls_named_xlsx": Hostile(content(book), (SOUND,)),
    "magic_only": Hostile(content(lambda: book()[:8]), BROKEN, XLS),
}


def _directory_cycle() -> bytes:
    out = bytearray(book())
    directory = struct.unpack_from("<I", out, 48)[0]
    fat_sector = struct.unpack_from("<I", out, 76)[0]
    struct.pack_into("<I", out, SECTOR * (fat_sector + 1) + 4 * directory, directory)
    return bytes(out)


# --- something else under a workbook's name ------------------------------------------------------

_HTML = (
    "<html><head><meta charset='utf-8'></head><body><table><tr><td>Tổng</td></tr></table></body>"
)
_SPREADSHEET_2003 = (
    '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="A"><Table><Row>'
    '<Cell><Data ss:Type="Number">1</Data></Cell></Row></Table></Worksheet></Workbook>'
)


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def _package(names: dict[str, bytes]) -> Callable[[Path], Path]:
    return lambda path: write_parts(path, names)


_BIFF2 = struct.pack("<HHHH", 0x0009, 4, 2, 0x10) + struct.pack("<HH", 0x000A, 0)
_NOT = ("not_a_workbook",)
_PAGE, _TEXT, _SCAN = ("web_page",), ("plain_text",), ("pdf_or_image",)

MISLABELLED = {
    "html_table": Hostile(content(_HTML.encode), _PAGE, XLS),
    "html_with_bom": Hostile(content(lambda: b"\xef\xbb\xbf" + _HTML.encode()), _PAGE, XLS),
    "web_archive": Hostile(
        content(lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n"), _PAGE, XLS
    ),
    "csv": Hostile(content("STT;Nội dung\n1;Tổng\n".encode), _TEXT),
    "tabs_in_utf16": Hostile(content(lambda: "STT\tNội dung\n".encode("utf-16")), _TEXT, XLS),
    "pdf": Hostile(content(lambda: b"%PDF-1.7\n%\xe2\xe3\n1 0 obj<<>>endobj\n%%EOF"), _SCAN),
    "png": Hostile(content(_png), _SCAN),
    "rtf": Hostile(content(lambda: rb"{\rtf1\ansi T\u7893?ng}"), _NOT, XLS),
    "exe": Hostile(content(lambda: b"MZ" + bytes(122) + b"PE\0\0"), _NOT),
    "script": Hostile(content(lambda: b"#!/bin/sh\nexit 1\n"), _NOT),
    "spreadsheet_2003": Hostile(content(_SPREADSHEET_2003.encode), _PAGE, XLS),
    "json": Hostile(content(lambda: b'{"a": 1}'), _NOT),
    "gzip": Hostile(content(lambda: gzip.compress(b"x" * 1000, mtime=0)), _NOT),
    "seven_zip": Hostile(content(lambda: b"7z\xbc\xaf\x27\x1c" + bytes(100)), _NOT),
    "rar": Hostile(content(lambda: b"Rar!\x1a\x07\x01\x00" + bytes(100)), _NOT),
    "biff2_without_container": Hostile(content(lambda: _BIFF2), (*BROKEN, UNRECOGNISED), XLS),
    "one_byte": Hostile(content(lambda: b"P"), _NOT),
    "zeros": Hostile(content(lambda: bytes(4096)), _NOT),
    "noise": Hostile(content(lambda: random.Random(9).randbytes(4096)), _NOT),
    "docx": Hostile(
        _package({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}), _NOT
    ),
    "pptx": Hostile(
        _package({"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b"<p/>"}), _NOT
    ),
    "odt": Hostile(
        _package({
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": b"<office:document-content/>",
        }),
        (*_NOT, "damaged", "no_sheets"),
        ".ods",
    ),
    "zip_of_pictures": Hostile(_package({"a.png": _png(), "b.png": _png()}), ("pdf_or_image",)),
    "zip_of_a_workbook": Hostile(
        _package({"inner.xlsx": b"PK\x03\x04" + bytes(100)}), ("damaged",)
    ),
    "zip_empty": Hostile(content(lambda: b"PK\x05\x06" + bytes(18)), BROKEN),
    "zip_magic_only": Hostile(content(lambda: b"PK\x03\x04"), BROKEN),
    "numbers_of_another_office": Hostile(_package({"Index/Document.iwa": b"\0" * 50}), _NOT),
    "workbook_in_a_wrong_place": Hostile(
        _package({"workbook.xml": b"<workbook/>", "content.xml": b"<a/>"}), BROKEN
    ),
}  # fmt: skip
