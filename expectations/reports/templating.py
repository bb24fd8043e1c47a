"""How pages and mails are filled in: one way for all, so that a name that is missing raises."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ingest.fingerprint import fingerprint
from ingest.readings import reader_version


def template_environment(**filters: Callable[..., Any]) -> Environment:
    """The templates beside this module, with these filters. All but plain text is escaped; what
    goes into plain text has to be one inert line (shown.one_line)."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    return environment


@cache
def reports_version() -> str:
    """A hash of all code and templates that decide what reports say of what was found."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *(here / "templates").iterdir()]
    return f"{reader_version()}{fingerprint(files)}"
