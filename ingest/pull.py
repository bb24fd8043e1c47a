"""Pulls the files of all sources into the archive: each source by itself, only what looks new.

A source that is not there, is slow, breaks off or is written to while it is read costs itself
alone: it is tried again with growing pauses, and what could not be had is said and left for the
next night. A file counts once it was read whole: its size and time before and after are the same,
and that many bytes came.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ingest.fingerprint import sha256_of
from ingest.originals import ArchiveUnwritable, Incoming, incoming, place_of
from ingest.package import Unreadable
from ingest.sandbox import read_isolated
from ingest.seen import Known, Seen, is_sure, now, signature_of
from ingest.sources import (
    InboxMissing,
    Listing,
    PulledFile,
    SecretMissing,
    Source,
    WrongHostKey,
    full_path,
    is_noise,
    list_source,
)
from ingest.zip_files import is_archive, unpack

_CHUNK = 2**18
_AT_ONCE = 8
_HEAD = 4
Pause = Callable[[float], None]


class Problem(NamedTuple):
    """What could not be had: of which source, which file ('' for all of it), why (a key of
    PROBLEMS_VI), after how many tries. Never what a server or a library said: it may hold a
    password."""

    source: str
    unit: str
    path: str
    why: str
    tries: int

    @property
    def says_vi(self) -> str:
        whose = f"nguồn {self.source}" if self.source else "nguồn tệp"
        if self.unit:
            whose += f" (đơn vị {self.unit})"
        what = f", tệp {self.path}" if self.path else ""
        return f"{whose}{what}: {PROBLEMS_VI[self.why]} (đã thử {self.tries} lần)"


PROBLEMS_VI = {
    "missing": "không có thư mục này",
    "file_gone": "tệp không còn ở nơi gửi",
    "unreachable": "không kết nối được",
    "refused": "nơi gửi từ chối đăng nhập hoặc không cho đọc",
    "host_key": "khóa của máy chủ không đúng với khóa đã khai báo",
    "silent": "nơi gửi không trả lời trong thời gian cho phép",
    "slow": "quá thời gian cho phép",
    "dropped": "kết nối bị ngắt giữa chừng",
    "half": "tệp nhận về không đủ so với nơi gửi",
    "changing": "tệp đang được ghi",
    "same_path": "trùng đường dẫn với tệp của nguồn khác",
    "no_secret": "chưa có biến môi trường đã khai báo",
    "failed": "lỗi khi đọc",
}


class _NotWhole(Exception):
    """A file was not read whole; the text is a key of PROBLEMS_VI."""


def why_of(error: BaseException) -> str:
    """What went wrong, as a key of PROBLEMS_VI; by class alone, for messages may hold secrets."""
    names = {each.__name__ for each in type(error).__mro__}
    match error:
        case _NotWhole():
            return str(error)
        case SecretMissing():
            return "no_secret"
        case WrongHostKey():
            return "host_key"
        case InboxMissing():
            return "missing"
        case TimeoutError():
            return "silent"
        case FileNotFoundError():
            return "file_gone"
        case PermissionError():
            return "refused"
        case EOFError() | ConnectionResetError() | BrokenPipeError():
            return "dropped"
    if "BadHostKeyException" in names:
        return "host_key"
    if "AuthenticationException" in names:
        return "refused"
    if names & {"ConnectionError", "gaierror", "NoValidConnectionsError"}:
        return "unreachable"
    if names & {"SSHException", "SFTPError"}:
        return "dropped"
    return "unreachable" if isinstance(error, OSError) else "failed"


@dataclass
class Pulled:
    """What a pull brought: the files of all sources in order, what was hashed, what failed."""

    files: list[PulledFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hashed: int = 0
    hashed_bytes: int = 0
    is_simulated: bool = False


@dataclass
class _Task:
    """The work on one source: what it brought so far, and what is still wanted."""

    source: Source
    archive: Path
    seen: Seen
    anew: bool
    lost: Collection[str]
    pause: Pause
    found: dict[str, Known] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    is_simulated: bool = False
    hashed: int = 0
    hashed_bytes: int = 0

    def run(self) -> _Task:
        """Try until all is there, the tries are used up, or the time is."""
        retries = self.source.retries
        ends = time.monotonic() + retries.longest
        failed: dict[str, str] = {"": "unreachable"}
        tries = 0
        while failed and tries < retries.tries and time.monotonic() < ends:
            if tries:
                wait = retries.pause * 2 ** (tries - 1)
                self.pause(min(wait, max(0.0, ends - time.monotonic())))
            tries += 1
            failed = self._try(ends)
        self.problems = [
            Problem(self.source.name, self.source.unit, path, why, tries)
            for path, why in failed.items()
        ]
        return self

    def _try(self, ends: float) -> dict[str, str]:
        """One connection: what failed, by path ('' for all of the source)."""
        listing = None
        try:
            looked_at = now()
            listing = list_source(self.source)
            self.is_simulated = listing.is_simulated
            self.listed = list(listing.infos)
            failed: dict[str, str] = {}
            for path, info in listing.infos.items():
                if path in self.found:
                    continue
                known = None if self.anew else self.seen.known(self.source.name, path, info)
                if known is not None and not _holds(known, self.lost):
                    self.found[path] = known
                    self.sure.add(path)
                    continue
                try:
                    if time.monotonic() > ends:
                        raise _NotWhole("slow")
                    self._take(listing, path, looked_at, ends)
                except ArchiveUnwritable:
                    raise
                except Exception as error:
                    failed[path] = why_of(error)
                    if failed[path] in ("dropped", "silent", "unreachable", "slow"):
                        # the connection is of no use any more; the others wait for the next one
                        rest = [p for p in listing.infos if p not in self.found]
                        return dict.fromkeys(rest, failed[path])
            return failed
        except ArchiveUnwritable:
            raise
        except Exception as error:
            return {"": why_of(error)}
        finally:
            _close(listing)

    def _take(self, listing: Listing, path: str, looked_at: int, ends: float) -> None:
        place = full_path(listing, path)
        filesystem = listing.filesystem
        filesystem.invalidate_cache()
        before = filesystem.info(place)
        with incoming(self.archive) as copy:
            with filesystem.open(place, "rb", **_whole(filesystem)) as source:
                head = self._copy(source, copy, ends)
            after = filesystem.info(place)
            if signature_of(before) != signature_of(after):
                raise _NotWhole("changing")
            if copy.size != before["size"]:
                raise _NotWhole("half")
            sha256, size = copy.done(self.lost), copy.size
        self.hashed += 1
        self.hashed_bytes += size
        old = self.seen.files.get(self.source.name, {}).get(path)
        is_old = old is not None and old.sha256 == sha256 and old.members and not self.lost
        members = old.members if old is not None and is_old else self._unpacked(sha256, head)
        self.found[path] = Known(signature_of(after), sha256, size, members)
        if is_sure(after, looked_at):
            self.sure.add(path)

    def _copy(self, source: Any, copy: Incoming, ends: float) -> bytes:
        head = b""
        while chunk := source.read(_CHUNK):
            head = head or bytes(chunk[:_HEAD])
            copy.write(chunk)
            if time.monotonic() > ends:
                raise _NotWhole("slow")
        return head

    def _unpacked(self, sha256: str, head: bytes) -> tuple[tuple[str, str, int], ...] | None:
        """The members of a file that is an archive and may be opened; None of any other."""
        place = place_of(self.archive, sha256)
        with place.open("rb") as file:
            if not is_archive(head, file):
                return None
        work = partial(unpack, self.archive, is_wanted_member)
        [(_, members)] = read_isolated(work, [place], 1)
        return None if isinstance(members, Unreadable) else tuple(map(tuple, members))  # type: ignore[arg-type]


def _holds(known: Known, lost: Collection[str]) -> bool:
    """Whether a file, or a member of it, is one of the lost."""
    return known.sha256 in lost or any(sha256 in lost for _, sha256, _ in known.members or ())


def is_wanted_member(path: str) -> bool:
    """Whether a member of an archive is a file that somebody made."""
    return not is_noise(path) and not path.startswith("__MACOSX/")


def _whole(filesystem: Any) -> dict[str, Any]:
    """A file that is read once from begin to end needs no cache of its blocks."""
    return {} if "file" in _protocols(filesystem) or "sftp" in _protocols(filesystem) else {
        "cache_type": "readahead"}  # fmt: skip


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _close(listing: Listing | None) -> None:
    """Let go of a connection, where the file system holds one of its own."""
    client = getattr(listing.filesystem, "client", None) if listing is not None else None
    if client is not None and hasattr(client, "close"):
        client.close()


def pull_sources(
    sources: Sequence[Source],
    archive: Path,
    seen: Seen,
    *,
    anew: bool = False,
    lost: Collection[str] = (),
    pause: Pause = time.sleep,
) -> Pulled:
    """Copy what is new in every source into the archive; all that lies there now, in order.

    What looks as it did when it was `seen` is not read again, unless `anew`; `lost` are originals
    that the archive does not hold any more, written again where a source still has them. `seen`
    knows afterwards what was found. The inbox itself must be there: raises InboxMissing.
    """
    tasks = [_Task(source, archive, seen, anew, lost, pause) for source in sources]
    archive.mkdir(parents=True, exist_ok=True)
    if len(tasks) == 1:
        tasks[0].run()
    else:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_Task.run, tasks))
    pulled = Pulled()
    taken: dict[str, Source] = {}
    for task in tasks:
        source = task.source
        if not source.name and any(p.why == "missing" for p in task.problems):
            raise InboxMissing(f"there is no inbox at {source.address}")
        pulled.problems += task.problems
        pulled.hashed += task.hashed
        pulled.hashed_bytes += task.hashed_bytes
        pulled.is_simulated |= task.is_simulated
        for file in _files_of(source, task.found):
            if file.path in taken and taken[file.path] is not source:
                pulled.problems.append(Problem(source.name, source.unit, file.path, "same_path", 1))
                continue
            taken[file.path] = source
            pulled.files.append(file)
        if task.listed:
            old = seen.files.get(source.name, {})
            kept = {path: old[path] for path in task.listed if path in old}
            # of a file that was not at rest its content is known, but not by how it looks
            found = {path: known if path in task.sure else replace(known, signature="")
                     for path, known in task.found.items()}  # fmt: skip
            seen.files[source.name] = kept | found
    return pulled


def _files_of(source: Source, found: Mapping[str, Known]) -> Iterable[PulledFile]:
    for path, known in sorted(found.items()):
        if known.members is None:
            yield PulledFile(source.path_in_inbox(path), known.sha256, known.size)
        else:
            for member, sha256, size in sorted(known.members):
                yield PulledFile(source.path_in_inbox(f"{path}/{member}"), sha256, size)


def looks_new(
    sources: Sequence[Source], seen: Seen, last: Mapping[str, str], pause: Pause = time.sleep
) -> tuple[bool, list[Problem]]:
    """Whether any source holds something that was not received (`last`: hash by path), without
    keeping anything; and what could not be looked at.

    A file here that does not look as it did is hashed; one elsewhere counts as news.
    """
    problems: list[Problem] = []
    failed: dict[Source, str] = {}
    for source in sources:
        try:
            if _is_news(source, seen, last):
                return True, []
        except Exception as error:
            if isinstance(error, InboxMissing) and not source.name:
                raise
            failed[source] = why_of(error)
    for source, why in failed.items():
        for number in range(1, source.retries.tries):
            pause(source.retries.pause * 2 ** (number - 1))
            try:
                if _is_news(source, seen, last):
                    return True, []
                break
            except Exception as error:
                why = why_of(error)
        else:
            problems.append(Problem(source.name, source.unit, "", why, source.retries.tries))
    return False, problems


def _is_news(source: Source, seen: Seen, last: Mapping[str, str]) -> bool:
    listing = list_source(source)
    try:
        for path, info in listing.infos.items():
            known = seen.known(source.name, path, info)
            if known is not None:
                if any(last.get(f.path) != f.sha256 for f in _files_of(source, {path: known})):
                    return True
            elif "file" not in _protocols(listing.filesystem):
                return True
            else:
                sha256 = _hash(listing, path)
                old = seen.files.get(source.name, {}).get(path)
                if old is None or old.sha256 != sha256:
                    old = Known("", sha256, 0)
                if any(last.get(f.path) != f.sha256 for f in _files_of(source, {path: old})):
                    return True
        return False
    finally:
        _close(listing)


def _hash(listing: Listing, path: str) -> str:
    return sha256_of(Path(full_path(listing, path)))
