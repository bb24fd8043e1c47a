"""The letters and the draft reminders of a build, as files.

<folder>/letters/<unit>_<period>.pdf   one letter a unit and period
<folder>/letters/letters.json          what each says (content) and how it looks (look)
<folder>/reminders/<unit>.pdf          drafts for units that are late

A letter that says and looks the same as in the build before keeps its date: its file is taken over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from expectations.reports.html import report_file_name
from expectations.reports.letter import (
    Letter,
    LetterKey,
    letter_pdf,
    read_letters,
    template_version,
)
from expectations.reports.reminder import Reminder, read_reminders, reminder_pdf
from expectations.reports.typesetting import TypesettingError
from warehouse.connection import MEMORY_LIMIT, open_published
from warehouse.home import take_over

LIST = "letters.json"
_AT_ONCE = 2  # Typst does not keep Python waiting while it sets a paper


def stem(key: LetterKey) -> str:
    """`STC_2026-06`, safe as a file's name whatever the unit is called."""
    return Path(report_file_name("_".join(filter(None, key)))).stem


def letter_path(folder: Path, key: LetterKey) -> Path:
    return folder / "letters" / f"{stem(key)}.pdf"


def letters_of(
    published_file: Path,
    sent: Mapping[LetterKey, Sequence[tuple[str, datetime]]],
    folder: Path,
    as_of: datetime,
    mend_days: int,
    contact: str,
    before: Path | None,
) -> tuple[list[Path], list[LetterKey], list[Path]]:
    """Write the letters and reminders of a published file, in whatever process; return their paths
    and the keys of letters that could not be set: letters, keys, reminders."""
    with open_published(published_file, MEMORY_LIMIT) as connection:
        letters = read_letters(connection, sent)
        reminders = read_reminders(connection)
    paths, failed = write_letters(letters, folder, as_of, mend_days, contact, before)
    return paths, failed, write_reminders(reminders, folder, as_of, mend_days)


def write_letters(
    letters: Sequence[Letter],
    folder: Path,
    as_of: datetime,
    mend_days: int,
    contact: str = "",
    before: Path | None = None,
) -> tuple[list[Path], list[LetterKey]]:
    """Write the letters; return their paths, and the keys of those that could not be set.

    `before` is the same folder of the build before.
    """
    (folder / "letters").mkdir(parents=True, exist_ok=True)
    known = _read_list(before) if before else {}

    def write(letter: Letter) -> str | None:
        """How it looks; None where it could not be set."""
        path = letter_path(folder, letter.key)
        look = _look(letter, mend_days, contact)
        earlier = letter_path(before, letter.key) if before else None
        if earlier and known.get(letter.key) == (letter.content, look) and earlier.exists():
            take_over(earlier, path)
            return look
        try:
            path.write_bytes(letter_pdf(letter, as_of, mend_days, contact))
        except TypesettingError:
            return None
        return look

    lines, written, failed = [], [], []
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for letter, look in zip(letters, threads.map(write, letters), strict=True):
            if look is None:
                failed.append(letter.key)
                continue
            written.append(letter_path(folder, letter.key))
            lines.append(
                {
                    "unit_code": letter.unit_code,
                    "period_key": letter.period_key,
                    "content": letter.content,
                    "look": look,
                }
            )
    (folder / "letters" / LIST).write_text(
        json.dumps(lines, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    return written, failed


def write_reminders(
    reminders: Sequence[Reminder], folder: Path, as_of: datetime, days: int
) -> list[Path]:
    """Write a draft for each unit that is late; return their paths."""
    if not reminders:
        return []
    (folder / "reminders").mkdir(parents=True, exist_ok=True)
    written = []
    for reminder in reminders:
        path = folder / "reminders" / f"{stem((reminder.unit_code, ''))}.pdf"
        path.write_bytes(reminder_pdf(reminder, as_of, days))
        written.append(path)
    return written


def _look(letter: Letter, mend_days: int, contact: str) -> str:
    """A hash of everything on the paper but its own date: of what is known, and of the code that
    finds the words for it, so that most letters need none."""
    said = f"{template_version()}{letter!r}{mend_days} {contact}"
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def _read_list(folder: Path) -> dict[LetterKey, tuple[str, str]]:
    path = folder / "letters" / LIST
    if not path.exists():
        return {}
    lines: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {
        (line["unit_code"], line["period_key"]): (line["content"], line["look"]) for line in lines
    }
