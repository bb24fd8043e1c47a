"""What a build depends on: files received, code, and the dates that have passed.

Two builds with the same fingerprint are the same build, so the second need not be made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache

from expectations.rule_files import all_rules
from ingest import reference
from ingest.contract import Contract
from orchestration.settings import PROJECT

_CODE_FOLDERS = ("orchestration", "ingest", "expectations", "warehouse", "dbt_project")
_CODE_SUFFIXES = {
    ".py", ".yml", ".yaml", ".sql", ".csv", ".j2", ".css", ".js", ".svg", ".woff2", ".toml",
    ".lock", ".typ",
}  # fmt: skip
_NOT_CODE = {"target", "logs", "__pycache__", "dbt_packages"}


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\x1f")
    return digest.hexdigest()


@cache
def code_version() -> str:
    """A hash of everything that decides what a build makes of its input."""
    files = [PROJECT / "pyproject.toml", PROJECT / "requirements.lock"]
    for folder in _CODE_FOLDERS:
        files += [
            path
            for path in (PROJECT / folder).rglob("*")
            if path.suffix in _CODE_SUFFIXES and not _NOT_CODE & set(path.parts)
        ]
    return _digest(
        f"{path.relative_to(PROJECT)}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(files)
        if path.is_file()
    )[:16]


def dates_that_matter(contracts: Iterable[Contract], periods: Iterable[date]) -> list[date]:
    """Days from which a build may say something else: due dates and floors of the rules, the
    validity of forms, the ends of periods that targets name."""
    days = {
        date.fromisoformat(row["due_date"])
        for row in reference.read_seed("rule_parameter")
        if row["due_date"]
    }
    days |= {p.due for rule in all_rules() for p in rule.parameters if p.due is not None}
    for contract in contracts:
        days |= {contract.valid.start, *([contract.valid.end] if contract.valid.end else [])}
    return sorted(days | set(periods))


def last_date_passed(days: Iterable[date], as_of: datetime) -> str:
    """The newest of `days` that lies before the day of `as_of`, or '' where there is none."""
    passed = [day for day in days if day < as_of.date()]
    return max(passed).isoformat() if passed else ""


def files_version(files: Iterable[tuple[str, str]]) -> str:
    """A hash of path and content of every file received."""
    return _digest(f"{path}:{sha256}" for path, sha256 in sorted(files))[:16]
