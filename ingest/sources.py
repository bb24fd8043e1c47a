"""Pulls files from a source (an fsspec URL) into the archive, unchanged, by their hash.

`<inbox>/<unit code>/<name>`: the first folder says who sent the file. Nothing else is taken from
names; folder names stay text (`05977`).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import fsspec

# at the root of an inbox that `kho simulate` wrote; what else it writes there is no submission
SIMULATION_MARKER = "simulation.json"
_BESIDE_SIMULATION = {SIMULATION_MARKER, "planted_errors.csv"}
# what operating systems and office programs leave beside the files that people made
_NOISE_PREFIXES = ("~$", ".")
_NOISE_NAMES = {"Thumbs.db", "desktop.ini"}
_CHUNK = 2**20


@dataclass(frozen=True)
class PulledFile:
    """A file in the archive. `path` is its place below the inbox, with `/`."""

    path: str
    sha256: str
    size: int

    @property
    def sender(self) -> str:
        """The first folder: the code of the unit that sent the file ('' where there is none)."""
        folder, _, rest = self.path.partition("/")
        return folder if rest else ""


class InboxMissing(FileNotFoundError):
    """The inbox does not exist or cannot be listed."""


def list_inbox(url: str) -> tuple[fsspec.AbstractFileSystem, list[str], str]:
    """The file system of a source, its files in order, and their common root.

    Raises InboxMissing.
    """
    filesystem, root = fsspec.url_to_fs(url)
    if not filesystem.isdir(root):
        raise InboxMissing(f"there is no inbox at {url}")
    paths = sorted(filesystem.find(root))
    beside = _BESIDE_SIMULATION if _has_marker(filesystem, root) else set()
    wanted = [p for p in paths if not _is_noise(p) and _below(p, root) not in beside]
    return filesystem, wanted, root


def _has_marker(filesystem: fsspec.AbstractFileSystem, root: str) -> bool:
    return bool(filesystem.exists(f"{root.rstrip('/')}/{SIMULATION_MARKER}"))


def is_simulated_inbox(url: str) -> bool:
    """Whether an inbox was written by the simulator: its files are marked so in the ledger."""
    filesystem, root = fsspec.url_to_fs(url)
    return _has_marker(filesystem, root)


def _is_noise(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith(_NOISE_PREFIXES) or name in _NOISE_NAMES


def hash_inbox(url: str) -> list[PulledFile]:
    """Hash every file of a source without keeping it."""
    filesystem, paths, root = list_inbox(url)
    found = []
    for path in paths:
        digest, size = hashlib.sha256(), 0
        with filesystem.open(path, "rb") as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        found.append(PulledFile(_below(path, root), digest.hexdigest(), size))
    return found


def pull_inbox(url: str, archive: Path) -> list[PulledFile]:
    """Copy every file of a source into the archive and return them in order of path.

    A file already in the archive is not written again; an original is never changed.
    """
    filesystem, paths, root = list_inbox(url)
    archive.mkdir(parents=True, exist_ok=True)
    pulled = []
    for path in paths:
        temporary = archive / f".incoming-{os.getpid()}"
        digest, size = hashlib.sha256(), 0
        with filesystem.open(path, "rb") as source, temporary.open("wb") as copy:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
                size += len(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        sha256 = digest.hexdigest()
        place = archive / sha256[:2] / sha256
        if place.exists():
            temporary.unlink()
        else:
            place.parent.mkdir(exist_ok=True)
            temporary.chmod(0o444)
            temporary.replace(place)
        pulled.append(PulledFile(_below(path, root), sha256, size))
    return pulled


def _below(path: str, root: str) -> str:
    return path[len(root) :].lstrip("/")
