"""Who gets the mails of a unit: a CSV file in the home, kept by the data team, never a seed.

    unit_code,email
    STC,vanthu@stc.example
    STC,ngansach@stc.example

Comma or semicolon, with or without the mark that Excel puts before UTF-8. One address a line; a
unit may have several lines. A unit without a line gets no mail, and is named in the summary.
"""

from __future__ import annotations

import csv
from pathlib import Path

from expectations.addresses import is_address

COLUMNS = ("unit_code", "email")


class ContactsError(ValueError):
    """The file of contacts has a line that cannot be used."""


def read_contacts(path: Path) -> dict[str, list[str]]:
    """unit_code -> addresses, in the order of the file; empty where there is no file.

    Raises ContactsError, naming the line, for a file that is not this table or a bad address.
    """
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ContactsError(f"{path.name}: tệp không phải UTF-8") from None
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.reader(text.splitlines(), delimiter=delimiter)
    header = [cell.strip() for cell in next(rows, [])]
    if not set(COLUMNS) <= set(header):
        raise ContactsError(f"{path.name}: dòng 1 phải có các cột {', '.join(COLUMNS)}")
    unit_at, email_at = (header.index(column) for column in COLUMNS)
    contacts: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        unit, email = (row[at].strip() if at < len(row) else "" for at in (unit_at, email_at))
        if not unit or not is_address(email):
            raise ContactsError(
                f"{path.name}: dòng {number}: “{email[:80]}” không phải địa chỉ thư"
            )
        known = contacts.setdefault(unit, [])
        if email not in known:
            known.append(email)
    return contacts
