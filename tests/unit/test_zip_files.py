"""Archives of workbooks: opened under the limits of workbooks, or answered as a whole."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from ingest.originals import place_of
from ingest.package import MAX_MEMBERS, Unreadable, look
from ingest.pull import Pulled, is_wanted_member, pull_sources
from ingest.seen import Seen
from ingest.sources import Source
from ingest.zip_files import is_archive, unpack
from orchestration.check import check_files
from tests.forms.form_books import Form, write_book
from tests.forms.hostile_files import encrypted_entries, small_workbook

LONG_AGO = 1_700_000_000


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return small_workbook(tmp_path_factory.mktemp("book") / "a.xlsx").read_bytes()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / "STC").mkdir(parents=True)
    return tmp_path / "inbox"


def pulled(inbox: Path) -> Pulled:
    seen = Seen.read(inbox.parent / "seen.json")
    found = pull_sources([Source(str(inbox))], inbox.parent / "archive", seen)
    seen.write()
    return found


def refusal(path: Path, folder: Path) -> str:
    """Why an archive is not unpacked; nothing of it may have come into the archive."""
    with pytest.raises(Unreadable) as refused:
        unpack(folder / "archive", is_wanted_member, path)
    assert not [p for p in (folder / "archive").rglob("*") if p.is_file()]
    return refused.value.reason


def test_members_are_received_as_files_of_the_archive(inbox: Path, workbook: bytes) -> None:
    path = zipped(
        inbox / "STC" / "thang6.zip",
        {"a.xlsx": workbook, "Quý 2/b.xlsx": workbook + b"\0", "~$a.xlsx": b"x",
         "__MACOSX/._a.xlsx": b"x"},
    )  # fmt: skip
    os.utime(path, (LONG_AGO, LONG_AGO))
    found = pulled(inbox)
    assert [(file.path, file.sender) for file in found.files] == [
        ("STC/thang6.zip/Quý 2/b.xlsx", "STC"),
        ("STC/thang6.zip/a.xlsx", "STC"),
    ]
    archive = inbox.parent / "archive"
    assert place_of(archive, found.files[1].sha256).read_bytes() == workbook
    assert pulled(inbox).files == found.files


def test_check_answers_for_every_member_of_an_archive_and_for_one_that_stays_shut(
    tmp_path: Path, workbook: bytes
) -> None:
    sound = write_book(tmp_path / "sound.xlsx", [Form("LS-01")]).read_bytes()
    archive = zipped(tmp_path / "thang6.zip", {"TKT/a.xlsx": sound, "b.xlsx": workbook})
    shut = zipped(tmp_path / "shut.zip", {"inner.zip": archive.read_bytes()})
    empty = zipped(tmp_path / "empty.zip", {})
    found = check_files([archive, shut, empty])
    assert [(answer["file"], answer["status"]) for answer in found] == [
        (f"{archive}/TKT/a.xlsx", "ok"),
        (f"{archive}/b.xlsx", "unrecognised"),
        (str(shut), "unreadable"),
        (str(empty), "unreadable"),
    ]
    assert found[2]["findings"][0]["message"] == (
        "Gói nén chứa gói nén khác bên trong nên không được mở."
    )


def test_a_workbook_is_no_archive_nor_is_another_document(inbox: Path, workbook: bytes) -> None:
    (inbox / "STC" / "a.zip").write_bytes(workbook)
    zipped(inbox / "STC" / "b.docx", {"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"})
    zipped(inbox / "STC" / "c.odt", {"mimetype": b"x", "content.xml": b"<a/>"})
    assert [f.path for f in pulled(inbox).files] == ["STC/a.zip", "STC/b.docx", "STC/c.odt"]


@pytest.mark.parametrize(
    "name", ["../a.xlsx", "/a.xlsx", "x/../../a.xlsx", "C:/a.xlsx", "..\\a.xlsx", "a\n.xlsx"]
)
def test_a_name_that_leads_out_is_refused_with_all_of_it(
    tmp_path: Path, workbook: bytes, name: str
) -> None:
    path = zipped(tmp_path / "a.zip", {"good.xlsx": workbook, name: workbook})
    assert refusal(path, tmp_path) == "archive_names"
    with pytest.raises(Unreadable, match="archive_names"):
        look(path.read_bytes())


def test_an_archive_in_an_archive_stays_shut_whatever_its_name(
    tmp_path: Path, workbook: bytes
) -> None:
    inner = zipped(tmp_path / "inner", {"a.xlsx": workbook}).read_bytes()
    path = zipped(tmp_path / "a.zip", {"good.xlsx": workbook, "anh.jpg": inner})
    assert refusal(path, tmp_path) == "archive_nested"


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.xlsx": bytes(50 * 2**20)})
    assert refusal(path, tmp_path) == "bomb"
    many = {f"{number}.xlsx": b"x" for number in range(MAX_MEMBERS + 1)}
    assert refusal(zipped(tmp_path / "b.zip", many), tmp_path) == "bomb"


def test_a_directory_that_lies_about_a_size_is_refused(tmp_path: Path, workbook: bytes) -> None:
    content = bytearray(zipped(tmp_path / "a.zip", {"a.xlsx": workbook}).read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (len(workbook) // 2).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    assert refusal(tmp_path / "a.zip", tmp_path) in ("damaged", "bomb")


def test_a_password_and_half_an_archive_are_refused(tmp_path: Path, workbook: bytes) -> None:
    assert refusal(encrypted_entries(tmp_path / "a.zip"), tmp_path) == "encrypted"
    whole = zipped(tmp_path / "b.zip", {"a.xlsx": workbook, "b.xlsx": workbook}).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path / "b.zip", tmp_path) == "damaged"
    assert not is_archive(whole[:4], BytesIO(whole[: len(whole) // 2]))


def test_a_refused_archive_is_received_as_the_file_that_it_is(inbox: Path, workbook: bytes) -> None:
    zipped(inbox / "STC" / "a.zip", {"../a.xlsx": workbook})
    assert [file.path for file in pulled(inbox).files] == ["STC/a.zip"]
