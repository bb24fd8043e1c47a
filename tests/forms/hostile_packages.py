"""Hostile packages: .xlsx and .ods files whose parts are bombs, entities, tricks with names.

All start from a sound LS-01, so that what is read of them can be told from what should be. Small on
disk: what is large is large only when inflated.
"""

from __future__ import annotations

import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from form_books import Form
from hostile_case import BOMB, BROKEN, READ, SOUND, UNRECOGNISED, Hostile
from old_formats import (
    ods_cell,
    ods_content,
    ods_parts,
    ods_table,
    read_parts,
    record,
    wide,
    write_parts,
    xlsb_parts,
    xlsb_sheet,
)

SHEET, BOOK, STRINGS, STYLES = (
    "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml",
)  # fmt: skip
Make = Callable[[Path], Path]
Edit = Callable[[bytes], bytes]


@cache
def _sound() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sound.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("LS-01")
            for (row, col), value in cells().items():
                if value is not None:
                    sheet.write(row - 1, col - 1, value)
        return read_parts(path)


def sound_parts() -> dict[str, bytes]:
    """The parts of an .xlsx with a correctly filled LS-01."""
    return dict(_sound())


def cells() -> dict[tuple[int, int], str | float | bool | None]:
    return Form("LS-01").layout()


def edited(part: str, edit: Edit) -> Make:
    """A sound workbook with one part edited; the edit must change something."""

    def make(path: Path) -> Path:
        parts = sound_parts()
        before = parts.get(part, b"")
        parts[part] = edit(before)
        assert parts[part] != before, f"nothing edited in {part}"
        return write_parts(path, parts)

    return make


def replaced(part: str, old: bytes, new: bytes) -> Make:
    return edited(part, lambda content: content.replace(old, new, 1))


def added(extra: dict[str, bytes]) -> Make:
    return lambda path: write_parts(path, sound_parts() | extra)


def _rows(xml: bytes) -> Edit:
    """More rows at the end of the sheet."""
    return lambda content: content.replace(b"</sheetData>", xml + b"</sheetData>")


# --- bombs ----------------------------------------------------------------------------------------


