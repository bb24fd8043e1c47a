"""The letter to a sender about one period: "Phiếu thông báo kết quả kiểm tra số liệu", as a PDF.

Here belongs what the letter says and in what order; how it looks is in `templates/letter.typ`, the
words about a figure in the finding itself. One letter is about one unit and one period, and names
no other unit's results. Text from cells goes to the template as data, cleaned and cut.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import yaml

from expectations.findings import counted_only
from expectations.reports.html import SEVERITY_VI, STATUS_VI
from expectations.reports.shown import (
    LONGEST_VALUE,
    base_name,
    cell_list,
    date_vi,
    day_vi,
    number_vi,
    one_line,
    place_order,
    shown_text,
    split_ref,
    time_vi,
)
from expectations.reports.typesetting import TEMPLATES, set_pdf
from ingest import reference

TEMPLATE = "letter.typ"
OF_NO_FORM_VI = "Nội dung chung"
EXPLAINED_VI = "Đơn vị đã giải trình, đang chờ xem xét."
NO_PERIOD_VI = "chưa xác định kỳ báo cáo"
MOST_ROWS = 1_000
"""Findings of one severity that a letter lists; how many more there are is said below them."""
LONGEST_MESSAGE = 1_200
LONG_ROW = 500
LONGEST_RUN, LONGEST_ADDRESS = 12, 7

LetterKey = tuple[str, str]
"""unit_code, period_key ('' for files whose period is not known)."""


@dataclass(frozen=True)
class LetterSubmission:
    """One submission received: one form in one file. Form is None where it was not recognised."""

    submission_id: str
    file_path: str
    form_code: str | None
    form_label: str | None
    form_title: str | None
    received_at: datetime
    status: str
    reason: str | None


@dataclass(frozen=True)
class LetterFinding:
    """One finding, as in `dq_result`; `closed` where it was mended.

    `place_key` names the rule and the place, whatever submission it is found in.
    """

    place_key: str
    submission_id: str | None
    form_code: str | None
    rule: str
    severity: str
    sheet: str | None
    cell_ref: str | None
    cells: tuple[str, ...]
    value: str | None
    message: str
    fix: str | None
    first_seen: datetime
    closed: datetime | None = None
    is_explained: bool = False  # by the unit, and nobody has decided yet


@dataclass(frozen=True)
class Letter:
    """What is said to one unit about one period.

    `mended` are findings closed since `since`, the time of the letter before this one (None: there
    was none), that are not found again at the same place.
    """

    unit_code: str
    unit_name: str
    period_key: str
    period_label: str
    submissions: tuple[LetterSubmission, ...]
    findings: tuple[LetterFinding, ...]
    mended: tuple[LetterFinding, ...] = ()
    since: datetime | None = None
    is_simulated: bool = False
    # differences within rounding ask for nothing: they are counted, not listed
    n_counted_only: int = 0

    @property
    def key(self) -> LetterKey:
        return self.unit_code, self.period_key

    def count(self, severity: str) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def content(self) -> str:
        """A hash of what is reported: submissions with their status, and what is found where.

        Neither words nor dates count, so that a better sentence or another day sends no new letter.
        """
        parts = [
            sorted((s.submission_id, s.status) for s in self.submissions),
            sorted((f.submission_id or "", f.severity, f.place_key) for f in self.findings),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]

    def since_letter_of(self, last: datetime | None) -> Letter:
        """The same letter, with only what was mended after the letter of `last`."""
        return replace(
            self,
            since=last,
            mended=tuple(f for f in self.mended if not last or (f.closed and f.closed > last)),
        )


def due_date(first_seen: datetime, mend_days: int) -> date:
    """By when to mend: `mend_days` days after it was first said, on a Saturday or Sunday moved to
    Monday. Public holidays are not known here."""
    day = first_seen.date() + timedelta(days=mend_days)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def letter_pdf(letter: Letter, as_of: datetime, mend_days: int, contact: str = "") -> bytes:
    """The letter as PDF. `contact` is an address for questions, printed at the end.

    Raises TypesettingError.
    """
    return set_pdf(TEMPLATE, letter_data(letter, as_of, mend_days, contact), as_of)


def letter_data(
    letter: Letter, as_of: datetime, mend_days: int, contact: str = ""
) -> dict[str, Any]:
    """What the template shows: texts only, cleaned, in the order of the paper."""
    labels = {s.submission_id: _submission_label(s) for s in letter.submissions}
    headings = {s.submission_id: _heading(s) for s in letter.submissions}
    return {
        "letterhead": letterhead(),
        "place_and_date": f"{letterhead()['place']}, {date_vi(as_of)}",
        "unit": on_paper(one_line(letter.unit_name)),
        "period": on_paper(one_line(letter.period_label)),
        "as_of": time_vi(as_of),
        "is_simulated": letter.is_simulated,
        "submissions": [
            {
                "form": labels[s.submission_id],
                "title": on_paper(one_line(s.form_title or "")),
                "file": on_paper(one_line(base_name(s.file_path))),
                "received": f"{s.received_at:%H:%M} {day_vi(s.received_at)}",
                "status": STATUS_VI[s.status],
                "reason": on_paper(shown_text(s.reason or "", LONGEST_VALUE)),
            }
            for s in sorted(letter.submissions, key=_submission_order)
        ],
        "counts": [
            {"title": _plain_title(title), "count": number_vi(letter.count(severity))}
            for severity, title in SEVERITY_VI.items()
        ],
        "is_clean": not letter.findings and all(s.status == "accepted" for s in letter.submissions),
        "must_act": any(f.severity != "info" for f in letter.findings)
        or any(s.status != "accepted" for s in letter.submissions),
        "sections": [
            _section(severity, title, found, headings, mend_days)
            for severity, title in SEVERITY_VI.items()
            if (found := [f for f in letter.findings if f.severity == severity])
        ],
        "since": date_vi(letter.since) if letter.since else "",
        "mended": {
            "count": number_vi(len(letter.mended)),
            "rows": [
                {
                    "form": labels.get(f.submission_id or "") or _form_label(f.form_code, letter),
                    **_place_of(f),
                    "message": on_paper(shown_text(f.message, LONGEST_VALUE)),
                }
                for f in sorted(letter.mended, key=_finding_order)[:MOST_ROWS]
            ],
            "more": _more(len(letter.mended)),
        },
        "within_rounding": number_vi(letter.n_counted_only) if letter.n_counted_only else "",
        "contact": on_paper(one_line(contact)),
    }


def _section(
    severity: str,
    title: str,
    found: Sequence[LetterFinding],
    headings: Mapping[str, str],
    mend_days: int,
) -> dict[str, Any]:
    """One severity: its findings under the form they are in, numbered through."""
    ordered = sorted(
        found,
        key=lambda f: (headings.get(f.submission_id or "", OF_NO_FORM_VI), *_finding_order(f)),
    )
    groups = []
    number = 0
    for label, of_form in groupby(
        ordered[:MOST_ROWS], key=lambda f: headings.get(f.submission_id or "", OF_NO_FORM_VI)
    ):
        rows = []
        for finding in of_form:
            number += 1
            blank = finding.cell_ref is not None and not (finding.value or "").strip()
            rows.append(
                {
                    "number": str(number),
                    **_place_of(finding),
                    "value": "(để trống)"
                    if blank
                    else on_paper(shown_text(finding.value or "–", LONGEST_VALUE)),
                    "is_blank": blank,
                    # only such a row may be parted by the end of a page
                    "is_long": len(finding.value or "") + len(finding.message) > LONG_ROW,
                    "message": on_paper(shown_text(finding.message, LONGEST_MESSAGE)),
                    "note": EXPLAINED_VI if finding.is_explained else "",
                    "fix": on_paper(shown_text(finding.fix or "", LONGEST_VALUE)),
                    "due": "–"
                    if severity == "info"
                    else day_vi(due_date(finding.first_seen, mend_days)),
                }
            )
        groups.append({"form": label, "rows": rows})
    return {
        "title": title,
        "count": number_vi(len(found)),
        "groups": groups,
        "more": _more(len(found)),
    }


def _more(count: int) -> str:
    return number_vi(count - MOST_ROWS) if count > MOST_ROWS else ""


def _place_of(finding: LetterFinding) -> dict[str, str]:
    """Sheet and cell; the other cells that the rule looked at below the cell."""
    own_sheet, own_cell = split_ref(finding.cell_ref or "")
    others = [cell for cell in finding.cells if split_ref(cell) != (own_sheet, own_cell)]
    return {
        "sheet": on_paper(one_line(finding.sheet or own_sheet or "–", 80)),
        "cell": on_paper(one_line(own_cell or "–", 80), LONGEST_ADDRESS),
        "others": on_paper(one_line(cell_list(others, finding.sheet or own_sheet))),
    }


def on_paper(text: str, run: int = LONGEST_RUN) -> str:
    """Text for the font and the columns of the paper.

    Letters are composed, pictures of control characters become codes, and a run of `run` letters
    without a blank may break anywhere (by a blank of no width) instead of leaving its column; a
    number between its thousands only.
    """
    text = re.sub(r"[␀-␟]", lambda found: f"[U+{ord(found[0]) - 0x2400:04X}]", text)
    text = unicodedata.normalize("NFC", text)
    return re.sub(rf"\S{{{run},}}", lambda found: _breakable(found[0]), text)


def _breakable(run: str) -> str:
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d{1,9})?", run):
        return run.replace(".", ".\u200b")
    return "".join(
        sign if index == 0 or unicodedata.combining(sign) else f"\u200b{sign}"
        for index, sign in enumerate(run)
    )


def _plain_title(title: str) -> str:
    """`I. Phải chỉnh sửa` -> `Phải chỉnh sửa`."""
    return title.partition(". ")[2] or title


def _submission_label(submission: LetterSubmission) -> str:
    return on_paper(
        one_line(submission.form_label or submission.form_code or base_name(submission.file_path))
    )


def _heading(submission: LetterSubmission) -> str:
    """Form and file: one form may have come in two files."""
    file = on_paper(one_line(base_name(submission.file_path)))
    if submission.form_code is None:
        return f"Tệp {file}"
    return f"Biểu {_submission_label(submission)}, tệp {file}"


def _form_label(form_code: str | None, letter: Letter) -> str:
    """The name on paper of a form whose submission was replaced."""
    return next(
        (_submission_label(s) for s in letter.submissions if s.form_code == form_code),
        form_code or "",
    )


def _submission_order(submission: LetterSubmission) -> tuple[str, str, datetime]:
    return _submission_label(submission), submission.file_path, submission.received_at


def _finding_order(finding: LetterFinding) -> tuple[str, int, int, str, str]:
    """By place; what is about a whole sheet or file first."""
    return *place_order(finding.sheet, finding.cell_ref), finding.rule, finding.message


@cache
def letterhead() -> dict[str, str]:
    """Names at the head of official letters (Nghị định 30/2020/NĐ-CP, Phụ lục I), in capitals."""
    said = yaml.load(Path(__file__).with_name("letterhead.yml").read_bytes(), yaml.CSafeLoader)
    issuer = reference.reporting_units()[said["issuer"]].name_vi
    return {
        "commune_authority": said["commune_authority"],
        "superior": said["superior"].upper(),
        "issuer": issuer.upper(),
        "issuer_name": issuer,
        "place": said["place"],
    }


def addressee(name: str, is_commune: bool) -> str:
    """Who is written to: an agency by its name, a commune by the name of its authority."""
    if not is_commune or not name:
        return name
    return f"{letterhead()['commune_authority']} {name[0].lower()}{name[1:]}"


_WORDING = ("letterhead.yml", "html.py", "shown.py", "typesetting.py")


@cache
def template_version() -> str:
    """A hash of what decides how a letter with the same content looks."""
    files = [
        TEMPLATES / TEMPLATE,
        TEMPLATES / "paper.typ",
        Path(__file__),
        *(Path(__file__).with_name(name) for name in _WORDING),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


# --- from the published file ------------------------------------------------------------------


def read_letters(
    connection: duckdb.DuckDBPyConnection,
    last_letters: Mapping[LetterKey, Iterable[tuple[str, datetime]]] | None = None,
) -> list[Letter]:
    """A letter for each unit and period with a submission that is not superseded, or a finding.

    Reads `submission`, `dq_result`, `dq_act`, `dim_form`, `dim_unit`, `dim_period` of a published
    file. `last_letters` are the letters already made, oldest first: content and time of the build;
    what was mended counts from the last one with another content. Files of unknown origin get none.
    """
    names: dict[str, str] = dict(
        connection.execute(
            "select unit_code, name_vi from dim_unit order by valid_to asc nulls last"
        ).fetchall()
    )
    communes = {
        unit
        for (unit,) in connection.execute(
            "select unit_code from dim_unit where level in ('commune', 'ward', 'township')"
        ).fetchall()
    }
    periods: dict[str, str] = dict(
        connection.execute("select period_key, label_vi from dim_period").fetchall()
    )
    found = _read_findings(connection)
    submissions: dict[LetterKey, list[LetterSubmission]] = {}
    simulated: dict[LetterKey, bool] = {}
    for unit, period, is_simulated, *rest in connection.execute(
        """
        select s.reporter_unit_code, coalesce(s.period_key, ''), s.is_simulated, s.submission_id,
               s.file_path, s.form_code, f.code_on_paper, f.title_vi, s.received_at, s.status,
               s.reason_vi
        from submission as s
        left join dim_form as f
            on s.form_code = f.form_code and s.form_version = f.form_version
        where s.status <> 'superseded' and coalesce(s.reporter_unit_code, '') <> ''
        order by s.submission_id
        """
    ).fetchall():
        submissions.setdefault((unit, period), []).append(LetterSubmission(*rest))
        simulated[unit, period] = is_simulated
    letters = []
    # a finding may be about no submission, such as one about what did not come
    about = {key for key, of_key in found.items() if key[0] and any(not f.closed for f in of_key)}
    for unit, period in sorted({*submissions, *about}):
        received, findings = submissions.get((unit, period), []), found.get((unit, period), [])
        listed = [f for f in findings if f.rule not in counted_only()]
        still_open = tuple(f for f in listed if f.closed is None)
        places = {f.place_key for f in still_open}
        letter = Letter(
            unit_code=unit,
            unit_name=addressee(names.get(unit, "Đơn vị chưa có trong danh mục"), unit in communes),
            period_key=period,
            period_label=periods.get(period, period) or NO_PERIOD_VI,
            submissions=tuple(received),
            findings=still_open,
            mended=tuple(f for f in listed if f.closed and f.place_key not in places),
            n_counted_only=sum(f.rule in counted_only() and not f.closed for f in findings),
            is_simulated=any(simulated.values()),
        )
        before = [
            at for content, at in (last_letters or {}).get(letter.key, ())
            if content != letter.content
        ]  # fmt: skip
        letters.append(letter.since_letter_of(before[-1] if before else None))
    return letters


def _read_findings(
    connection: duckdb.DuckDBPyConnection,
) -> dict[LetterKey, list[LetterFinding]]:
    """Findings, open and closed, by the unit and period of their submission."""
    found: dict[LetterKey, list[LetterFinding]] = {}
    for unit, period, *rest in connection.execute(
        """
        select coalesce(s.reporter_unit_code, r.reporter_unit_code, ''),
               coalesce(s.period_key, r.period_key, ''), coalesce(r.place_key, r.finding_key),
               r.submission_id, coalesce(s.form_code, r.form_code),
               r.rule, r.severity, r.sheet, r.cell_ref, r.cells, r.value, r.message, r.fix,
               r.first_seen, r.closed,
               r.place_key in (
                   select place_key from dq_act
                   where kind = 'explanation' and state = 'waiting' and place_key is not null
               ) and r.closed is null
        from dq_result as r
        left join submission as s on r.submission_id = s.submission_id
        where r.closed is not null or r.state <> 'explained'
        order by r.finding_key
        """
    ).fetchall():
        rest[7] = tuple(cell for cell in rest[7] or () if cell)
        rest[-1] = bool(rest[-1])
        found.setdefault((unit, period), []).append(LetterFinding(*rest))
    return found
