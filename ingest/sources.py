"""Where files come from: folders and servers that fsspec knows, and what lies in them.

Of the inbox, and of a source without a unit of its own, the first folder says who sent a file:
`<inbox>/<unit code>/<name>`. Nothing else is taken from names; folder names stay text (`05977`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import fsspec

# at the root of an inbox that `kho simulate` wrote; what else it writes there is no submission
SIMULATION_MARKER = "simulation.json"
_BESIDE_SIMULATION = {SIMULATION_MARKER, "planted_errors.csv"}
# what operating systems and office programs leave beside the files that people made
_NOISE_PREFIXES = ("~$", ".")
_NOISE_NAMES = {"Thumbs.db", "desktop.ini"}
_DEEPEST = 12


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


class SecretMissing(LookupError):
    """A variable of the environment that a source names is not set."""


class WrongHostKey(Exception):
    """A server shows another key than the one that was declared, or one that nobody knows."""


@dataclass(frozen=True)
class Retries:
    """How a source is tried: so often, with pauses that double, and never for longer than so many
    seconds in all; a connection that says nothing for `silence` seconds is given up."""

    tries: int = 3
    pause: float = 5
    longest: float = 300
    silence: float = 30


@dataclass(frozen=True)
class Source:
    """One place that files come from.

    `name` and `unit` are '' of the inbox, whose folders say who sent what. `options` gives what
    fsspec needs to connect, secrets too: it is called when a connection is made, and never shown.
    """

    address: str
    name: str = ""
    unit: str = ""
    patterns: tuple[str, ...] = ("*",)
    retries: Retries = Retries()
    options: Callable[[], Mapping[str, Any]] = field(default=dict, repr=False, compare=False)

    def path_in_inbox(self, below: str) -> str:
        """The path that a file is received under: `<unit>/<source>/<path>`, or as in the inbox."""
        if not self.name:
            return below
        return "/".join(filter(None, [self.unit, self.name, below])) if self.unit else below

    def wants(self, below: str) -> bool:
        """Whether a file is one of this source's, by its path or its name."""
        name = below.rpartition("/")[2]
        return any(fnmatchcase(below, p) or fnmatchcase(name, p) for p in self.patterns)


@dataclass(frozen=True)
class Listing:
    """What lies in a source: the files by their path below its root, with what is said of each."""

    filesystem: fsspec.AbstractFileSystem
    root: str
    infos: Mapping[str, Mapping[str, Any]]
    is_simulated: bool


def list_source(source: Source) -> Listing:
    """What a source holds now. Raises InboxMissing, or whatever its file system raises."""
    filesystem, root = connected(source)
    below = dict(sorted(_walk(filesystem, root, root)))
    is_simulated = SIMULATION_MARKER in below
    beside = _BESIDE_SIMULATION if is_simulated else set()
    infos = {
        path: info
        for path, info in below.items()
        if not is_noise(path) and path not in beside and source.wants(path)
    }
    return Listing(filesystem, root, infos, is_simulated)


def connected(source: Source) -> tuple[fsspec.AbstractFileSystem, str]:
    """The file system of a source and the root in it; the connection is this caller's own."""
    options = dict(source.options())
    filesystem, root = fsspec.url_to_fs(source.address, skip_instance_cache=True, **options)
    channel = getattr(getattr(filesystem, "ftp", None), "get_channel", None)
    if channel is not None:  # SFTP: an answer that does not come
        channel().settimeout(source.retries.silence)
    try:
        found = filesystem.info(root)
    except FileNotFoundError:
        raise InboxMissing(f"there is no inbox at {source.address}") from None
    if found["type"] != "directory":
        raise InboxMissing(f"there is no inbox at {source.address}")
    return filesystem, root


def _walk(
    filesystem: fsspec.AbstractFileSystem, root: str, folder: str, depth: int = 0
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every file below a folder. fsspec's own walk passes over what it cannot list."""
    for info in filesystem.ls(folder, detail=True):
        path = str(info["name"])
        if info["type"] == "directory":
            if depth < _DEEPEST:
                yield from _walk(filesystem, root, path, depth + 1)
        elif info["type"] == "file":
            yield path[len(root) :].lstrip("/"), info


def full_path(listing: Listing, below: str) -> str:
    return f"{listing.root.rstrip('/')}/{below}"


def list_inbox(url: str) -> Sequence[str]:
    """The files of an inbox, in order. Raises InboxMissing."""
    return tuple(list_source(Source(url)).infos)


def is_simulated_inbox(url: str) -> bool:
    """Whether an inbox was written by the simulator: its files are marked so in the ledger."""
    filesystem, root = fsspec.url_to_fs(url)
    return bool(filesystem.exists(f"{root.rstrip('/')}/{SIMULATION_MARKER}"))


def is_noise(path: str) -> bool:
    """Whether a program left a file beside those that people made."""
    name = path.rsplit("/", 1)[-1]
    return name.startswith(_NOISE_PREFIXES) or name in _NOISE_NAMES
