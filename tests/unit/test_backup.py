"""A backup holds all that cannot be made again, and a restore trusts nothing in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shared import as_lines, run_kho
from warehouse.backup import BackupError, restore_backup, write_backup
from warehouse.home import Home
from warehouse.ledger import Ledger, Receipt

AT = "2026-07-05 02:00:00"
CONTENTS = (b"first original", b"second original")
Parts = dict[str, bytes]


def keep(home: Home, number: int, content: bytes) -> str:
    """An original in the archive, and its receipt."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = home.archived(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    receipt = Receipt(number, f"STC/{number}.xlsx", sha256, len(content), "STC", AT)
    Ledger(home.ledger).add_receipts([receipt])
    return sha256


def enter_publish(home: Home, build_id: str) -> None:
    ledger = Ledger(home.ledger)
    changes = ledger.write_changes(build_id, as_lines([{"act": "fact_opened", "moment": AT}]))
    sha256 = hashlib.sha256(changes.read_bytes()).hexdigest()
    ledger.add_publish({"build_id": build_id, "as_of": AT, "changes_sha256": sha256})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.create()
    for number, content in enumerate(CONTENTS, start=1):
        keep(place, number, content)
    enter_publish(place, "b1")
    place.contacts.write_text("unit_code,email\nSTC,vanthu@stc.example\n", encoding="utf-8")
    (place.root / "sources.yml").write_text("sources: []\n", encoding="utf-8")
    place.outbox.mkdir()
    (place.outbox / "0a1b.eml").write_bytes(b"Subject: a\r\n\r\nb\r\n")
    for made_again in ("warehouse.duckdb", "logs/kho.jsonl", "dagster/runs.db"):
        (place.root / made_again).write_bytes(b"can be made again")
    return place


@pytest.fixture
def backup(home: Home, tmp_path: Path) -> Path:
    path = tmp_path / "kho.tar.gz"
    write_backup(home, path)
    return path


