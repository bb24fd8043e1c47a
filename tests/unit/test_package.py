"""What the bytes of a file say: which format, what it is instead, and what must not be opened."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import package
from ingest.package import REASONS, Package, Unreadable, column_number, has_pair, look
from tests.forms.hostile_files import ONE_CELL, small_workbook, worksheet
from tests.forms.hostile_files import package as write_package
from tests.forms.old_formats import (
    biff,
    biff_stream,
    ods_content,
    ods_parts,
    ods_table,
    ole,
    read_parts,
    write_ods,
    write_parts,
    write_xls,
    write_xlsb,
)

CELLS = {(1, 1): "Nội dung", (2, 2): 12.5}


def refused(content: bytes) -> str:
    with pytest.raises(Unreadable) as found:
        look(content)
    assert found.value.reason in REASONS
    return found.value.reason


def zipped(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same cells in every format, by format."""
    folder = tmp_path_factory.mktemp("sound")
    book = openpyxl.Workbook()
    for (row, col), value in CELLS.items():
        book.active.cell(row, col).value = value
    book.save(folder / "a.xlsx")
    for kind, write in (("xls", write_xls), ("xlsb", write_xlsb), ("ods", write_ods)):
        write(folder / f"a.{kind}", CELLS)
    return {path.suffix[1:]: path.read_bytes() for path in folder.iterdir()}


# --- formats --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb", "ods"])
def test_format_is_told_by_content(sound: dict[str, bytes], kind: str) -> None:
    found = look(sound[kind])
    assert (found.kind, found.content) == (kind, sound[kind])
    assert bool(found.parts) == (kind != "xls")


def test_parts_are_inflated_but_not_pictures_and_macros(sound: dict[str, bytes]) -> None:
    with zipfile.ZipFile(BytesIO(sound["xlsx"])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    found = look(
        zipped(parts | {"xl/media/image1.png": b"x", "xl/vbaProject.bin": b"y", "a.txt": b"z"})
    )
    assert found.part("xl/workbook.xml") == parts["xl/workbook.xml"]
    assert not {"xl/media/image1.png", "xl/vbaProject.bin", "a.txt"} & set(found.parts)
    assert found.part("xl/none.xml") == b""


HTML = b"<html><body><table><tr><td>1</td></tr></table></body></html>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (HTML, "web_page"), (b"\xef\xbb\xbf" + HTML, "web_page"),
        (b"\r\n  " + HTML.upper(), "web_page"),
        (HTML.decode().encode("utf-16"), "web_page"), (b"<!DOCTYPE html>\n<p>", "web_page"),
        (b'<meta charset="utf-8"><table>', "web_page"), (b"<table border=1><tr>", "web_page"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "web_page"),
        (b'<?xml version="1.0"?><html xmlns="x">', "web_page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:x">', "web_page"),
        (b"%PDF-1.4\n", "pdf_or_image"), (b"\x89PNG\r\n\x1a\n", "pdf_or_image"),
        (b"\xff\xd8\xff\xe1", "pdf_or_image"), (b"GIF89a", "pdf_or_image"),
        (b"a;b\n1;2\n", "plain_text"), (b"a,b\r\n1,2\r\n", "plain_text"),
        (b"\xef\xbb\xbfa\tb\n1\t2", "plain_text"), ("a;b\n1;2\n".encode("utf-16"), "plain_text"),
        (b"Xin gui bieu", "not_a_workbook"), (b"a,b", "not_a_workbook"),
        (b'<?xml version="1.0"?><note/>', "not_a_workbook"), (bytes(100), "not_a_workbook"),
        (bytes(range(0x80, 0x100)), "not_a_workbook"),
        (b"PK\x05\x06" + bytes(18), "not_a_workbook"),
        (b"PK\x03\x04" + bytes(50), "damaged"),
    ],
)  # fmt: skip
def test_what_a_file_is_instead(content: bytes, reason: str) -> None:
    assert refused(content) == reason


