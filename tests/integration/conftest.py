"""A home built once for all tests that only read it, by the real command on the real samples."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path

import duckdb
import openpyxl
import pytest

from ingest.normalise import read_number_text
from tests.shared import Run, made_once, run_kho
from tests.unit.mail_home import MailServer
from warehouse.connection import open_published

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT / "samples" / "inbox"
FIRST_NIGHT, SECOND_NIGHT = "2026-11-22T02:00", "2026-11-23T02:00"
THIRD_NIGHT = "2026-11-24T02:00"
CLEAN_NIGHT = "2026-05-20T02:00"
OFFICER = "vanthu@stc.example"
CORRECTED = "HQ6/LS-06_2021-2025.xlsx"
KILLED_AT = "expectations.gate.gate_before_dbt"


@dataclass(frozen=True)
class Built:
    """A home after its first night."""

    home: Path
    output: str

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with open_published(self.home / "current" / "kho.duckdb") as connection:
            return connection.execute(sql).fetchall()


def build_once(factory: pytest.TempPathFactory, name: str, inbox: Path, as_of: str) -> Built:
    """A night on an inbox, once for all test processes."""

    def make(folder: Path) -> None:
        run = run_kho("nightly", "--home", folder, "--inbox", inbox, "--as-of", as_of)
        assert run.returncode == 0, run.stdout + run.stderr
        (folder / "output.txt").write_text(run.stdout, encoding="utf-8")

    home = made_once(factory, name, make)
    return Built(home, (home / "output.txt").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The samples after their first night. Tests must not change it."""
    return build_once(tmp_path_factory, "built_home", SAMPLES, FIRST_NIGHT)


@pytest.fixture(scope="session")
def clean(clean_province: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The clean simulated province after its night. Tests must not change it."""
    return build_once(tmp_path_factory, "clean_province_home", clean_province, CLEAN_NIGHT)


@pytest.fixture
def copied(built: Built, tmp_path: Path) -> Built:
    """A copy of the built home that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(built.home, home, symlinks=True)
    return Built(home, built.output)


@dataclass(frozen=True)
class NextNights:
    """After the first night one that was killed, and one that came to its end."""

    folder: Path

    @property
    def killed(self) -> Path:
        """The home as the killed night left it."""
        return self.folder / "killed"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def completed(self) -> Built:
        home = self.folder / "home"
        return Built(home, (home / "output.txt").read_text(encoding="utf-8"))

    def mails(self, address: str) -> list[EmailMessage]:
        """What the completed night's mail server took for an address."""
        return read_mails(self.folder / "mails", address)


@pytest.fixture(scope="session")
def next_nights(built: Built, tmp_path_factory: pytest.TempPathFactory) -> NextNights:
    """Corrections and bad files come in; the night that is to take them is killed behind the
    reading and judging, and the next night takes them and mails. Once for all test processes;
    tests must not change it."""
    return NextNights(made_once(tmp_path_factory, "next_nights", partial(make_next_nights, built)))


@dataclass(frozen=True)
class AnsweredNight:
    """After what came in was answered, and after a night without news (see answered_night.py)."""

    folder: Path

    @property
    def built(self) -> Built:
        return Built(self.folder / "home", "")

    def mails(self, night: str, address: str) -> list[EmailMessage]:
        return read_mails(self.folder / night[:10], address)

    def output(self, night: str) -> str:
        return (self.folder / night[:10] / "output.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def answered_night(
    next_nights: NextNights, tmp_path_factory: pytest.TempPathFactory
) -> AnsweredNight:
    """Needs LibreOffice. Once for all test processes; tests must not change it."""
    from tests.integration.answered_night import make_answered_night

    make = partial(make_answered_night, next_nights)
    return AnsweredNight(made_once(tmp_path_factory, "answered_night", make))


def make_next_nights(built: Built, folder: Path) -> None:
    shutil.copytree(SAMPLES, folder / "inbox")
    correct_and_spoil(folder / "inbox")
    home = folder / "home"
    shutil.copytree(built.home, home, symlinks=True)
    (home / "contacts.csv").write_text(f"unit_code,email\nSTC,{OFFICER}\n", encoding="utf-8")
    kill_night(KILLED_AT, home, folder / "inbox", SECOND_NIGHT)
    shutil.copytree(home, folder / "killed", symlinks=True)
    run = mailed_night(home, folder / "inbox", THIRD_NIGHT, folder / "mails")
    assert run.returncode == 0, run.stdout + run.stderr
    (home / "output.txt").write_text(run.stdout, encoding="utf-8")


def mailed_night(home: Path, inbox: Path, as_of: str, mails: Path) -> Run:
    """A night with a mail server; what that took is kept in a folder, with whom it was for."""
    server = MailServer()
    server.start()
    run = run_kho(
        "nightly", "--home", home, "--inbox", inbox, "--as-of", as_of,
        environment=server.environment,
    )  # fmt: skip
    server.stop()
    mails.mkdir()
    for number, (content, to) in enumerate(zip(server.contents, server.recipients, strict=True)):
        (mails / f"{number}_{','.join(to)}.eml").write_bytes(content)
    return run


def read_mails(folder: Path, address: str) -> list[EmailMessage]:
    paths = sorted(folder.glob(f"*_{address}.eml"))
    return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]


