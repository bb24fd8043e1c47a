"""What a page is made of, as a hash: one of an earlier build with that hash is the same page."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ingest import normalise, workbook
from warehouse import trace
from warehouse.outputs import spreadsheets

_HERE = Path(__file__).parent
_LIBRARIES = ("jinja2", "markupsafe", "python-calamine", "xlsxwriter")


def made_of(*parts: object) -> str:
    """A hash of what a page is made of, by its `repr`, and of the code that makes it."""
    return hashlib.sha256(_own_code() + repr(parts).encode()).hexdigest()[:16]


@cache
def _own_code() -> bytes:
    """How a workbook is read, a cell written, a sheet drawn, a page set."""
    files = [Path(str(module.__file__)) for module in (workbook, normalise, trace, spreadsheets)]
    files += sorted(path for path in _HERE.rglob("*") if path.suffix in (".py", ".j2", ".yml"))
    digest = hashlib.sha256(repr([version(name) for name in _LIBRARIES]).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.digest()
