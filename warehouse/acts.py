"""Acts of people, in the ledger: releases, explanations, corrections, and what they come to.

    acts.jsonl   one JSON line an act: who, when, why, and about what

An act is never changed or taken out: a later one withdraws it. What the acts come to at a given
time (which submissions are released, which findings are explained) is computed here and nowhere
else, so that the same ledger and the same as-of time always give the same build.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any, ClassVar

from warehouse.ledger import Ledger, LedgerError

FILE = "acts.jsonl"
OPEN, EXPLAINED, RELEASED = "open", "explained", "released"

# a release says that figures are to be used as they are; these say that they are not this unit's,
# not real, or of no known period, which no reason can mend
NEVER_RELEASED = frozenset(
    {
        "wrong_sender",
        "unit_contradiction",
        "unit_contradiction_on_sheet",
        "identity_contradiction",
        "simulated_file",
        "period_missing",
        "period_unreadable",
    }
)


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who did it, when (plain local time) and why. `act_no` counts from 1 in the ledger."""

    kind: ClassVar[str] = ""

    at: str
    owner: str
    reason: str
    act_no: int = 0


@dataclass(frozen=True, kw_only=True)
class Release(Act):
    """A held submission is used as it is, up to and including the day `expires` (ISO date).

    It is about one submission: what the unit sends later is judged anew. Unit, form and period
    are kept beside it for readers.
    """

    kind: ClassVar[str] = "release"

    submission_id: str
    unit_code: str
    form_code: str
    period_key: str
    expires: str

    def is_in_force(self, day: date) -> bool:
        return day <= date.fromisoformat(self.expires)

    @property
    def says_vi(self) -> str:
        """Why a submission with errors is in use, as the sender and analysts read it."""
        until = f"{date.fromisoformat(self.expires):%d/%m/%Y}"
        return f"Được {self.owner} cho phép sử dụng đến hết ngày {until}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class _OfFinding(Act):
    """About a finding, by the key of its place, with the value and the expected value that the
    finding named then."""

    place_key: str
    value: str | None
    expected: str | None


@dataclass(frozen=True, kw_only=True)
class Explanation(_OfFinding):
    """What an officer wrote about an unusual figure. `file_sha256` is the file that it came in,
    None where it was entered by hand (`reason` then says how it came)."""

    kind: ClassVar[str] = "explanation"

    text: str
    file_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Acceptance(_OfFinding):
    """The data team takes the figure for right: the finding is quiet while it says the same."""

    kind: ClassVar[str] = "acceptance"


@dataclass(frozen=True, kw_only=True)
class Rejection(_OfFinding):
    """The explanation does not do: the finding stays, or is open again."""

    kind: ClassVar[str] = "rejection"


@dataclass(frozen=True, kw_only=True)
class Correction(Act):
    """The data team's value for a cell, in one file or in whatever the unit sends for a form and
    period. It applies only while the cell says `expect`, as typed."""

    kind: ClassVar[str] = "correction"

    sheet: str
    cell: str  # B12
    expect: str
    new_value: str
    file_sha256: str | None = None
    unit_code: str | None = None
    form_code: str | None = None
    period_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reprocess(Act):
    """What was received of a form, a unit or a period is read again; None stands for all."""

    kind: ClassVar[str] = "reprocess"

    unit_code: str | None = None
    form_code: str | None = None
    period_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Withdrawal(Act):
    """An earlier act counts no more."""

    kind: ClassVar[str] = "withdrawal"

    withdraws: int


@dataclass(frozen=True, kw_only=True)
class Expunge(Act):
    """The tombstone of an original that must not be kept: what it was, never what it said.

    `submission_ids` are the submissions that were in it; `redacted` the hash of each change file
    (by build) after what it told of them was taken out. Cannot be withdrawn: the bytes are gone.
    """

    kind: ClassVar[str] = "expunge"

    file_sha256: str
    file_bytes: int
    unit_code: str
    submission_ids: list[str] = field(default_factory=list)
    redacted: dict[str, str] = field(default_factory=dict)

    @property
    def says_vi(self) -> str:
        """Why there is nothing of a file, as the sender and analysts read it."""
        day = f"{date.fromisoformat(self.at[:10]):%d/%m/%Y}"
        return f"Tệp đã được xóa khỏi kho ngày {day}, người thực hiện {self.owner}: {self.reason}"


_KINDS: dict[str, type[Act]] = {
    act.kind: act
    for act in (
        Release, Explanation, Acceptance, Rejection, Correction, Reprocess, Withdrawal, Expunge
    )
}  # fmt: skip


