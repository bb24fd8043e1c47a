"""The archive: originals by their hash, never changed; and whether it still holds what it held."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from ingest.fingerprint import sha256_of
from ingest.seen import Seen

MISSING, ALTERED = "missing", "altered"


class ArchiveUnwritable(RuntimeError):
    """The archive cannot be written to: a fault of this machine (a full disk), of no sender."""


def place_of(archive: Path, sha256: str) -> Path:
    return archive / sha256[:2] / sha256


class Incoming:
    """A file on its way into the archive: written beside it, then moved to its hash."""

    def __init__(self, archive: Path, file: FileIO, temporary: Path) -> None:
        self._archive, self._file, self._temporary = archive, file, temporary
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        rest = memoryview(chunk)
        with _ours():
            while rest:
                rest = rest[self._file.write(rest) :]
        self.size += len(chunk)

    def done(self, lost: Iterable[str] = ()) -> str:
        """Put it in its place; returns its hash. An original that is there is not written again,
        unless it is one of the `lost`."""
        sha256 = self._digest.hexdigest()
        place = place_of(self._archive, sha256)
        if place.exists() and sha256 not in lost:
            return sha256
        with _ours():
            os.fsync(self._file.fileno())
            place.parent.mkdir(exist_ok=True)
            self._temporary.chmod(0o444)
            self._temporary.replace(place)
            _sync_folder(place.parent)
        return sha256


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnwritable(f"the archive cannot be written: {error.strerror}") from error


@contextmanager
def incoming(archive: Path) -> Iterator[Incoming]:
    """Take a file in; nothing stays of one that was not `done`."""
    temporary = archive / f".incoming-{os.getpid()}-{threading.get_ident()}"
    try:
        with _ours():
            archive.mkdir(parents=True, exist_ok=True)
            # unbuffered: nothing is left to be written when it is closed
            file = temporary.open("wb", buffering=0)
        with file:
            yield Incoming(archive, file, temporary)
    finally:
        temporary.unlink(missing_ok=True)


def clear_incoming(archive: Path) -> None:
    """Remove what a killed build was taking in. Call only while holding the home's lock."""
    for leftover in archive.glob(".incoming-*"):
        leftover.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lost_originals(
    archive: Path, hashes: Iterable[str], seen: Seen, *, anew: bool = False
) -> dict[str, str]:
    """Which originals are missing or altered, by hash; what looks as it did is not hashed again,
    unless `anew`. Enters into `seen` what was found whole."""
    lost = {}
    for sha256 in hashes:
        place = place_of(archive, sha256)
        try:
            state = place.stat()
        except OSError:
            lost[sha256] = MISSING
            seen.originals.pop(sha256, None)
            continue
        looks = f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"
        if not anew and seen.originals.get(sha256) == looks:
            continue
        if sha256_of(place) == sha256:
            seen.originals[sha256] = looks
        else:
            lost[sha256] = ALTERED
            seen.originals.pop(sha256, None)
    return lost