def files_below(root: Path) -> Parts:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_restored_home_has_byte_for_byte_what_cannot_be_made_again_and_nothing_else(
    home: Home, backup: Path, tmp_path: Path
) -> None:
    restored = Home(tmp_path / "restored")
    contents = restore_backup(backup, restored)
    kept = ("archive/", "ledger/", "outbox/", "contacts.csv", "sources.yml")
    assert files_below(restored.root) == {
        name: content for name, content in files_below(home.root).items() if name.startswith(kept)
    }
    assert (contents.originals, contents.publishes) == (2, 1)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_backup_is_for_its_owner_alone(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600


def test_same_home_gives_the_same_bytes(home: Home, backup: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar.gz"
    write_backup(home, again)
    assert again.read_bytes() == backup.read_bytes()


def test_empty_folder_is_restored_into_and_any_other_is_refused(
    backup: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    restore_backup(backup, Home(empty))
    assert len(Ledger(empty / "ledger").receipts()) == 2
    for name in ("ledger", ".lock"):
        used = tmp_path / f"used{name}"
        used.mkdir()
        (used / name).touch()
        with pytest.raises(BackupError, match="không trống"):
            restore_backup(backup, Home(used))
        assert [path.name for path in used.iterdir()] == [name]
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BackupError, match="không trống"):
        restore_backup(backup, Home(link))


def test_backup_of_a_growing_home_ends_with_complete_lines(home: Home, tmp_path: Path) -> None:
    whole = (home.ledger / "receipts.jsonl").read_bytes()
    with (home.ledger / "receipts.jsonl").open("ab") as file:
        file.write(b'{"v": 1, "receipt_no": 3, "file_pa')  # a night is writing
    Ledger(home.ledger).write_changes("b2", as_lines([{"act": "fact_opened"}]))  # not published
    path, restored = tmp_path / "kho.tar.gz", Home(tmp_path / "restored")
    with home.locked():  # no lock is waited for
        write_backup(home, path)
    restore_backup(path, restored)
    assert (restored.ledger / "receipts.jsonl").read_bytes() == whole
    assert [p["build_id"] for p in Ledger(restored.ledger).publishes()] == ["b1"]


def test_publish_that_a_kill_left_half_entered_is_in_the_backup(home: Home, tmp_path: Path) -> None:
    (home.builds / "b2").mkdir()
    (home.builds / "b2" / "build.json").write_text(json.dumps({"build_id": "b2", "as_of": AT}))
    home.switch_current("b2")
    path, restored = tmp_path / "kho.tar.gz", Home(tmp_path / "restored")
    write_backup(home, path)
    restore_backup(path, restored)
    assert [p["build_id"] for p in Ledger(restored.ledger).publishes()] == ["b1", "b2"]


def test_damaged_or_missing_original_is_said_and_leaves_no_file(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "out" / "kho.tar.gz"
    sha256 = hashlib.sha256(CONTENTS[0]).hexdigest()
    home.archived(sha256).write_bytes(b"FIRST original")
    with pytest.raises(BackupError, match=f"{sha256} trong kho lưu đã bị thay đổi hoặc hỏng"):
        write_backup(home, path)
    home.archived(sha256).unlink()
    with pytest.raises(BackupError, match=f"Kho lưu thiếu tệp gốc {sha256} đã ghi trong sổ"):
        write_backup(home, path)
    assert list(path.parent.iterdir()) == []


def test_backup_overwrites_nothing_and_needs_a_home(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("mine")
    with pytest.raises(BackupError, match="không ghi đè lên tệp nào"):
        write_backup(home, path)
    assert path.read_text() == "mine"
    with pytest.raises(BackupError, match="Không có kho nào ở"):
        write_backup(Home(tmp_path / "nowhere"), tmp_path / "kho.tar.gz")


# --- what others may have made of a backup ------------------------------------------------------


def parts_of(backup: Path) -> Parts:
    with tarfile.open(backup) as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
    return found


def packed(path: Path, parts: Parts, *more: tarfile.TarInfo) -> Path:
    """A tar of these parts, with a manifest that agrees with them unless they have their own."""
    files = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in parts.items()
        if name != "manifest.json"
    }
    manifest = json.dumps({"format": 1, "files": files}).encode()
    with tarfile.open(path, "w:gz") as tar:
        for member in more:
            tar.addfile(member)
        for name, content in ({"manifest.json": b""} | parts | {"manifest.json": manifest}).items():
            if name != "manifest.json":
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    return path


def assert_refused(path: Path, tmp_path: Path, sentence: str) -> None:
    """The sentence, and not a file below or beside the home."""
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BackupError, match=sentence):
        restore_backup(path, Home(tmp_path / "restored"))
    assert set(tmp_path.rglob("*")) == before


HOSTILE_NAMES = (
    "../escaped.txt", "/tmp/kho-escaped.txt", "archive/../../escaped.txt", "ledger/../a.jsonl",
    "current", "builds/b1/kho.duckdb", "dagster/dagster.yaml", "ledger/changes/../x.jsonl",
    "archive/ab/" + "cd" * 32, "outbox/a.eml\n", "./contacts.csv", "contacts.csv/", "archive",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_name_that_no_backup_of_ours_has_is_refused(
    backup: Path, tmp_path: Path, name: str
) -> None:
    path = packed(tmp_path / "hostile.tar.gz", parts_of(backup) | {name: b"x"})
    assert_refused(path, tmp_path, "không thuộc bản sao lưu")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE,
                                  tarfile.FIFOTYPE, tarfile.CHRTYPE])  # fmt: skip
def test_link_folder_or_device_is_refused(backup: Path, tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("contacts.csv")
    member.type, member.linkname = kind, "/etc/passwd"
    parts = parts_of(backup)
    del parts["contacts.csv"]
    path = packed(tmp_path / "hostile.tar.gz", parts, member)
    assert_refused(path, tmp_path, "“contacts.csv” không thuộc bản sao lưu")


def test_member_that_comes_twice_is_refused(backup: Path, tmp_path: Path) -> None:
    member = tarfile.TarInfo("contacts.csv")
    path = packed(tmp_path / "hostile.tar.gz", parts_of(backup), member)
    assert_refused(path, tmp_path, "“contacts.csv” không thuộc bản sao lưu")


def _original_changed(parts: Parts) -> None:
    name = next(name for name in parts if name.startswith("archive/"))
    parts[name] = b"another content, rightly in the manifest"


def _original_missing(parts: Parts) -> None:
    del parts[next(name for name in parts if name.startswith("archive/"))]


def _changes_changed(parts: Parts) -> None:
    parts["ledger/changes/b1.jsonl"] += b'{"act": "fact_opened"}\n'


def _changes_missing(parts: Parts) -> None:
    del parts["ledger/changes/b1.jsonl"]


def _ledger_line_broken(parts: Parts) -> None:
    parts["ledger/receipts.jsonl"] = b"{\n" + parts["ledger/receipts.jsonl"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_original_changed, "không đúng mã băm của nó"),
        (_original_missing, "Kho lưu thiếu tệp gốc"),
        (_changes_changed, "sổ thay đổi của bản b1 không đúng"),
        (_changes_missing, "sổ thay đổi của bản b1 không đúng"),
        (_ledger_line_broken, "không khôi phục gì"),
    ],
)
def test_backup_with_a_manifest_made_to_fit_is_still_held_against_the_ledger(
    backup: Path, tmp_path: Path, change: Callable[[Parts], None], sentence: str
) -> None:
    parts = parts_of(backup)
    change(parts)
    assert_refused(packed(tmp_path / "changed.tar.gz", parts), tmp_path, sentence)