@pytest.mark.parametrize("content", [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"])
def test_scan_as_tiff_is_a_picture(content: bytes) -> None:
    assert refused(content + bytes(64)) == "pdf_or_image"


def test_bytes_of_no_text_are_no_text() -> None:
    assert refused(bytes(range(255, 0, -1)) * 4) == "not_a_workbook"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_reason(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", package.OLE_MAGIC):
        try:
            look(start + content)
        except Unreadable as found:
            assert found.reason in REASONS


@given(st.integers(0, 3000), st.integers(0, 255))
def test_damaged_workbook_is_a_workbook_or_refused(at: int, byte: int) -> None:
    content = bytearray(DAMAGED)
    content[at % len(content)] = byte
    try:
        assert look(bytes(content)).kind == "xlsx"
    except Unreadable as found:
        assert found.reason in REASONS
    except ValueError as error:  # the sandbox calls it damaged too; see the next test
        assert "negative seek" in str(error) or isinstance(error, UnicodeDecodeError)


def test_part_that_begins_before_the_file_is_damage() -> None:
    content = bytearray(DAMAGED)
    at = content.rfind(b"PK\x05\x06") + 16  # where the directory is said to begin
    said = int.from_bytes(content[at : at + 4], "little")
    content[at : at + 4] = (said + 256).to_bytes(4, "little")
    assert refused(bytes(content)) == "damaged"


DAMAGED = zipped(
    {
        "[Content_Types].xml": b"<Types/>",
        "xl/workbook.xml": b'<workbook><sheets><sheet name="A"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": worksheet(ONE_CELL).encode(),
    }
)


# --- what must not be opened ----------------------------------------------------------------------


def test_too_large_is_said_before_anything_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_FILE_BYTES", 10)
    assert refused(b"PK\x03\x04" + bytes(20)) == "too_large"


def sheet_file(path: Path, body: str, dimension: str = "A1:B2") -> bytes:
    return write_package(path, worksheet(body, dimension)).read_bytes()


@pytest.mark.parametrize(
    ("dimension", "is_bomb"),
    [("A1:XFD1048576", True), ("A1:A99999999999", True), ("A1:ZZZZ5", True), ("A1:AH1000001", True),
     ("A1:T1000000", False), ("A1:XFD1", False), ("A1", False), ("A1:A1048577", True)],
)  # fmt: skip
def test_claimed_size_of_a_sheet(tmp_path: Path, dimension: str, is_bomb: bool) -> None:
    content = sheet_file(tmp_path / "a.xlsx", ONE_CELL, dimension)
    if is_bomb:
        assert refused(content) == "bomb"
    else:
        assert look(content).kind == "xlsx"


def test_far_cell_is_a_bomb_whatever_is_claimed(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert refused(sheet_file(tmp_path / "a.xlsx", ONE_CELL + far)) == "bomb"
    low = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    assert look(sheet_file(tmp_path / "b.xlsx", ONE_CELL + low)).kind == "xlsx"


def test_inflated_size_and_ratio_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = small_workbook(tmp_path / "a.xlsx")
    parts = read_parts(small)
    assert (
        refused(zipped(parts | {"xl/media/a.bin": bytes(package.MAX_RATIO * 4096 + 1)})) == "bomb"
    )
    monkeypatch.setattr(package, "MAX_INFLATED_BYTES", 500)
    assert refused(small.read_bytes()) == "bomb"


def test_directory_that_lies_about_a_size_is_not_believed(tmp_path: Path) -> None:
    name = b"xl/worksheets/sheet1.xml"
    content = bytearray(sheet_file(tmp_path / "a.xlsx", ONE_CELL * 50))
    # the directory's entry: size 24 bytes after its signature, name 46 bytes after it
    at = content.rfind(name) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    assert refused(bytes(content)) in ("bomb", "damaged")


@pytest.mark.parametrize("what", ["its bytes", "its size", "its sum"])
def test_part_that_is_altered_is_damage_whatever_was_read_before(
    what: str, sound: dict[str, bytes]
) -> None:
    """Small parts come again with every workbook of a form, and are inflated once."""
    content = bytearray(sound["xlsx"])
    look(bytes(content))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entry = archive.getinfo("xl/styles.xml")
    in_directory = content.rfind(b"xl/styles.xml") - 46
    at = {
        "its bytes": entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2,
        "its size": in_directory + 24,
        "its sum": in_directory + 16,
    }[what]
    content[at] ^= 1
    assert refused(bytes(content)) in ("bomb", "damaged")


def test_part_with_much_behind_its_end_is_not_remembered() -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = squeeze.compress(b"<a/>") + squeeze.flush()
    entry = zipfile.ZipInfo("xl/styles.xml")
    entry.compress_type, entry.file_size, entry.CRC = zipfile.ZIP_DEFLATED, 4, zlib.crc32(b"<a/>")
    entry.header_offset = 0
    for behind, is_remembered in ((b"", True), (b"x" * package._SMALL, False)):
        package._inflate_again.cache_clear()
        entry.compress_size = len(packed + behind)
        content = b"PK\x03\x04" + bytes(26) + packed + behind
        assert package._inflated(content, entry) == b"<a/>"
        assert package._inflate_again.cache_info().currsize == is_remembered


@settings(max_examples=300)
@given(st.data())
def test_damaged_parts_are_what_zlib_says_they_are(data: st.DataObject) -> None:
    """What is inflated with another library is the same bytes, or refused as well."""
    whole = b"".join(b'<c r="A%d"><v>%d</v></c>' % (row, row * row) for row in range(200))
    squeeze = zlib.compressobj(data.draw(st.integers(0, 9)), zlib.DEFLATED, -15)
    packed = bytearray(squeeze.compress(whole) + squeeze.flush())
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(packed) - 1), st.integers(0, 255)), max_size=3)
    ):
        packed[at] = byte
    packed = packed[: data.draw(st.integers(0, len(packed)))]
    size = data.draw(st.sampled_from([len(whole), len(whole) - 1, len(whole) + 1, 0]))
    try:
        expected = zlib.decompressobj(-15).decompress(bytes(packed), size + 1)
    except zlib.error:
        expected = b""
    sound = len(expected) == size and zlib.crc32(expected) == zlib.crc32(whole)
    try:
        found = package._inflate(bytes(packed), zipfile.ZIP_DEFLATED, size, zlib.crc32(whole))
    except Unreadable as refused:
        assert not sound
        assert refused.reason in ("bomb", "damaged")
    else:
        assert sound
        assert found == expected