def deflated_repeats(head: bytes, block: bytes, times: int, tail: bytes) -> tuple[bytes, int, int]:
    """`head + block * times + tail` deflated without inflating it here: data, crc, size."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = pack.compress(head) + pack.flush(zlib.Z_FULL_FLUSH)
    repeated = pack.compress(block) + pack.flush(zlib.Z_FULL_FLUSH)
    last = pack.compress(tail) + pack.flush()
    crc = zlib.crc32(head)
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    return first + repeated * times + last, zlib.crc32(tail, crc), len(head + tail) + len(
        block
    ) * times  # fmt: skip


def with_raw_entry(
    path: Path, parts: dict[str, bytes], name: str, raw: tuple[bytes, int, int], claim: int | None
) -> Path:
    """A package with one entry whose deflated bytes are given; `claim` is the size it says."""
    others = {key: value for key, value in parts.items() if key != name}
    write_parts(path, others)
    deflated, crc, size = raw
    said = size if claim is None else claim
    body = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start, count = archive.start_dir, len(archive.infolist())
    coded = name.encode()
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, len(deflated), said, len(coded), 0)
    local = b"PK\x03\x04" + fields + coded + deflated
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + bytes(10)
    central += struct.pack("<I", start) + coded
    old = body[start : body.rindex(b"PK\x05\x06")]
    end = b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, count + 1, count + 1, len(old) + len(central), start + len(local), 0
    )
    path.write_bytes(body[:start] + local + old + central + end)
    return path


def _split(part: str, at: bytes) -> tuple[bytes, bytes]:
    content = sound_parts()[part]
    place = content.index(at)
    return content[:place], content[place:]


def inflating(part: str, at: bytes, block: bytes, times: int, claim: int | None = None) -> Make:
    """A sound workbook with a block many times over inside one part. Incompressible bytes beside
    it keep the ratio of the whole file low, so that the ratio alone says nothing."""

    def make(path: Path) -> Path:
        head, tail = _split(part, at)
        raw = deflated_repeats(head, block, times, tail)
        noise = random.Random(4).randbytes(1_200_000)
        return with_raw_entry(path, sound_parts() | {"xl/media/a.bin": noise}, part, raw, claim)

    return make


MB = 2**20
_SPACES = b" " * MB


def overlapping(path: Path) -> Path:
    """A thousand names in the directory for one and the same megabyte."""
    write_parts(path, sound_parts() | {"xl/media/a.bin": _SPACES})
    body = path.read_bytes()
    start = body.rindex(b"PK\x05\x06")
    with zipfile.ZipFile(path) as archive:
        first, entries = archive.start_dir, len(archive.infolist())
    directory = body[first:start]
    one = directory[directory.rindex(b"PK\x01\x02") :]
    names = [f"xl/media/{n:05d}".encode() for n in range(1000)]
    more = b"".join(one.replace(b"xl/media/a.bin", name) for name in names)
    count = entries + len(names)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory) + len(more), first, 0)
    path.write_bytes(body[:start] + more + b"PK\x05\x06" + end)
    return path


def dimension(ref: bytes) -> Make:
    return edited(SHEET, lambda c: re.sub(rb"<dimension[^>]*/>", b"<dimension " + ref + b"/>", c))


def far_cells_without_dimension(path: Path) -> Path:
    parts = sound_parts()
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    parts[SHEET] = _rows(far)(re.sub(rb"<dimension[^>]*/>", b"", parts[SHEET]))
    return write_parts(path, parts)


def dimension_late(path: Path) -> Path:
    """The claim stands behind five thousand spaces, where a look at the head does not see it."""
    parts = sound_parts()
    parts[SHEET] = re.sub(
        rb"<dimension[^>]*/>", b" " * 5000 + b'<dimension ref="A1:XFD1048576"/>', parts[SHEET]
    )
    return write_parts(path, parts)


def ods(table: str, doctype: str = "") -> Make:
    return lambda path: write_parts(path, ods_parts(ods_content(table, doctype)))


def ods_repeats(rows: str, columns: str, filled: bool) -> Make:
    cell = ods_cell("x" if filled else None).replace(
        "<table:table-cell", f'<table:table-cell table:number-columns-repeated="{columns}"', 1
    )
    row = f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    last = f"<table:table-row>{ods_cell('end')}</table:table-row>"
    return ods(ods_table(cells()).replace("</table:table>", row + last + "</table:table>"))


_STRING = b"<si><t/></si>" * 8192
_XF = b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' * 2048
_CELL_ROW = b'<row><c t="b"><v>1</v></c></row>' * 4096


def many_sheets(count: int, has_parts: bool) -> Make:
    def make(path: Path) -> Path:
        parts = sound_parts()
        names = b"".join(
            b'<sheet name="S%d" sheetId="%d" r:id="rId1"/>' % (n, n + 10) for n in range(count)
        )
        assert b"</sheets>" in parts[BOOK]
        parts[BOOK] = parts[BOOK].replace(b"</sheets>", names + b"</sheets>")
        if not has_parts:
            parts[BOOK] = parts[BOOK].replace(b'r:id="rId1"/>', b'r:id="rIdNone"/>')
        return write_parts(path, parts)

    return make


BOMBS = {
    "inflated_size": Hostile(inflating(SHEET, b"<sheetData>", _SPACES, 500), BOMB),
    "lying_size": Hostile(inflating(SHEET, b"<sheetData>", _SPACES, 3000, 5000), (*BOMB, *BROKEN)),
    "lying_size_of_strings": Hostile(
        inflating(STRINGS, b"<si>", _STRING, 20_000, 5000), (*BOMB, *BROKEN)
    ),
    "overlapping_entries": Hostile(overlapping, (*BOMB, *BROKEN)),
    "strings_claimed": Hostile(
        edited(
            STRINGS,
            lambda c: re.sub(
                rb'count="\d+"|uniqueCount="\d+"',
                lambda m: m[0].split(b"=")[0] + b'="4294967295"',
                c,
            )
            if b"ount=" in c
            else c.replace(b"<sst ", b'<sst count="4294967295" uniqueCount="4294967295" '),
        ),
        (SOUND, *BOMB, *BROKEN),
    ),
    "strings_claimed_beyond_numbers": Hostile(
        edited(
            STRINGS,
            lambda c: re.sub(rb'uniqueCount="\d+"', b'uniqueCount="99999999999999999999999"', c),
        ),
        (SOUND, *BOMB, *BROKEN),
    ),
    "strings_real": Hostile(inflating(STRINGS, b"<si>", _STRING, 3000), (*BOMB, UNRECOGNISED)),
    "styles_real": Hostile(
        inflating(STYLES, b"</cellXfs>", _XF, 3000), (*BOMB, *BROKEN, SOUND)
    ),
    "rows_real": Hostile(
        inflating(SHEET, b"</sheetData>", _CELL_ROW, 2500), (*BOMB, *BROKEN, UNRECOGNISED, READ)
    ),
    "merged_ranges_real": Hostile(
        inflating(SHEET, b"</sheetData>", b" " * 512 * 1024, 700), (*BOMB, *BROKEN, SOUND)
    ),
    "one_attribute_of_100_mb": Hostile(
        inflating(SHEET, b'r="A', b"1" * MB, 100), (SOUND, *BOMB, *BROKEN)
    ),
    "deep_nesting": Hostile(
        edited(SHEET, lambda c: c.replace(b"<sheetData>", b"<sheetData>" + b"<a>" * 1_000_000)),
        (*BOMB, *BROKEN),
    ),
    "deep_nesting_of_strings": Hostile(
        edited(STRINGS, lambda c: c.replace(b"<si>", b"<si>" + b"<r>" * 1_000_000, 1)),
        (*BOMB, *BROKEN),
    ),
    "dimension_whole_sheet": Hostile(dimension(b'ref="A1:XFD1048576"'), BOMB),
    "dimension_in_single_quotes": Hostile(dimension(b"ref='A1:XFD1048576'"), (*BOMB, SOUND)),
    "dimension_spaced": Hostile(dimension(b'ref = "A1:XFD1048576"'), (*BOMB, *BROKEN, SOUND)),
    "dimension_late": Hostile(dimension_late, (*BOMB, SOUND)),
    "dimension_beyond_rows": Hostile(
        dimension(b'ref="A1:A99999999999"'), (*BOMB, *BROKEN, SOUND)
    ),
    "dimension_beyond_columns": Hostile(
        dimension(b'ref="A1:ZZZZZZZZ9"'), (*BOMB, *BROKEN, SOUND)
    ),
    "dimension_reversed": Hostile(
        dimension(b'ref="XFD1048576:A1"'), (*BOMB, *BROKEN, SOUND)
    ),
    "dimension_no_address": Hostile(dimension(b'ref="hello"'), (*BROKEN, SOUND)),
    "dimension_empty": Hostile(dimension(b'ref=""'), (*BROKEN, SOUND)),
    "far_cell_without_dimension": Hostile(far_cells_without_dimension, (*BOMB, *BROKEN, SOUND)),
    "sheets_100_000": Hostile(many_sheets(100_000, has_parts=False), (*BOMB, *BROKEN)),
    "sheets_100_000_of_one_part": Hostile(many_sheets(100_000, has_parts=True), (*BOMB, *BROKEN)),
    "names_200_000": Hostile(
        edited(
            BOOK,
            lambda c: c.replace(
                b"</workbook>",
                b"<definedNames>"
                + b"".join(
                    b'<definedName name="n%d">A!$A$1</definedName>' % n for n in range(200_000)
                )
                + b"</definedNames></workbook>",
            ),
        ),
        (*BOMB, *BROKEN, SOUND),
    ),
    "ods_repeated_whole_sheet": Hostile(
        ods_repeats("1048576", "16384", filled=True), (*BOMB, *BROKEN), ".ods"
    ),
    "ods_repeated_empty": Hostile(
        ods_repeats("1048576", "16384", filled=False), (SOUND, *BOMB, *BROKEN), ".ods"
    ),
    "ods_repeated_beyond_sheets": Hostile(
        ods_repeats("2147483647", "2147483647", filled=True), (*BOMB, *BROKEN), ".ods"
    ),
    "ods_repeated_beyond_numbers": Hostile(
        ods_repeats("99999999999999999999", "-1", filled=True), (*BOMB, *BROKEN), ".ods"
    ),
    "xlsb_dimension_whole_sheet": Hostile(
        lambda path: write_parts(
            path,
            xlsb_parts(cells())
            | {"xl/worksheets/sheet1.bin": xlsb_sheet(cells(), (0, 2**20 - 1, 0, 16383))},
        ),
        (*BOMB, SOUND),
        ".xlsb",
    ),
    "xlsb_dimension_beyond_numbers": Hostile(
        lambda path: write_parts(
            path,
            xlsb_parts(cells())
            | {"xl/worksheets/sheet1.bin": xlsb_sheet(cells(), (0, 2**32 - 1, 0, 2**32 - 1))},
        ),
        (*BOMB, *BROKEN, SOUND),
        ".xlsb",
    ),
}  # fmt: skip


# --- entities: nothing may be fetched or expanded ------------------------------------------------


def _doctype(root: str, body: str) -> bytes:
    return f"<!DOCTYPE {root} [{body}]>".encode()


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 12}">' for n in range(10)
)


def _with_doctype(part: str, root: str, body: str) -> Make:
    """The part with a document type, and its first text replaced by the entity `&k;`."""

    def edit(content: bytes) -> bytes:
        content = content[content.index(b"<" + root.encode()) :]
        if part == SHEET:
            content = _rows(
                b'<row r="900"><c r="A900" t="inlineStr"><is><t>&k;</t></is></c></row>'
            )(content)
        elif part == STRINGS:
            content = content.replace(b"<si>", b"<si><t>&k;</t></si><si>", 1)
        elif part == BOOK:
            content = re.sub(rb'(<sheet [^>]*name=")[^"]*', rb"\1&k;", content)
        return b'<?xml version="1.0"?>' + _doctype(root, body) + content

    return edited(part, edit)


def entity_files(url: str, canary: Path) -> dict[str, Hostile]:
    """Entities that point at a server and at a file beside: the test watches both."""
    bodies = {
        "laughs": LAUGHS,
        "quadratic": f'<!ENTITY k "{"x" * 100_000}">',
        "file": f'<!ENTITY k SYSTEM "{canary.as_uri()}">',
        "passwd": '<!ENTITY k SYSTEM "file:///etc/passwd">',
        "http": f'<!ENTITY k SYSTEM "{url}/entity">',
        "parameter": f'<!ENTITY % p SYSTEM "{url}/dtd"> %p;',
        "public": f'<!ENTITY k PUBLIC "-//x" "{url}/public">',
    }
    answers, others = ("entities",), (*BROKEN, "bomb", UNRECOGNISED, READ)
    found: dict[str, Hostile] = {}
    for name, body in bodies.items():
        for part, root in ((SHEET, "worksheet"), (BOOK, "workbook"), (STRINGS, "sst")):
            stem = part.rsplit("/", 1)[1].partition(".")[0]
            found[f"entity_{name}_{stem}"] = Hostile(_with_doctype(part, root, body), answers)
        table = ods_table(cells()).replace("Diện tích keo", "&k;", 1)
        doctype = _doctype("office:document-content", body).decode()
        found[f"entity_{name}_ods"] = Hostile(ods(table, doctype), answers, ".ods")
    for part in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"):
        doctype = _doctype("Types" if part[0] == "[" else "Relationships", bodies["http"])
        found[f"entity_http_in_{re.sub('[^a-z]+', '_', part)}"] = Hostile(
            edited(
                part, lambda c, d=doctype: d + c[c.index(b"<", 5) if c[:5] == b"<?xml" else 0 :]
            ),
            answers,
        )
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary.as_uri()}"/>'
    found["xinclude"] = Hostile(
        edited(SHEET, _rows(f'<row r="900"><c r="A900">{include}</c></row>'.encode())),
        (*others, SOUND),
    )
    sheet = b"<?xml-stylesheet type='text/xsl' href='" + f"{url}/style.xsl".encode() + b"'?>"
    found["xml_stylesheet"] = Hostile(
        edited(SHEET, lambda c: sheet + c[c.index(b"<worksheet") :]), (*others, SOUND)
    )
    schema = f'<worksheet xsi:schemaLocation="{url}/a {url}/b" xmlns:xsi="http://www.w3.org/2001/'
    found["schema_location"] = Hostile(
        replaced(SHEET, b"<worksheet", f'{schema}XMLSchema-instance"'.encode()),
        (*others, SOUND),
    )
    return found | _links(url, canary)


def _links(url: str, canary: Path) -> dict[str, Hostile]:
    """Links and macros: part of many an honest file, so they are read, and never followed."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    linked = (
        f'<externalLink {main}><externalBook xmlns:r="{kind[:-1]}" r:id="rId1"><sheetNames>'
        '<sheetName val="A"/></sheetNames></externalBook></externalLink>'
    )
    found = {}
    for name, target in (("http", f"{url}/book.xlsx"), ("file", canary.as_uri())):
        relations = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{kind}externalLinkPath" Target="{target}"'
            ' TargetMode="External"/></Relationships>'
        )
        found[f"external_link_{name}"] = Hostile(
            added({
                "xl/externalLinks/externalLink1.xml": linked.encode(),
                "xl/externalLinks/_rels/externalLink1.xml.rels": relations.encode(),
            }),
            (SOUND,),
        )  # fmt: skip
    dde = f'<externalLink {main}><ddeLink ddeService="cmd" ddeTopic="/C calc"/></externalLink>'
    found["dde_link"] = Hostile(
        added({"xl/externalLinks/externalLink1.xml": dde.encode()}), (SOUND,)
    )
    connection = (
        f'<connections {main}><connection id="1" type="4" refreshOnLoad="1">'
        f'<webPr url="{url}/query"/></connection></connections>'
    )
    found["web_query"] = Hostile(added({"xl/connections.xml": connection.encode()}), (SOUND,))
    image = f'=IMAGE("{url}/i.png")'
    found["formulas_that_fetch"] = Hostile(
        edited(
            SHEET,
            _rows(
                f'<row r="900"><c r="A900" t="str"><f>WEBSERVICE("{url}/w")</f><v>x</v></c>'
                f'<c r="B900" t="inlineStr"><is><t>{image.replace(chr(34), "&quot;")}</t></is></c>'
                '</row>'.encode()
            ),
        ),
        (SOUND, READ),
    )  # fmt: skip
    found["sheet_outside"] = Hostile(
        edited(
            "xl/_rels/workbook.xml.rels",
            lambda c: re.sub(
                rb'Target="[^"]*sheet1.xml"', f'Target="{canary.as_uri()}"'.encode(), c
            ),
        ),
        BROKEN,
    )
    found["sheet_above"] = Hostile(
        edited(
            "xl/_rels/workbook.xml.rels",
            lambda c: re.sub(
                rb'Target="[^"]*sheet1.xml"', b'Target="../../../../../etc/passwd"', c
            ),
        ),
        BROKEN,
    )
    return found


