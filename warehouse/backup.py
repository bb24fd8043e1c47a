"""Backups of a home: what cannot be made again, in one file with the hash of every part.

    archive/<ab>/<sha256>      originals
    ledger/*.jsonl             receipts, acts, verdicts, publishes, mails
    ledger/changes/<build>     what each publish changed
    outbox/*.eml               mails that no server has
    contacts.csv, sources.yml  what the data team keeps in the home
    manifest.json              the last member: size and sha256 of every other one

Builds, working file, caches and the run pages follow from these and are not taken along.

A backup takes no lock, so it keeps no night waiting. It reads in the opposite order of writing:
publishes before the changes that they name, the ledger before the archive that it names, each file
up to its last complete line. What a night writes meanwhile is either whole in it or not in it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from warehouse.acts import ActLedger, expunged
from warehouse.home import Home, HomeBusy, sync_folder
from warehouse.ledger import Ledger, LedgerError
from warehouse.publish import recover

FORMAT = 1
MANIFEST = "manifest.json"
_BESIDE = ("contacts.csv", "sources.yml")
_CHUNK = 2**20
_LARGEST_MANIFEST = 2**28
# nothing else is ever written below a home by a restore, whatever a backup calls its members
_ALLOWED = re.compile(
    r"archive/(?P<ab>[0-9a-f]{2})/(?P<sha256>(?P=ab)[0-9a-f]{62})"
    r"|ledger/[a-z_]+\.jsonl|ledger/changes/[0-9A-Za-z-]+\.jsonl|outbox/[0-9a-f]+\.eml"
    r"|contacts\.csv|sources\.yml",
    re.ASCII,
)


class BackupError(RuntimeError):
    """A backup that cannot be made, or not be trusted. The message is for the data team."""


@dataclass(frozen=True)
class Contents:
    """What a backup holds, for the closing words."""

    files: int
    originals: int
    publishes: int
    bytes: int


# --- making one ---------------------------------------------------------------------------------


def write_backup(home: Home, target: Path) -> Contents:
    """Write a backup of `home` to the new file `target`, whole or not at all.

    The same home gives the same bytes. Raises BackupError where there is nothing to keep, an
    original is missing or is not what its hash says, or the file exists; LedgerError.
    """
    if not home.ledger.is_dir():
        raise BackupError(f"Không có kho nào ở {home.root}.")
    if target.exists():
        raise BackupError(f"Đã có tệp {target}; bản sao lưu không ghi đè lên tệp nào.")
    try:  # a publish that a kill left half entered belongs to what readers have seen
        with home.locked():
            recover(home)
    except HomeBusy:
        pass  # the night that runs enters its own
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            contents = _write(home, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).rename(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
    return contents


def _write(home: Home, file: IO[bytes]) -> Contents:
    entries: dict[str, dict[str, Any]] = {}
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=file, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path, size in _parts(home):
            entries[name] = _add(tar, name, path, size)
        originals = _originals(home)
        for sha256, path in originals.items():
            name = f"archive/{sha256[:2]}/{sha256}"
            entries[name] = _add(tar, name, path, path.stat().st_size)
            if entries[name]["sha256"] != sha256:
                raise BackupError(
                    f"Tệp gốc {sha256} trong kho lưu đã bị thay đổi hoặc hỏng. Đề nghị lấy lại tệp "
                    "này từ bản sao lưu trước, rồi sao lưu lại."
                )
        publishes = len(Ledger(home.ledger).publishes())
        manifest = {"format": FORMAT, "files": entries}
        content = json.dumps(manifest, ensure_ascii=False, indent=0, sort_keys=True).encode()
        tar.addfile(_member(MANIFEST, len(content)), io.BytesIO(content))
    return Contents(
        len(entries), len(originals), publishes, sum(entry["bytes"] for entry in entries.values())
    )


def _parts(home: Home) -> Iterator[tuple[str, Path, int]]:
    """Everything but the archive, in an order that is consistent while a night appends: name in the
    backup, path, and how many bytes of it count."""
    ledger = home.ledger
    # a publish line is the last that a night writes of a build: read first, all it names is there.
    # A mail is in the outbox before its act is in the ledger, and taken out after.
    first = [ledger / "publishes.jsonl", ledger / "mail.jsonl"]
    lines = [*first, *sorted(path for path in ledger.glob("*.jsonl") if path not in first)]
    for path in [path for path in lines if path.exists()]:
        yield f"ledger/{path.name}", path, _complete_lines(path)
    for path in sorted((ledger / "changes").glob("*.jsonl")):
        yield f"ledger/changes/{path.name}", path, path.stat().st_size
    for path in sorted(home.outbox.glob("*.eml")):
        yield f"outbox/{path.name}", path, path.stat().st_size
    for path in (home.root / name for name in _BESIDE):
        if path.is_file():
            yield path.name, path, path.stat().st_size


def _complete_lines(path: Path) -> int:
    """The size of a growing file up to the end of its last complete line."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        while size:
            start = max(0, size - _CHUNK)
            file.seek(start)
            found = file.read(size - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            size = start
    return 0


def _originals(home: Home) -> dict[str, Path]:
    """The archived file of every receipt, by hash, but for what was expunged."""
    gone = set(expunged(ActLedger(home.ledger).acts()))
    shas = sorted({receipt.file_sha256 for receipt in Ledger(home.ledger).receipts()} - gone)
    found = {sha256: home.archived(sha256) for sha256 in shas}
    if missing := [sha256 for sha256, path in found.items() if not path.is_file()]:
        more = f" (và {len(missing) - 1} tệp khác)" if len(missing) > 1 else ""
        raise BackupError(
            f"Kho lưu thiếu tệp gốc {missing[0]}{more} đã ghi trong sổ tiếp nhận. Đề nghị lấy lại "
            "tệp từ bản sao lưu trước, rồi sao lưu lại."
        )
    return found


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, 0
    return member


def _add(tar: tarfile.TarFile, name: str, path: Path, size: int) -> dict[str, Any]:
    with path.open("rb") as file:
        reader = _Hashing(file)
        try:
            tar.addfile(_member(name, size), cast(IO[bytes], reader))
        except OSError as error:
            if reader.count < size:  # it became shorter while it was read
                raise BackupError(
                    f"Tệp {path} thay đổi trong lúc sao lưu. Đề nghị chạy lại."
                ) from error
            raise
    return {"bytes": size, "sha256": reader.digest.hexdigest()}


class _Hashing:
    """Reads a file and hashes what it gives out."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        self.count += len(content)
        return content


# --- restoring one ------------------------------------------------------------------------------

_DAMAGED = "Bản sao lưu bị hỏng hoặc không đầy đủ, không khôi phục gì"


def restore_backup(backup: Path, home: Home) -> Contents:
    """Put what a backup holds into a home that does not exist or is an empty folder.

    Everything is written beside it and checked first: the home is there whole, or not at all.
    Raises BackupError for a home with anything in it and for a backup that is damaged, incomplete
    or holds what no backup of ours does.
    """
    target = home.root
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise BackupError(
            f"{target} không trống. Chỉ khôi phục vào thư mục mới hoặc thư mục trống, để không lẫn "
            "hai kho với nhau."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        contents = _unpack(backup, staging)
        _check_ledger(Home(staging))
        _sync_tree(staging)
        try:
            staging.rename(target)
        except OSError:
            raise BackupError(
                f"Không đặt được kho vào {target}. Đề nghị chọn một thư mục con, chưa có."
            ) from None
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return contents


def _unpack(backup: Path, folder: Path) -> Contents:
    written: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(backup, mode="r|gz") as tar:
            for member in tar:
                if manifest is not None or not member.isreg() or member.name in written:
                    raise BackupError(f"{_DAMAGED}: “{member.name[:80]}” không thuộc bản sao lưu.")
                source = tar.extractfile(member)
                assert source is not None  # a regular file
                if member.name == MANIFEST and member.size <= _LARGEST_MANIFEST:
                    manifest = json.loads(source.read())
                    continue
                if _ALLOWED.fullmatch(member.name) is None:
                    raise BackupError(f"{_DAMAGED}: “{member.name[:80]}” không thuộc bản sao lưu.")
                if member.size > shutil.disk_usage(folder).free:
                    raise BackupError("Ổ đĩa không đủ chỗ để khôi phục.")
                mode = 0o400 if member.name.startswith("archive/") else 0o600
                written[member.name] = _extract(source, folder / member.name, mode)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise BackupError(f"Không đọc hoặc ghi được tệp: {error.strerror}.") from None
        raise BackupError(f"{_DAMAGED}: tệp không đọc được đến hết.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError(f"{_DAMAGED}: thiếu danh mục, hoặc danh mục của phiên bản khác.")
    expected = manifest.get("files")
    if written != expected:
        known = expected if isinstance(expected, dict) else {}
        names = sorted(n for n in {*written, *known} if written.get(n) != known.get(n))
        raise BackupError(f"{_DAMAGED}: “{names[0] if names else MANIFEST}” không đúng danh mục.")
    originals = 0
    for name, entry in written.items():
        if found := _ALLOWED.fullmatch(name):
            sha256 = found["sha256"]
            originals += sha256 is not None
            if sha256 is not None and sha256 != entry["sha256"]:
                raise BackupError(f"{_DAMAGED}: tệp gốc {sha256} không đúng mã băm của nó.")
    total = sum(entry["bytes"] for entry in written.values())
    return Contents(len(written), originals, len(Ledger(folder / "ledger").publishes()), total)


def _extract(source: IO[bytes], path: Path, mode: int) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
            size += len(chunk)
    path.chmod(mode)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _check_ledger(home: Home) -> None:
    """What the ledger names is there, and is what it was."""
    ledger = Ledger(home.ledger)
    try:
        _originals(home)
        acts = ActLedger(home.ledger).acts()
        redacted = {b: sha for act in expunged(acts).values() for b, sha in act.redacted.items()}
        for publish in ledger.publishes():
            build_id, path = publish["build_id"], ledger.change_file(publish["build_id"])
            said = redacted.get(build_id, publish.get("changes_sha256"))
            if said is None:  # of a time when a publish did not say it
                continue
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != said:
                raise BackupError(f"{_DAMAGED}: sổ thay đổi của bản {build_id} không đúng.")
    except LedgerError as error:
        raise BackupError(f"{_DAMAGED}: {error}") from None


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(folder)
