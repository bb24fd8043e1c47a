"""Which sources a build takes its files from, and what the last pull could not have."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.pull import Problem
from ingest.source_list import read_sources
from ingest.sources import Source
from orchestration.settings import Settings
from warehouse.home import Home
from warehouse.ledger import timestamp


def sources_of(home: Home, inbox: str = "", list_file: str = "") -> list[Source]:
    """The inbox and the sources of the list: `list_file`, or `<home>/sources.yml` where it exists.

    Beside a list the inbox counts only where somebody names it. Raises SourceListError.
    """
    settings = Settings()
    path = Path(list_file) if list_file else settings.sources or home.sources
    listed = read_sources(path) if path != home.sources or path.exists() else []
    if not inbox and (not listed or "inbox" in settings.model_fields_set):
        inbox = settings.inbox
    return [*([Source(inbox)] if inbox else []), *listed]


def note_problems(home: Home, as_of: datetime, problems: Iterable[Problem]) -> None:
    """Keep what the pull could not have for `kho status`; nothing is written where that is old."""
    found = {"as_of": timestamp(as_of), "problems": [problem._asdict() for problem in problems]}
    known = _noted(home)
    if not found["problems"] and not known.get("problems"):
        return
    unfinished = home.pull_report.with_name(f".{home.pull_report.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.replace(home.pull_report)


def noted_problems(home: Home) -> tuple[str, list[Problem]]:
    """As of when, and what; ('', []) where the last pull had everything."""
    noted = _noted(home)
    try:
        problems = [Problem(**problem) for problem in noted.get("problems", [])]
    except TypeError:
        return "", []
    return (str(noted.get("as_of", "")), problems) if problems else ("", [])


def _noted(home: Home) -> dict[str, Any]:
    try:
        found = json.loads(home.pull_report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