# --- names inside the zip, macros, nested archives -----------------------------------------------


def symlink(path: Path) -> Path:
    write_parts(path, sound_parts())
    entry = zipfile.ZipInfo("xl/media/link")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    return path


def sheet_is_symlink(path: Path) -> Path:
    parts = sound_parts()
    del parts[SHEET]
    write_parts(path, parts)
    entry = zipfile.ZipInfo(SHEET)
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    return path


def nested(path: Path) -> Path:
    inner = write_parts(path, sound_parts()).read_bytes()
    for _ in range(5):
        write_parts(path, {"a.zip": inner})
        inner = path.read_bytes()
    return path


def other_local_name(path: Path) -> Path:
    """The directory says one name, the entry itself another of the same length."""
    write_parts(path, sound_parts())
    body = path.read_bytes()
    place = body.index(b"xl/worksheets/sheet1.xml")
    path.write_bytes(body[:place] + b"xl/worksheets/sheet9.xml" + body[place + 24 :])
    return path


def duplicate(name: str, text: bytes) -> Make:
    def make(path: Path) -> Path:
        import warnings

        write_parts(path, sound_parts())
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
            warnings.simplefilter("ignore")
            archive.writestr(name, text)
        return path

    return make


def _without_sheets(book: bytes) -> bytes:
    return re.sub(rb"<sheets>.*</sheets>", b"<sheets/>", book)