def test_backup_cut_or_changed_anywhere_is_refused(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    damaged = tmp_path / "damaged.tar.gz"
    for cut in (0, 5, len(whole) // 4, len(whole) // 2, len(whole) * 3 // 4):
        damaged.write_bytes(whole[:cut])
        assert_refused(damaged, tmp_path, "bị hỏng hoặc không đầy đủ, không khôi phục gì")
    plain = gzip.decompress(whole)
    for at in range(600, len(plain) - 12_000, 997):
        changed = bytearray(plain)
        changed[at] ^= 0x41
        damaged.write_bytes(gzip.compress(bytes(changed), 1))
        try:
            restore_backup(damaged, Home(tmp_path / "restored"))
        except BackupError:
            continue
        # a byte between members, which says nothing
        again = files_below(tmp_path / "restored")
        assert again and _same_as(backup, again, tmp_path)
        _remove(tmp_path / "restored")


def _same_as(backup: Path, found: Parts, tmp_path: Path) -> bool:
    other = Home(tmp_path / "other")
    restore_backup(backup, other)
    same = files_below(other.root) == found
    _remove(other.root)
    return same


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


# --- the command --------------------------------------------------------------------------------


def test_commands_say_in_vietnamese_what_they_did(home: Home, tmp_path: Path) -> None:
    run = run_kho("backup", "--out", tmp_path, "--home", home.root, "--as-of", "2026-07-06T07:00")
    assert run.returncode == 0, run.stderr
    path = tmp_path / "kho-20260706T070000.tar.gz"
    assert f"Đã sao lưu 2 tệp gốc và sổ ghi của 1 lần phát hành (8 tệp) vào {path}" in run.stdout
    restored = tmp_path / "restored"
    run = run_kho("restore", path, "--home", restored)
    assert run.returncode == 0, run.stderr
    assert "mọi mã băm đều đúng" in run.stdout
    run = run_kho("restore", path, "--home", restored)
    assert (run.returncode, run.stdout) == (1, "")
    assert "không trống" in run.stderr and "Traceback" not in run.stderr
