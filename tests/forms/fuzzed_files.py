"""Valid files with seeded damage: what no attacker thinks of and every reader meets.

Damage is done to the parts inside a package, which is packed again with right checksums, so that
it reaches the reader; a flipped byte of the zip itself would be stopped by its checksum.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

from hostile_packages import cells, sound_parts
from old_formats import (
    SECTOR,
    biff_stream,
    ods_content,
    ods_parts,
    ods_table,
    ole,
    write_parts,
    xlsb_parts,
)

NUMBERS = (
    b"-1", b"0", b"1", b"255", b"16384", b"65535", b"1048577", b"2147483647", b"2147483648",
    b"4294967295", b"4294967296", b"9223372036854775807", b"18446744073709551615",
    b"18446744073709551616", b"1e308", b"-1e999", b"NaN", b"", b"abc", b"0x10", b"1.5",
)  # fmt: skip
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_XML_PARTS = ("sheet1.xml", "workbook.xml", "sharedStrings.xml", "styles.xml", "content.xml",
              "workbook.xml.rels")  # fmt: skip


def flip_bytes(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if out:
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut_or_repeat(content: bytes, chance: random.Random) -> bytes:
    """A slice left out, or twice."""
    start, length = chance.randrange(len(content) + 1), chance.choice((1, 4, 16, 64, 300))
    piece = content[start : start + length]
    return content[:start] + piece * chance.choice((0, 0, 2, 3)) + content[start + length :]


def strange_number(content: bytes, chance: random.Random) -> bytes:
    """One number in an attribute, or one value between tags, becomes an extreme one."""
    places = list(re.finditer(rb'(?<==")[^"<>]*\d[^"<>]*(?=")|(?<=>)\d+(?=<)', content))
    if not places:
        return flip_bytes(content, chance)
    place = chance.choice(places)
    number = chance.choice(NUMBERS)
    if chance.random() < 0.5:  # keep the letters: A1 to A4294967295
        number = re.sub(rb"\d+", lambda _: number, place[0])
    return content[: place.start()] + number + content[place.end() :]


def strange_integer(content: bytes, chance: random.Random) -> bytes:
    """Two or four bytes of a binary part become an extreme integer."""
    form = chance.choice(("<H", "<I"))
    size = struct.calcsize(form)
    if len(content) < size:
        return content
    at = chance.randrange(len(content) - size + 1)
    value = chance.choice(EXTREMES) & (2 ** (8 * size) - 1)
    return content[:at] + struct.pack(form, value) + content[at + size :]


def lost_tag(content: bytes, chance: random.Random) -> bytes:
    tags = list(re.finditer(rb"<[^>]*>", content))
    if not tags:
        return content
    tag = chance.choice(tags)
    return content[: tag.start()] + content[tag.end() :]


_XML_DAMAGE = (flip_bytes, cut_or_repeat, strange_number, strange_number, strange_number, lost_tag)
_BINARY_DAMAGE = (flip_bytes, cut_or_repeat, strange_integer, strange_integer)


def _damaged_package(path: Path, parts: dict[str, bytes], chance: random.Random) -> Path:
    names = [n for n in parts if n.endswith((".bin", *_XML_PARTS))]
    for _ in range(chance.choice((1, 1, 1, 2))):
        name = chance.choice(names)
        kinds = _BINARY_DAMAGE if name.endswith(".bin") else _XML_DAMAGE
        parts[name] = chance.choice(kinds)(parts[name], chance)
    return write_parts(path, parts)


def fuzzed_xlsx(path: Path, chance: random.Random) -> Path:
    return _damaged_package(path, sound_parts(), chance)


def fuzzed_ods(path: Path, chance: random.Random) -> Path:
    return _damaged_package(path, ods_parts(ods_content(ods_table(cells()))), chance)


def fuzzed_xlsb(path: Path, chance: random.Random) -> Path:
    return _damaged_package(path, xlsb_parts(cells()), chance)


def fuzzed_xls(path: Path, chance: random.Random) -> Path:
    """Damage to the container, or to the records of the stream that it holds."""
    stream = biff_stream(cells())
    if chance.random() < 0.5:
        path.write_bytes(ole({"Workbook": chance.choice(_BINARY_DAMAGE)(stream, chance)}))
        return path
    whole = ole({"Workbook": stream})
    # header, directory and allocation table: the sectors of the stream are damaged above
    head, tail = whole[:SECTOR], whole[-2 * SECTOR :]
    if chance.random() < 0.5:
        head = chance.choice(_BINARY_DAMAGE[::2])(head, chance)[:SECTOR]
        head = whole[:8] + head[8:]
    else:
        tail = chance.choice(_BINARY_DAMAGE)(tail, chance)
    path.write_bytes(head + whole[SECTOR : -2 * SECTOR] + tail)
    return path


KINDS: dict[str, Callable[[Path, random.Random], Path]] = {
    ".xlsx": fuzzed_xlsx, ".ods": fuzzed_ods, ".xlsb": fuzzed_xlsb, ".xls": fuzzed_xls,
}  # fmt: skip


def fuzzed(folder: Path, suffix: str, seed: int) -> Path:
    """The mutant with this seed; the same file whenever it is asked for."""
    path = folder / f"fuzzed_{seed:05d}{suffix}"
    return KINDS[suffix](path, random.Random(f"{suffix} {seed}"))
