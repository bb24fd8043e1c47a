"""What the pages say of a run at a glance: its time, its sources, which code, who began it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ingest.sources import Source, is_simulated_inbox
from orchestration.fingerprint import code_version
from warehouse.home import Home
from warehouse.ledger import Ledger

BEGUN_BY = "kho/begun_by"
"""command, schedule, files, or again (a run that was killed); one begun in the pages has none."""
_LONGEST = 200


def run_config(as_of: datetime, **build: Any) -> dict[str, Any]:
    """The config of a run as of a time: read once from the clock, where the run is asked for."""
    config = {"as_of": as_of.isoformat(), "by_clock": True, **build}
    return {"resources": {"build": {"config": config}}}


def run_tags(home: Home, sources: Sequence[Source], as_of: datetime) -> dict[str, str]:
    """All but who began the run."""
    return {
        "kho/as_of": as_of.isoformat(sep=" ", timespec="minutes"),
        "kho/inbox": ", ".join(source.name or shown(source.address) for source in sources)[
            :_LONGEST
        ],
        "kho/simulated": "yes" if is_simulated(home, sources) else "no",
        "kho/version": code_version(),
    }


def shown(address: str) -> str:
    """An address without who logs in, with what, and without parameters."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def is_simulated(home: Home, sources: Sequence[Source]) -> bool:
    receipts = Ledger(home.ledger).receipts()
    if receipts:
        return receipts[0].is_simulated
    return any(is_simulated_inbox(source.address) for source in sources if not source.name)
