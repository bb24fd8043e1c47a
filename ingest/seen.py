"""What files looked like when they were last hashed, so that they need not be hashed again:
`<home>/seen.json`, disposable.

A signature is everything that a file system says of a file's state: size and time, on this machine
also the time of the last change of the file itself (which no program sets back) and its number, on
others a version where the server gives one. A file that changed shortly before it was looked at may
change again without its times showing it: its signature is not relied on.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_VERSION = 1
# nanoseconds; clocks of other machines may go wrong by so much
_SURE_HERE, _SURE_THERE = 2 * 10**9, 3600 * 10**9
_TIMES = ("mtime", "created", "LastModified", "last_modified", "modified")
_VERSIONS = ("ino", "ETag", "etag", "version_id", "md5", "md5Hash", "checksum")


@dataclass(frozen=True)
class Known:
    """A file as it was: its signature, and the hash of what it held."""

    signature: str
    sha256: str
    size: int
    # of an archive (.zip): its members as path, hash, size
    members: tuple[tuple[str, str, int], ...] | None = None


def signature_of(info: Mapping[str, Any]) -> str:
    """The signature of a file, from what fsspec says of it."""
    said = {name: info[name] for name in ("size", *_TIMES, *_VERSIONS) if info.get(name)}
    return json.dumps(said, default=str, sort_keys=True)


def is_sure(info: Mapping[str, Any], looked_at: int) -> bool:
    """Whether a file was at rest when it was looked at (nanoseconds since 1970)."""
    times = [_nanoseconds(info[name]) for name in _TIMES if info.get(name)]
    sure = _SURE_HERE if "ino" in info else _SURE_THERE
    return bool(times) and max(times) < looked_at - sure


def _nanoseconds(moment: Any) -> int:
    seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
    return int(seconds * 10**9)


@dataclass
class Seen:
    """Files of sources by source and path, and originals of the archive by hash."""

    path: Path
    files: dict[str, dict[str, Known]] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Seen:
        """What was seen; nothing where the file is missing, torn or of another version."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["version"] != _VERSION:
                return cls(path)
            files = {
                source: {
                    name: Known(k[0], k[1], k[2], None if k[3] is None else
                                tuple((m[0], m[1], m[2]) for m in k[3]))
                    for name, k in known.items()
                }
                for source, known in content["files"].items()
            }  # fmt: skip
            return cls(path, files, dict(content["originals"]))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return cls(path)

    def known(self, source: str, path: str, info: Mapping[str, Any]) -> Known | None:
        """What a file held, where it still looks the same."""
        found = self.files.get(source, {}).get(path)
        return found if found is not None and found.signature == signature_of(info) else None

    def write(self) -> None:
        content = {
            "version": _VERSION,
            "files": {
                source: {n: [k.signature, k.sha256, k.size, k.members] for n, k in known.items()}
                for source, known in self.files.items()
            },
            "originals": self.originals,
        }
        unfinished = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        unfinished.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(self.path)


def now() -> int:
    """The machine's clock, to be held against its files' times; no build depends on it."""
    return time.time_ns()