def test_number_of_parts_sheets_and_styles_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = read_parts(small_workbook(tmp_path / "a.xlsx"))
    sheets = b"".join(b'<sheet name="S%d" sheetId="%d"/>' % (n, n) for n in range(501))
    many = parts["xl/workbook.xml"].replace(b"</sheets>", sheets + b"</sheets>")
    assert refused(zipped(parts | {"xl/workbook.xml": many})) == "bomb"
    styles = b"<styleSheet>" + b"<xf />" * 100_001 + b" " * 2**20 + b"</styleSheet>"
    monkeypatch.setattr(package, "MAX_RATIO", 10_000)
    assert refused(zipped(parts | {"xl/styles.xml": styles})) == "bomb"
    monkeypatch.setattr(package, "MAX_PARTS", 3)
    assert refused(zipped(parts)) == "bomb"


def test_names_that_differ_in_capitals_only_are_one_part_twice(tmp_path: Path) -> None:
    parts = read_parts(small_workbook(tmp_path / "a.xlsx"))
    assert refused(zipped(parts | {"xl/Worksheets/Sheet1.xml": b"<worksheet/>"})) == "damaged"


@pytest.mark.parametrize(
    "declared",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]>',
        b"<!doctype a>",
        b"<! ENTITY b>",
        b'<!ENTITY b SYSTEM "f">',
    ],
)
@pytest.mark.parametrize(
    "part", ["xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"]
)
def test_declared_entity_is_refused_in_any_part(tmp_path: Path, declared: bytes, part: str) -> None:
    parts = read_parts(small_workbook(tmp_path / "a.xlsx"))
    assert refused(zipped(parts | {part: declared + b"<a/>"})) == "entities"