def chart_only(path: Path) -> Path:
    """One sheet, and it is a chart."""
    parts = sound_parts()
    del parts[SHEET]
    parts["xl/chartsheets/sheet1.xml"] = (
        b'<chartsheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    )
    relations = parts["xl/_rels/workbook.xml.rels"]
    relations = re.sub(rb'Target="[^"]*worksheets/', b'Target="/xl/chartsheets/', relations)
    parts["xl/_rels/workbook.xml.rels"] = relations.replace(
        b"relationships/worksheet", b"relationships/chartsheet"
    )
    return write_parts(path, parts)


def appended(tail: bytes) -> Make:
    def make(path: Path) -> Path:
        path.write_bytes(write_parts(path, sound_parts()).read_bytes() + tail)
        return path

    return make


def _xlsb(part: str, old: bytes, new: bytes) -> Hostile:
    """An .xlsb with a few bytes of one part replaced: each of these has ended a reader."""

    def make(path: Path) -> Path:
        parts = xlsb_parts(cells())
        assert old in parts[part]
        parts[part] = parts[part].replace(old, new, 1)
        return write_parts(path, parts)

    return Hostile(make, (SOUND, READ, UNRECOGNISED, *BROKEN, *BOMB), ".xlsb")


_SHA = "http://www.w3.org/2000/09/xmldsig#sha256"
_ODS_KEY = (
    f'<manifest:encryption-data manifest:checksum-type="{_SHA}" manifest:checksum="AA==">'
    '<manifest:algorithm manifest:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc"'
    ' manifest:initialisation-vector="AA=="/></manifest:encryption-data>'
)

PACKAGES = {
    "path_above": Hostile(added({"../../outside.xml": b"x"}), (SOUND, *BROKEN)),
    "path_absolute": Hostile(added({"/etc/outside.xml": b"x"}), (SOUND, *BROKEN)),
    "path_of_windows": Hostile(added({"C:\\Windows\\x.xml": b"x"}), (SOUND, *BROKEN)),
    "path_with_backslashes": Hostile(added({"xl\\workbook2.xml": b"x"}), (SOUND, *BROKEN)),
    "path_very_long": Hostile(added({"x" * 60_000: b"x"}), (SOUND, *BROKEN)),
    "entry_is_symlink": Hostile(symlink, (SOUND, *BROKEN)),
    "sheet_is_symlink": Hostile(sheet_is_symlink, BROKEN),
    "nested_archives": Hostile(nested, ("archive_nested",)),
    "other_local_name": Hostile(other_local_name, (SOUND, *BROKEN)),
    "duplicate_sheet": Hostile(duplicate(SHEET, b"<worksheet/>"), BROKEN),
    "duplicate_workbook": Hostile(duplicate(BOOK, b"<workbook/>"), BROKEN),
    "duplicate_in_other_case": Hostile(duplicate("XL/Workbook.xml", b"<a/>"), (SOUND, *BROKEN)),
    "macros": Hostile(
        added({"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)}),
        (SOUND,),
        ".xlsm",
    ),
    "named_xls": Hostile(added({}), (SOUND,), ".xls"),
    "named_csv": Hostile(added({}), (SOUND,), ".csv"),
    "ods_named_xlsx": Hostile(ods(ods_table(cells())), (SOUND,)),
    "xlsb_named_xlsx": Hostile(lambda path: write_parts(path, xlsb_parts(cells())), (SOUND,)),
    "bytes_behind": Hostile(appended(b"\0" * 70_000), (SOUND, *BROKEN)),
    "two_zips_behind_each_other": Hostile(
        lambda p: appended(write_parts(p, sound_parts()).read_bytes())(p), (SOUND, *BROKEN)
    ),
    "zero_sheets": Hostile(edited(BOOK, _without_sheets), ("no_sheets", "damaged")),
    "ods_zero_sheets": Hostile(ods(""), ("no_sheets", "damaged"), ".ods"),
    "chart_only": Hostile(chart_only, ("no_sheets", "damaged", UNRECOGNISED)),
    "sheet_missing": Hostile(
        lambda path: write_parts(path, {k: v for k, v in sound_parts().items() if k != SHEET}),
        BROKEN,
    ),
    "strings_missing": Hostile(
        lambda path: write_parts(path, {k: v for k, v in sound_parts().items() if k != STRINGS}),
        (*BROKEN, "crashed"),
    ),
    "styles_missing": Hostile(
        lambda path: write_parts(path, {k: v for k, v in sound_parts().items() if k != STYLES}),
        (SOUND, *BROKEN),
    ),
    "sheet_empty": Hostile(edited(SHEET, lambda c: b""), (*BROKEN, UNRECOGNISED)),
    "workbook_empty": Hostile(edited(BOOK, lambda c: b""), BROKEN),
    "sheet_is_noise": Hostile(
        edited(SHEET, lambda c: random.Random(1).randbytes(5000)), (*BROKEN, UNRECOGNISED)
    ),
    "sheet_in_utf16": Hostile(
        edited(SHEET, lambda c: c.decode().encode("utf-16")), (SOUND, *BROKEN, UNRECOGNISED)
    ),
    "ods_encrypted": Hostile(
        lambda path: write_parts(path, ods_parts(random.Random(2).randbytes(3000), _ODS_KEY)),
        ("encrypted",),
        ".ods",
    ),
    "xlsb_noise": Hostile(
        lambda path: write_parts(
            path,
            xlsb_parts(cells()) | {"xl/worksheets/sheet1.bin": random.Random(3).randbytes(20_000)},
        ),
        (*BROKEN, *BOMB, UNRECOGNISED),
        ".xlsb",
    ),
    "xlsb_relation_missing": _xlsb("xl/workbook.bin", wide("rId1"), wide("rId7")),
    "xlsb_name_longer_than_record": _xlsb("xl/workbook.bin", b"\x05\0\0\0L", b"\xff\xff\xff\xffL"),
    "xlsb_record_longer_than_part": _xlsb(
        "xl/workbook.bin", b"\x9c\x01", b"\x9c\x01\xff\xff\xff\x7f"
    ),
    "xlsb_text_longer_than_record": _xlsb(
        "xl/worksheets/sheet1.bin", wide("STT"), b"\xff\xff\xff\x7fSTT"
    ),
    "xlsb_cell_without_content": _xlsb(
        "xl/worksheets/sheet1.bin", b"\x92\x01\0", b"\x05\0\x06\0\x07\0\x92\x01\0"
    ),
    "xlsb_row_beyond_numbers": _xlsb(
        "xl/worksheets/sheet1.bin",
        b"\x92\x01\0",
        record(0, b"\xff" * 4 + bytes(13)) + record(5, bytes(16)) + b"\x92\x01\0",
    ),
    "xlsb_column_beyond_numbers": _xlsb(
        "xl/worksheets/sheet1.bin",
        b"\x92\x01\0",
        record(5, b"\xff" * 4 + bytes(12)) + b"\x92\x01\0",
    ),
    "xlsb_workbook_noise": Hostile(
        lambda path: write_parts(
            path, xlsb_parts(cells()) | {"xl/workbook.bin": random.Random(5).randbytes(2000)}
        ),
        (*BROKEN, *BOMB),
        ".xlsb",
    ),
}


# --- absurd cells ---------------------------------------------------------------------------------


def _cell(attributes: str, inner: str = "<v>1</v>") -> Make:
    return edited(SHEET, _rows(f'<row r="900"><c {attributes}>{inner}</c></row>'.encode()))


def _value(attributes: str, value: str) -> Make:
    """The one figure of the form (J11) becomes something else. It must not pass as read."""
    cell = f'<c r="J11" {attributes}><v>{value}</v></c>'.encode()
    return edited(SHEET, lambda c: re.sub(rb'<c r="J11"[^>]*>.*?</c>', cell, c, count=1))


def _no_form(address: str) -> Make:
    """A small table that is no form, and one cell far away, as a slip of the hand leaves it."""

    def make(path: Path) -> Path:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for row in range(150):
                sheet.write_row(row, 0, ["Họ và tên", "Năm sinh", "Điểm", row, "Ghi chú"])
            sheet.write(address, "x")
        return path

    return make


def _doubled(content: bytes) -> bytes:
    """The one figure of the form stands twice, with two values: which of them is meant?"""
    return _rows(b'<row r="11"><c r="J11"><v>999</v></c></row>')(content)


# what a search that begins anew at every byte, or tries all ways to take a text apart, never ends
# with: no answer says that time ran out
ENDLESS = {
    "sheet_full_of_marks": inflating(SHEET, b"</sheetData>", b"!" * MB, 60),
    "strings_full_of_marks": inflating(STRINGS, b"</sst>", b"!" * MB, 60),
    "rows_never_closed": inflating(SHEET, b"</sheetData>", b"<row " * 20_000, 1),
    "words_for_rows": inflating(SHEET, b"</sheetData>", b"<" + b"row" * 22_000, 1),
    "cells_never_closed": inflating(
        SHEET, b"</sheetData>", b'<row r="200000"/>' + b"<c " * 20_000, 1
    ),
    "formulas_never_closed": inflating(SHEET, b"</sheetData>", b"<f " * 350_000, 1),
    "spaces_behind_a_formula": inflating(SHEET, b"</sheetData>", b"<f/>" + _SPACES, 1),
    "relations_never_closed": inflating(
        "xl/_rels/workbook.xml.rels", b"</Relationships>", b"<Relationship " * 75_000, 1
    ),
    "attribute_without_a_value": inflating(
        BOOK, b"</sheets>", b"<sheet " + b"a" * MB + b">", 1
    ),
    "format_of_brackets": edited(
        STYLES,
        lambda c: c.replace(
            b"<fonts",
            b'<numFmts count="1"><numFmt numFmtId="200" formatCode="' + b"[" * 100_000
            + b'"/></numFmts><fonts', 1,
        ),
    ),
    "text_of_asterisks": _cell('r="T3" t="inlineStr"', f"<is><t>{'*' * 200} chú</t></is>"),
    "text_of_raised_digits": _cell('r="T3" t="inlineStr"', f"<is><t>{'¹' * 200} chú</t></is>"),
    "text_of_dots": _cell('r="A900" t="inlineStr"', f"<is><t>{'.' * 300_000} chú</t></is>"),
    "text_of_footnotes": _cell('r="A900" t="inlineStr"', f"<is><t>{'(a)' * 100_000}x</t></is>"),
    "figure_of_asterisks": _value('t="str"', "1" + "*" * 200 + "x"),
}  # fmt: skip

ABSURD = {
    **{name: Hostile(make, (SOUND, READ, *BROKEN)) for name, make in ENDLESS.items()},
    "row_1048577": Hostile(
        edited(SHEET, _rows(b'<row r="1048577"><c r="A1048577"><v>1</v></c></row>')),
        (SOUND, *BOMB, *BROKEN),
    ),
    "row_0": Hostile(
        edited(SHEET, _rows(b'<row r="0"><c r="A0"><v>1</v></c></row>')), (SOUND, *BROKEN)
    ),
    "row_negative": Hostile(
        edited(SHEET, _rows(b'<row r="-1"><c r="A-1"><v>1</v></c></row>')), (SOUND, *BROKEN)
    ),
    "row_beyond_numbers": Hostile(
        edited(SHEET, _rows(b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>')),
        (SOUND, *BOMB, *BROKEN),
    ),
    "column_xfe": Hostile(_cell('r="XFE900"'), (SOUND, *BOMB, *BROKEN)),
    "column_beyond_numbers": Hostile(_cell('r="AAAAAAAAAAAAAAAA1"'), (SOUND, *BOMB, *BROKEN)),
    "address_reversed": Hostile(_cell('r="1A"'), (SOUND, *BROKEN)),
    "address_of_spaces": Hostile(_cell('r="   "'), (SOUND, *BROKEN)),
    "address_missing": Hostile(_cell(""), (SOUND, READ, *BROKEN)),
    "out_of_order": Hostile(
        edited(SHEET, _rows(b'<row r="900"><c r="C900"><v>1</v></c><c r="A900"><v>2</v></c></row>'
                            b'<row r="800"><c r="B800"><v>3</v></c></row>')),
        (SOUND, READ, *BROKEN),
    ),
    "doubled_cell": Hostile(edited(SHEET, _doubled), (*BROKEN, READ)),
    "string_index_beyond": Hostile(_value('t="s"', "99999"), (*BROKEN, READ)),
    "string_index_negative": Hostile(_value('t="s"', "-1"), (*BROKEN, READ)),
    "string_index_no_number": Hostile(_value('t="s"', "abc"), (*BROKEN, READ)),
    "string_index_huge": Hostile(_value('t="s"', "18446744073709551615"), (*BROKEN, READ)),
    "style_beyond": Hostile(_cell('r="A900" s="4294967295"'), (SOUND, *BROKEN)),
    "style_negative": Hostile(_cell('r="A900" s="-5"'), (SOUND, *BROKEN)),
    "type_unknown": Hostile(_cell('r="A900" t="zzz"'), (SOUND, *BROKEN)),
    "number_infinite": Hostile(_cell('r="A900"', "<v>1e999</v>"), (SOUND, *BROKEN)),
    "number_nan": Hostile(_cell('r="A900"', "<v>NaN</v>"), (SOUND, *BROKEN)),
    "value_infinite_in_table": Hostile(_value("", "1e999"), (*BROKEN, READ)),
    "value_nan_in_table": Hostile(_value("", "NaN"), (*BROKEN, READ)),
    "value_no_number_in_table": Hostile(_value("", "abc"), (*BROKEN, READ)),
    "value_of_unknown_type": Hostile(_value('t="zzz"', "5"), (*BROKEN, READ)),
    "value_no_boolean": Hostile(_value('t="b"', "7"), (*BROKEN, READ)),
    "value_missing": Hostile(_value('t="s"', ""), (*BROKEN, READ)),
    "stray_cell_in_the_last_row": Hostile(
        edited(SHEET, _rows(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')), (SOUND,)
    ),
    "stray_cell_in_the_last_column": Hostile(_cell('r="XFD900"'), (SOUND,)),
    "stray_cell_and_no_form": Hostile(_no_form("A1048576"), (UNRECOGNISED,)),
    "stray_column_and_no_form": Hostile(_no_form("XFD200"), (UNRECOGNISED,)),
    "text_of_a_million": Hostile(
        _cell('r="A900" t="inlineStr"', f"<is><t>{'x' * 1_000_000}</t></is>"),
        (SOUND, READ, *BROKEN),
    ),
    "control_characters": Hostile(
        _cell('r="A900" t="inlineStr"', "<is><t>a&#0;b&#1;c&#xFFFF;&#xD800;</t></is>"),
        (SOUND, READ, *BROKEN),
    ),
    "markup_in_text": Hostile(
        _cell('r="A900" t="inlineStr"', "<is><t>[bold]&lt;script&gt;[/red]</t></is>"), (SOUND,)
    ),
    "formula_like_texts": Hostile(
        edited(
            SHEET,
            _rows(
                b"".join(
                    b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>'
                    % (900 + n, 900 + n, text)
                    for n, text in enumerate([
                        b"=1+1", b"@SUM(A1:A9)", b"+cmd|' /C calc'!A0", b"-2+3",
                        b"=HYPERLINK(&quot;http://x&quot;)", b"\t=1", b"{=A1}",
                    ])
                )
            ),
        ),
        (SOUND,),
    ),
    "formula_nested": Hostile(
        _cell('r="A900"', f"<f>{'(' * 100_000}1{')' * 100_000}</f><v>1</v>"),
        (SOUND, *BOMB, *BROKEN),
    ),
    "formula_nested_without_value": Hostile(
        _cell('r="A900"', f"<f>{'SUM(' * 20_000}1{')' * 20_000}</f>"),
        (SOUND, READ, *BOMB, *BROKEN),
    ),
    "formula_of_10_mb": Hostile(
        _cell('r="A900"', f"<f>{'A1+' * 3_000_000}1</f><v>1</v>"), (SOUND, *BOMB, *BROKEN)
    ),
    "formulas_shared_without_master": Hostile(
        _cell('r="A900"', '<f t="shared" si="4000000000"/><v>1</v>'), (SOUND, *BROKEN)
    ),
    "formula_shared_over_the_sheet": Hostile(
        _cell('r="A900"', '<f t="shared" ref="A1:XFD1048576" si="0">A1</f>'),
        (SOUND, READ, *BOMB, *BROKEN),
    ),
    "merged_over_the_sheet": Hostile(
        edited(
            SHEET,
            lambda c: c.replace(
                b"</sheetData>",
                b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
            ),
        ),
        (SOUND, READ, *BOMB, *BROKEN),
    ),
}  # fmt: skip


def truncated_files(sources: dict[str, bytes]) -> dict[str, Hostile]:
    """Each file cut at sixteen places: in the magic, in the middle, one byte before the end."""
    found: dict[str, Hostile] = {}
    for suffix, whole in sources.items():
        cuts = sorted({1, 3, 8, 30, len(whole) - 1, *(len(whole) * n // 12 for n in range(1, 12))})
        for cut in cuts:
            found[f"cut_{suffix[1:]}_{cut:05d}"] = Hostile(
                lambda path, part=whole[:cut]: (path.write_bytes(part), path)[1],
                (*BROKEN, "empty_file", "crashed", UNRECOGNISED, READ)
                if suffix == ".xls"
                else (*BROKEN, "empty_file"),
                suffix,
            )
    return found
