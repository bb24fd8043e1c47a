"""`make audit`: are there known vulnerabilities in the packages of the lock?

Asks the advisories that pip-audit knows. Exit status: 0 none but the exceptions of audit.yml, 1 a
vulnerability, or an exception that is over; 3 with `--strict` (without: 0, loudly) where no
advisories can be had: a machine without them must not look audited, nor stop its CI.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
EXCEPTIONS = Path(__file__).with_name("audit.yml")
NOT_AUDITED = 3


class NoAdvisories(RuntimeError):
    """Nothing can be said of the packages."""


@dataclass(frozen=True)
class Excepted:
    """A vulnerability that does not reach us, why, and until when that is believed."""

    id: str
    package: str
    reason: str
    until: date


@dataclass(frozen=True)
class Verdict:
    """What an audit comes to, in lines to print."""

    audited: int
    lines: tuple[str, ...]
    not_audited: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not self.lines


def read_exceptions(path: Path) -> list[Excepted]:
    """Raises ValueError for one without a reason or a day."""
    said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    found = []
    for entry in said.get("exceptions") or []:
        if set(entry) != {"id", "package", "reason", "until"} or not str(entry["reason"]).strip():
            raise ValueError(f"{path.name}: needs id, package, reason, until: {entry}")
        if not isinstance(entry["until"], date):
            raise ValueError(f"{path.name}: until is no day: {entry['until']!r}")
        found.append(Excepted(**entry))
    return found


def judge(report: Mapping[str, Any], exceptions: Sequence[Excepted], today: date) -> Verdict:
    """What pip-audit reported (its JSON), held against the exceptions."""
    lines, not_audited, seen = [], [], set()
    audited = 0
    for package in report["dependencies"]:
        if "skip_reason" in package:
            not_audited.append(f"{package['name']}: {package['skip_reason']}")
            continue
        audited += 1
        for found in package["vulns"]:
            names = {found["id"], *found.get("aliases", ())}
            matching = [e for e in exceptions if e.id in names and e.package == package["name"]]
            seen |= {e.id for e in matching}
            what = f"{package['name']} {package['version']}: {found['id']}"
            mended = ", ".join(found.get("fix_versions") or ()) or "no version yet"
            if not matching:
                lines.append(f"{what}, mended in {mended}")
            elif today > matching[0].until:
                lines.append(f"{what}: its exception was until {matching[0].until}")
    lines += [
        f"{e.package}: the exception {e.id} is of nothing that is found any more; take it out"
        for e in exceptions
        if e.id not in seen and audited and not not_audited
    ]
    return Verdict(audited, tuple(lines), tuple(not_audited))


def ask(lock: Path) -> dict[str, Any]:
    """pip-audit's report on a lock. Raises NoAdvisories."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--requirement", str(lock), "--no-deps",
        "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "30",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.strip().split("\n")[-1]
        raise NoAdvisories(last[:300]) from None
    if all("skip_reason" in package for package in report["dependencies"]):
        raise NoAdvisories("the service knows none of the packages")
    return report


def first_line(lock: Path, target: Path) -> Path:
    """A lock of one package: whether there is a service is asked once, not two hundred times."""
    lines = [line for line in lock.read_text("utf-8").split("\n") if "==" in line]
    target.write_text(lines[0].rstrip("\\ ") + "\n", encoding="utf-8")
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="not audited is a failure too")
    parser.add_argument("--today", type=date.fromisoformat, default=None)
    arguments = parser.parse_args()
    today = arguments.today or date.today()  # noqa: DTZ011 - the day on this machine
    exceptions = read_exceptions(EXCEPTIONS)
    try:
        with tempfile.TemporaryDirectory() as folder:
            ask(first_line(LOCK, Path(folder) / "one.txt"))
        verdict = judge(ask(LOCK), exceptions, today)
    except NoAdvisories as error:
        print(f"NOT AUDITED: no advisories can be had here ({error}).")
        print("Nothing is known of vulnerabilities in the lock. Run `make audit` where there are.")
        return NOT_AUDITED if arguments.strict else 0
    for line in (*verdict.lines, *(f"not audited: {each}" for each in verdict.not_audited)):
        print(line)
    print(f"{verdict.audited} packages audited, {len(exceptions)} exceptions")
    if verdict.not_audited and arguments.strict:
        return NOT_AUDITED
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