@pytest.mark.parametrize("code", ["utf-16", "utf-16-be"])
def test_declared_entity_is_refused_in_wide_letters(tmp_path: Path, code: str) -> None:
    parts = read_parts(small_workbook(tmp_path / "a.xlsx"))
    bom = b"\xfe\xff" if code == "utf-16-be" else b""
    wide = bom + '<!DOCTYPE a [<!ENTITY b "c">]><a/>'.encode(code)
    assert refused(zipped(parts | {"xl/sharedStrings.xml": wide})) == "entities"


@pytest.mark.parametrize(
    ("part", "is_there"),
    [(b"", False), (b"!", False), (b"<", False), (b"<!", True), (b"!<!", True), (b"!<", False),
     (b"a!b!<c<!d", True), (b"!" * 50 + b"< !", False),
     (b"!" * 5_000 + b"<", False), (b"!" * 5_000 + b"<!" + b"!" * 9, True),
     (b"<" * 5_000 + b" !", False), (b"<" * 5_000 + b"!", True)],
)  # fmt: skip
def test_pair_of_bytes_is_seen_wherever_it_stands(part: bytes, is_there: bool) -> None:
    assert has_pair(part, b"<!", rare=1) is is_there
    assert has_pair(part, b"<!", rare=0) is is_there


def test_pair_of_bytes_beyond_the_end_is_not_seen() -> None:
    assert not has_pair(b"c><f", b"<f", rare=0, end=2)
    assert not has_pair(b"<" * 5_000 + b"f", b"<f", rare=0, end=4_000)


def test_comments_and_words_about_entities_are_no_entities(tmp_path: Path) -> None:
    parts = read_parts(small_workbook(tmp_path / "a.xlsx"))
    words = b"<sst><!-- ENTITY --><si><t>&lt;!DOCTYPE a&gt; ENTITY</t></si></sst>"
    assert look(zipped(parts | {"xl/sharedStrings.xml": words})).kind == "xlsx"


# --- passwords ------------------------------------------------------------------------------------


def test_workbook_with_a_password_is_encrypted() -> None:
    locked = biff(0x002F, b"\x01\x00" + bytes(52))
    assert refused(ole({"Workbook": biff_stream(CELLS, globals_extra=locked)})) == "encrypted"
    assert refused(ole({"EncryptedPackage": b"x", "EncryptionInfo": b"y"})) == "encrypted"


def test_other_file_of_the_same_container_is_no_workbook() -> None:
    assert refused(ole({"WordDocument": b"x"})) == "not_a_workbook"


def test_encrypted_ods_is_encrypted() -> None:
    content = ods_content(ods_table(CELLS))
    parts = ods_parts(content, "<manifest:encryption-data/>")
    assert refused(zipped(parts)) == "encrypted"


@pytest.mark.parametrize(
    ("repeated", "is_bomb"),
    [('rows-repeated="1048576"', False), ('rows-repeated="1048577"', True),
     ('rows-repeated="999999999999"', True), ('columns-repeated="16384"', False),
     ('columns-repeated="16385"', True), ('columns-spanned="99999"', True)],
)  # fmt: skip
def test_repeats_of_an_ods_stay_on_the_sheet(tmp_path: Path, repeated: str, is_bomb: bool) -> None:
    row = f"<table:table-row><table:table-cell table:number-{repeated}/></table:table-row>"
    table = f'<table:table table:name="A">{row}</table:table>'
    content = write_parts(tmp_path / "a.ods", ods_parts(ods_content(table))).read_bytes()
    if is_bomb:
        assert refused(content) == "bomb"
    else:
        assert look(content).kind == "ods"


def test_ods_without_a_table_has_no_sheets() -> None:
    assert refused(zipped(ods_parts(ods_content("")))) == "no_sheets"


# --- small things ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "number"), [(b"A", 1), (b"Z", 26), (b"AA", 27), (b"XFD", 16384)]
)
def test_number_of_a_column(letters: bytes, number: int) -> None:
    assert column_number(letters) == number


@pytest.mark.parametrize("reason", REASONS)
def test_refusal_survives_the_way_out_of_a_child_process(reason: str) -> None:
    assert pickle.loads(pickle.dumps(Unreadable(reason))).reason == reason


def test_package_of_an_old_file_has_no_parts() -> None:
    assert Package("xls", b"").part("content.xml") == b""