class ActLedger(Ledger):
    """Reads and appends acts of people, in the folder of the ledger."""

    def acts(self) -> list[Act]:
        """Every act, in order. Raises LedgerError for a line that is none."""
        return [self._act(line) for line in self._read(FILE)]

    def _act(self, line: dict[str, Any]) -> Act:
        kind = _KINDS.get(str(line.pop("act", None)))
        if kind is None:
            raise LedgerError(f"{self.folder / FILE}: an act of no known kind: {line}")
        known = {each.name for each in fields(kind)}
        try:
            return kind(**{name: value for name, value in line.items() if name in known})
        except TypeError as error:
            raise LedgerError(f"{self.folder / FILE}: {error}") from None

    def add(self, acts: Sequence[Act]) -> list[Act]:
        """Append acts and return them as numbered. Two commands at once wait for each other."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.acts_locked():
            last = max((act.act_no for act in self.acts()), default=0)
            numbered = [replace(act, act_no=last + n) for n, act in enumerate(acts, start=1)]
            self._append(FILE, [as_line(act) for act in numbered])
        return numbered

    @contextmanager
    def acts_locked(self) -> Iterator[None]:
        """Nobody else enters an act meanwhile."""
        with (self.folder / f".{FILE}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def add_explanations(self, explanations: Iterable[Explanation]) -> list[Act]:
        """Append what officers wrote, but for what is known: a file that is read again, or sent
        again with the same words, explains nothing new."""
        known = {_words(act) for act in self.acts() if isinstance(act, Explanation)}
        fresh = {_words(e): e for e in explanations if _words(e) not in known}
        return self.add(list(fresh.values()))


def _words(explanation: Explanation) -> tuple[str, ...]:
    return (explanation.place_key, explanation.value or "", " ".join(explanation.text.split()))


def as_line(act: Act) -> dict[str, Any]:
    """An act as the ledger writes it."""
    return {"act": act.kind, **asdict(act)}


def acts_version(acts: Iterable[Act]) -> str:
    """A hash of all acts: what a build depends on. Empty where there are none."""
    lines = [json.dumps(as_line(act), sort_keys=True) for act in acts]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def bearing_on_findings(acts: Iterable[Act], day: date) -> str:
    """A hash of the acts that decide what is found in what was read, as of a day: corrections,
    releases in force, accepted explanations, and what is to be looked at again."""
    known = list(acts)
    said = [
        *(as_line(act) for act in corrections(known)),
        sorted(releases(known, day)),
        sorted(explained(known).said.items()),
        reprocessings(known),
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def reprocessings(acts: Iterable[Act]) -> list[int]:
    """The numbers of the acts that ask for everything to be read again."""
    return [act.act_no for act in acts if isinstance(act, Reprocess)]


# --- what the acts come to ----------------------------------------------------------------------


def standing(acts: Iterable[Act]) -> list[Act]:
    """The acts that were not withdrawn. A withdrawal can be withdrawn."""
    kept = list(acts)
    withdrawn: set[int] = set()
    for act in reversed(kept):
        if isinstance(act, Withdrawal) and act.act_no not in withdrawn:
            withdrawn.add(act.withdraws)
    return [act for act in kept if act.act_no not in withdrawn]


def releases(acts: Iterable[Act], day: date) -> dict[str, Release]:
    """The release of each submission, by its id, that is in force on a day: the last one said."""
    last = {act.submission_id: act for act in standing(acts) if isinstance(act, Release)}
    return {key: release for key, release in last.items() if release.is_in_force(day)}


def release_ends(acts: Iterable[Act]) -> list[date]:
    """The last days of releases: on the day after, a build says something else."""
    last = {act.submission_id: act for act in standing(acts) if isinstance(act, Release)}
    return sorted({date.fromisoformat(release.expires) for release in last.values()})


def corrections(acts: Iterable[Act]) -> list[Correction]:
    """The corrections that stand, in order."""
    return [act for act in standing(acts) if isinstance(act, Correction)]


def expunged(acts: Iterable[Act]) -> dict[str, Expunge]:
    """The tombstones, by the hash of the file that is gone; the last one of a file counts."""
    return {act.file_sha256: act for act in acts if isinstance(act, Expunge)}


@dataclass(frozen=True)
class Explained:
    """The places of findings whose explanation was accepted, with what the finding said then."""

    said: Mapping[str, tuple[str | None, str | None]]

    def covers(self, place_key: str, value: str | None, expected: str | None) -> bool:
        """Whether a finding is quiet: its place is explained, and it still says the same."""
        return place_key in self.said and self.said[place_key] == (value, expected)


def explained(acts: Iterable[Act]) -> Explained:
    """What is accepted: of acceptances and rejections about a place the last one counts."""
    said: dict[str, tuple[str | None, str | None]] = {}
    for act in standing(acts):
        if isinstance(act, Acceptance):
            said[act.place_key] = (act.value, act.expected)
        elif isinstance(act, Rejection):
            said.pop(act.place_key, None)
    return Explained(said)


def refused_releases(
    in_force: Mapping[str, Release], rules_of: Mapping[str, Collection[str]]
) -> dict[int, str]:
    """The releases of submissions that no reason can release, by act number, each with the
    sentence that the data team reads; `rules_of` gives the rules of a submission's errors by id."""
    return {
        release.act_no: (
            f"Việc cho phép sử dụng số {release.act_no} không được áp dụng: biểu không phải của "
            "đơn vị gửi, không rõ kỳ, hoặc là số liệu mô phỏng. Đề nghị yêu cầu đơn vị gửi lại, "
            f"rồi rút lại bằng lệnh kho withdraw {release.act_no}."
        )
        for key, release in in_force.items()
        if NEVER_RELEASED & set(rules_of.get(key, ()))
    }
