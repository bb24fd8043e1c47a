"""Archives (.zip) that senders pack their workbooks into: looked at like a workbook, by content.

A member is a file like any other, received as `<archive>/<member>`. Nothing is ever written under
a member's name, yet a name that leads out of the archive is refused with the whole of it: whoever
made it means harm, or something else than what would be read. Archives inside archives stay shut.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from ingest.originals import incoming
from ingest.package import (
    MAX_FILE_BYTES,
    MAX_MEMBERS,
    ZIP_MAGIC,
    Unreadable,
    refuse_odd_directory,
    refuse_odd_names,
    workbook_kind,
)

_CHUNK = 2**20
# parts that every document of Office, of OpenDocument, and every program in Java has
_OF_A_DOCUMENT = frozenset({"[content_types].xml", "mimetype", "meta-inf/manifest.xml",
                            "meta-inf/manifest.mf"})  # fmt: skip
Member = tuple[str, str, int]  # path in the archive, hash, size


def is_archive(head: bytes, file: IO[bytes]) -> bool:
    """Whether a file is a zip of files: no workbook, nor another document that is a zip inside."""
    if not head.startswith(ZIP_MAGIC):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError):
        return False  # read as a workbook, and said to be damaged
    return workbook_kind(names) is None and _OF_A_DOCUMENT.isdisjoint(map(str.lower, names))


def unpack(archive: Path, wants: Callable[[str], bool], path: Path) -> list[Member]:
    """Put the members of a zip into the archive by their hash. Runs in a child process.

    Raises Unreadable for what must not be unpacked: then nothing of it is received but itself.
    """
    content = path.read_bytes()
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable("too_large")
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            entries = packed.infolist()
            refuse_odd_directory(entries, len(content))
            refuse_odd_names(entries)
            members = [e for e in entries if not e.is_dir() and wants(e.filename)]
            if len(entries) > MAX_MEMBERS:
                raise Unreadable("bomb")
            # all of it once before any of it is kept: half an archive is none
            for entry in members:
                _refuse_nested(packed, entry)
            return [_take(archive, packed, entry) for entry in members]
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error) as error:
        raise Unreadable("damaged") from error
    except RuntimeError as error:  # zipfile's word for a password
        raise Unreadable("encrypted") from error


def _refuse_nested(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    size = 0
    with packed.open(entry) as member:
        first = member.read(_CHUNK)
        while chunk := member.read(_CHUNK):
            size += len(chunk)
    if size + len(first) > min(entry.file_size, MAX_FILE_BYTES):
        raise Unreadable("bomb")
    if first.startswith(ZIP_MAGIC):
        with packed.open(entry) as member:
            if is_archive(first, BytesIO(member.read())):
                raise Unreadable("archive_nested")


def _take(archive: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    with incoming(archive) as copy, packed.open(entry) as member:
        while chunk := member.read(_CHUNK):
            copy.write(chunk)
        return str(PurePosixPath(entry.filename)), copy.done(), copy.size
