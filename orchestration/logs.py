"""Structured logs: one JSON line an event in `<home>/logs/`, counts and codes only.

A cell's value never goes into a log: logs are kept longer and read by more people than reports.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_LOGGER = logging.getLogger("kho")


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        return json.dumps(event | getattr(record, "fields", {}), ensure_ascii=False)


class _Log(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk is told by what the build itself cannot write, not by its log."""


def log_to(folder: Path) -> None:
    """Append events to `folder`/kho.jsonl (once a process and folder)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = str((folder / "kho.jsonl").resolve())
    if any(getattr(h, "baseFilename", None) == path for h in _LOGGER.handlers):
        return
    handler = _Log(path, encoding="utf-8")
    handler.setFormatter(_JsonLine())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def log(event: str, **fields: str | int | float | None) -> None:
    """Note an event with its counts and codes."""
    _LOGGER.info(event, extra={"fields": fields})