def correct_and_spoil(inbox: Path) -> None:
    """A figure corrected, amounts in another unit, one cell that is no number any more, and files
    that are no forms."""
    change_cell(inbox / CORRECTED, "LS-06", "L17", "89")
    in_millions(inbox / "SNNMT/LS-05_2021-2025.xlsx")
    change_cell(inbox / "STC/LS-02_LS-03_2021-2025.xlsx", "LS-02", "C13", "15.97l,5")
    (inbox / "STC/van_ban.xlsx").write_text("Không phải bảng tính", encoding="utf-8")
    (inbox / "STC/rong.xlsx").write_bytes(b"")
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512
    (inbox / "SYT/mat_khau.xlsx").write_bytes(encrypted + "EncryptedPackage".encode("utf-16-le"))
    book = openpyxl.Workbook()
    book.active.append(["Họ tên", "Chức vụ"])
    book.save(inbox / "SYT/danh_sach.xlsx")


def in_millions(path: Path) -> None:
    """Say millions for billions in the header of LS-05's amounts, and write them so; the total,
    which was rounded to billions, is made what its parts are."""
    book = openpyxl.load_workbook(path)
    sheet = book["LS-05"]
    [header] = [cell for row in sheet.iter_rows() for cell in row if "(tỷ đồng)" in str(cell.value)]
    header.value = str(header.value).replace("(tỷ đồng)", "(triệu đồng)")
    changed = []
    for row in range(header.row + 2, sheet.max_row + 1):  # below the row of column numbers
        cell = sheet.cell(row, header.column)
        reading = read_number_text(str(cell.value or ""), "vietnamese")
        if reading.value is not None:
            cell.value = float(reading.value * 1000)
            changed.append(cell)
    changed[0].value += 600
    assert len(changed) > 3
    book.save(path)


def kill_night(point: str, home: Path, inbox: Path, as_of: str) -> None:
    """A night that is killed when it calls the function `point`."""
    script = Path(__file__).with_name("killed_night.py")
    killed = subprocess.run(
        [sys.executable, str(script), point, str(home), str(inbox), as_of],
        check=False,
        capture_output=True,
        env=os.environ,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A copy of the samples that a test may change."""
    folder = tmp_path / "inbox"
    shutil.copytree(SAMPLES, folder)
    return folder


@pytest.fixture
def nightly(tmp_path: Path) -> Iterator[Callable[[Path, Path, str], Run]]:
    """Run a night: home, inbox, as-of time."""

    def run(home: Path, source: Path, as_of: str) -> Run:
        return run_kho("nightly", "--home", home, "--inbox", source, "--as-of", as_of)

    yield run


def change_cell(path: Path, sheet: str, address: str, value: str) -> None:
    book = openpyxl.load_workbook(path)
    book[sheet][address] = value
    book.save(path)


def read_all_facts(home: Path) -> dict[str, tuple[object, ...]]:
    """Every current fact of the published file: key to value, text and cell."""
    columns = {
        "fct_budget": "amount_vnd",
        "fct_investment": "coalesce(amount_vnd, amount_usd, quantity)",
        "fct_indicator": "value",
        "fct_trade": "coalesce(value_usd, quantity)",
        "fct_target": "value_low",
    }
    found: dict[str, tuple[object, ...]] = {}
    with duckdb.connect(str((home / "current" / "kho.duckdb").resolve()), read_only=True) as c:
        for table, value in columns.items():
            rows = c.execute(
                f"select fact_key, {value}, value_text, cell_ref from {table} where is_current"
            ).fetchall()
            for key, *rest in rows:
                assert key not in found, f"{key} stands twice"
                found[key] = tuple(rest)
    return found
