"""The letter to each sender as one HTML file, and the data team's index of those letters.

Here belongs the arrangement of a report: grouping, order, counts, the file's name and how a value
is made fit to be seen. The words stand in `templates/`, the words about a figure in the finding
itself. Everything from a cell or a file name is hostile: it reaches the page only through jinja2's
autoescape, and the page forbids scripts and requests to outside.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
from jinja2 import Environment
from markupsafe import Markup

from expectations.findings import counted_only
from expectations.reports.shown import (
    LONGEST_VALUE,
    base_name,
    cell_list,
    day_vi,
    number_vi,
    place_order,
    shown_text,
    split_ref,
    time_vi,
)
from expectations.reports.templating import reports_version, template_environment

STATUS_VI: Mapping[str, str] = {
    "accepted": "Đã tiếp nhận",
    "held": "Tạm giữ, chưa đưa vào kho",
    "unrecognised": "Chưa xác định được biểu mẫu",
    "unreadable": "Không đọc được tệp",
    "expunged": "Đã xóa khỏi kho",
}
"""Status in the warehouse -> what the sender reads. A superseded submission is not shown."""

SEVERITY_VI: Mapping[str, str] = {
    "error": "I. Phải chỉnh sửa",
    "warning": "II. Đề nghị giải trình",
    "info": "III. Để biết",
}
"""Severity -> heading, in the order of the report."""

COLUMNS_VI: tuple[str, ...] = (
    "STT",
    "Trang tính",
    "Ô",
    "Giá trị đã ghi",
    "Nội dung",
    "Mức yêu cầu/giá trị hợp lệ",
    "Cách xử lý",
)

UNKNOWN_SENDER_VI = "Chưa xác định được nơi gửi"
UNKNOWN_SENDER_FILE = "chua-xac-dinh-noi-gui"
INDEX_FILE = "index"
_AS_OF = Markup('<time class="as-of" datetime="{}">{}</time>')
_AN_AS_OF = re.compile(r'<time class="as-of" datetime="[^"]*">[^<]*</time>')
_MADE_OF = Markup('<meta name="made-of" content="{}">')
_HEAD = 2_000  # characters of a page in which that is said


@dataclass(frozen=True)
class Sender:
    """A unit that sends workbooks; an empty `unit_code` stands for files of unknown origin."""

    unit_code: str
    name_vi: str


@dataclass(frozen=True)
class Finding:
    """One open finding, as in `dq_result`.

    `cell_ref` is `Sheet!B12`, or None for a finding about a sheet or a whole file; `cells` are all
    cells that the rule looked at, in the same form, `cell_ref` among them or not.
    """

    rule: str
    severity: str
    sheet: str | None
    cell_ref: str | None
    cells: tuple[str, ...]
    value: str | None
    expected: str | None
    message: str
    fix: str | None
    first_seen: datetime | None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITY_VI:
            raise ValueError(f"unknown severity {self.severity!r} of rule {self.rule!r}")


@dataclass(frozen=True)
class SubmissionReport:
    """One submission (one unit, one form, one period) with its open findings.

    Form and period are None where the file could not be read or recognised.
    """

    file_path: str
    form_title: str | None
    form_code: str | None
    period_label: str | None
    status: str
    reason: str | None
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        if self.status not in STATUS_VI:
            raise ValueError(
                f"unknown status {self.status!r} of a submission in {self.file_path!r}"
            )


@dataclass(frozen=True)
class Summary:
    """Counts of one report: files, submissions by status, findings by severity.

    `by_status` and `by_severity` hold every key of `STATUS_VI` and `SEVERITY_VI`, in that order.
    """

    files: int
    by_status: Mapping[str, int]
    by_severity: Mapping[str, int]

    @property
    def submissions(self) -> int:
        return sum(self.by_status.values())

    @property
    def findings(self) -> int:
        return sum(self.by_severity.values())

    @property
    def is_clean(self) -> bool:
        """True if everything sent was accepted and nothing was found."""
        return self.by_status["accepted"] == self.submissions and not self.findings


@dataclass(frozen=True)
class IndexRow:
    """One line of the index: a sender and the counts of its report."""

    sender: Sender
    summary: Summary


def summarise(submissions: Iterable[SubmissionReport]) -> Summary:
    """Count the submissions of one report, or of several senders together."""
    subs = list(submissions)
    found = [finding.severity for sub in subs for finding in sub.findings]
    return Summary(
        files=len({sub.file_path for sub in subs}),
        by_status={key: sum(sub.status == key for sub in subs) for key in STATUS_VI},
        by_severity={key: found.count(key) for key in SEVERITY_VI},
    )


def render_sender_report(
    sender: Sender, submissions: Sequence[SubmissionReport], as_of: datetime
) -> str:
    """The report of one sender as a complete HTML document.

    Submissions are shown by file, then form and period, whatever their order here; findings by
    severity, then sheet, row and column. `as_of` is the build's time, in local time.
    """
    return _rendered(sender, submissions, as_of, _made_of(sender, submissions))


def _rendered(
    sender: Sender, submissions: Sequence[SubmissionReport], as_of: datetime, made_of: str
) -> str:
    files = [
        {
            "name": shown_text(base_name(path)),
            "path": shown_text(path),
            "submissions": [_submission_view(sub) for sub in subs],
        }
        for path, subs in groupby(
            sorted(submissions, key=_submission_order), key=lambda sub: sub.file_path
        )
    ]
    return (
        _environment()
        .get_template("sender.html.j2")
        .render(
            sender=sender,
            unit_name=shown_text(sender.name_vi),
            unit_code=shown_text(sender.unit_code),
            as_of=as_of,
            made_of=_MADE_OF.format(made_of),
            summary=summarise(submissions),
            files=files,
            statuses=STATUS_VI,
            severities=SEVERITY_VI,
            columns=COLUMNS_VI,
        )
    )


def _made_of(sender: Sender, submissions: Sequence[SubmissionReport]) -> str:
    """A hash of all that a report says but its time, and of the code that says it."""
    said = f"{reports_version()}{sender!r}{submissions!r}"
    return hashlib.sha256(said.encode()).hexdigest()


def _kept(path: Path, made_of: str, as_of: datetime) -> str | None:
    """The report in a file of an earlier build, as of this one, if it was made of the same."""
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    if _MADE_OF.format(made_of) not in page[:_HEAD]:
        return None
    return _AN_AS_OF.sub(lambda _: _as_of_vi(as_of), page)


def render_index(rows: Sequence[IndexRow], as_of: datetime) -> str:
    """The data team's page: one line a sender, in the order of unit codes, linking its report.

    Files of unknown origin come first, since nobody but the data team can follow them up.
    """
    ordered = sorted(rows, key=lambda row: row.sender.unit_code)
    lines = [
        {
            "href": quote(report_file_name(row.sender.unit_code)),
            "unit_name": shown_text(row.sender.name_vi),
            "unit_code": shown_text(row.sender.unit_code),
            "summary": row.summary,
        }
        for row in ordered
    ]
    total = Summary(
        files=sum(row.summary.files for row in ordered),
        by_status={k: sum(row.summary.by_status[k] for row in ordered) for k in STATUS_VI},
        by_severity={k: sum(row.summary.by_severity[k] for row in ordered) for k in SEVERITY_VI},
    )
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            lines=lines,
            total=total,
            n_clean=sum(row.summary.is_clean for row in ordered),
            as_of=as_of,
            statuses=STATUS_VI,
            severities=SEVERITY_VI,
        )
    )


def report_file_name(unit_code: str) -> str:
    """`<unit_code>.html`, every byte outside [A-Za-z0-9_-] percent-encoded, dots and slashes too.

    A code spelled like one of this package's own pages has its first letter encoded, so that no
    unit can overwrite the index.
    """
    if not unit_code:
        return f"{UNKNOWN_SENDER_FILE}.html"
    safe = re.sub(
        r"[^A-Za-z0-9_-]",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")),
        unit_code,
    )
    if safe.lower() in (INDEX_FILE, UNKNOWN_SENDER_FILE):
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    return f"{safe}.html"


def write_reports(
    connection: duckdb.DuckDBPyConnection,
    out_dir: Path,
    as_of: datetime,
    only_unit: str | None = None,
    before: Path | None = None,
) -> list[Path]:
    """Write a report for each sender in the published file, then the index; return their paths.

    Reads `submission`, `dq_result`, `dim_form`, `dim_unit` and `dim_period`. Senders are the units
    with a submission that is not superseded; submissions without a unit, and open findings without
    a submission, go to one page of unknown origin, so that none is lost. With `only_unit` that
    unit's report alone is written (even if it sent nothing) and the index is left as it is. A
    report that says the same as the one in `before`, the folder of the build before, is that one
    with the time of this build.

    Raises LookupError if `only_unit` is no unit and sent nothing.
    """
    names = _unit_names(connection)
    reports = _read_submissions(connection)
    if only_unit is not None:
        if only_unit not in names and only_unit not in reports:
            raise LookupError(f"Không có đơn vị nào mang mã “{only_unit}”.")
        reports = {only_unit: reports.get(only_unit, [])}

    out_dir.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    rows: list[IndexRow] = []
    for unit_code, submissions in sorted(reports.items()):
        name = names.get(unit_code, "Đơn vị chưa có trong danh mục")
        sender = Sender(unit_code, name if unit_code else UNKNOWN_SENDER_VI)
        path, made_of = out_dir / report_file_name(unit_code), _made_of(sender, submissions)
        page = _kept(before / path.name, made_of, as_of) if before else None
        if page is None:
            page = _rendered(sender, submissions, as_of, made_of)
        path.write_text(page, encoding="utf-8")
        written.append(path)
        rows.append(IndexRow(sender, summarise(submissions)))
    if only_unit is None:
        path = out_dir / f"{INDEX_FILE}.html"
        path.write_text(render_index(rows, as_of), encoding="utf-8")
        written.append(path)
    return written


# --- from the published file ------------------------------------------------------------------


def _unit_names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """unit_code -> today's name; the last one for a unit that is no more."""
    return dict(
        connection.execute(
            "select unit_code, name_vi from dim_unit order by valid_to asc nulls last"
        ).fetchall()
    )


def _read_submissions(
    connection: duckdb.DuckDBPyConnection,
) -> dict[str, list[SubmissionReport]]:
    """unit_code ('' if unknown) -> its submissions that are not superseded."""
    findings = _read_findings(connection)
    titles: dict[tuple[str, Any], str] = {
        (code, version): title
        for code, version, title in connection.execute(
            "select form_code, form_version, title_vi from dim_form"
        ).fetchall()
    }
    periods: dict[str, str] = dict(
        connection.execute("select period_key, label_vi from dim_period").fetchall()
    )
    reports: dict[str, list[SubmissionReport]] = {}
    known: set[Any] = set()
    for submission_id, file_path, unit, form, version, period, status, reason in connection.execute(
        "select submission_id, file_path, reporter_unit_code, form_code, form_version, period_key,"
        " status, reason_vi from submission order by submission_id"
    ).fetchall():
        known.add(submission_id)
        if status == "superseded":
            continue
        reports.setdefault(unit or "", []).append(
            SubmissionReport(
                file_path=file_path,
                form_title=titles.get((form, version)),
                form_code=form,
                period_label=periods.get(period, period),
                status=status,
                reason=reason,
                findings=tuple(finding for _, finding in findings.get(submission_id, [])),
            )
        )
    orphans: dict[str, list[Finding]] = {}
    for submission_id, found in findings.items():
        if submission_id not in known:
            for file, finding in found:
                orphans.setdefault(file, []).append(finding)
    for file, found_in_file in sorted(orphans.items()):
        reports.setdefault("", []).append(
            SubmissionReport(file, None, None, None, "unrecognised", None, tuple(found_in_file))
        )
    return reports


def _read_findings(
    connection: duckdb.DuckDBPyConnection,
) -> dict[Any, list[tuple[str, Finding]]]:
    """submission_id -> its open findings, each with the file it was found in."""
    found: dict[Any, list[tuple[str, Finding]]] = {}
    for submission_id, file, *rest in connection.execute(
        "select submission_id, file, rule, severity, sheet, cell_ref, cells, value, expected,"
        " message, fix, first_seen from dq_result where closed is null and state <> 'explained'"
        " order by submission_id, rule, cell_ref, message"
    ).fetchall():
        rule, severity, sheet, cell_ref, cells, value, expected, message, fix, first_seen = rest
        if rule in counted_only():
            continue  # asks for nothing: the letter says how many there are
        finding = Finding(
            rule=rule,
            severity=severity,
            sheet=sheet,
            cell_ref=cell_ref,
            cells=tuple(cell for cell in cells or () if cell),
            value=value,
            expected=expected,
            message=message,
            fix=fix,
            first_seen=first_seen,
        )
        found.setdefault(submission_id, []).append((file or "", finding))
    return found


# --- from values to what is shown -------------------------------------------------------------


def _submission_view(sub: SubmissionReport) -> dict[str, Any]:
    """What the template shows of a submission; every text cleaned, none yet escaped."""
    ordered = sorted(sub.findings, key=_finding_order)
    sections = [
        {
            "severity": severity,
            "title": title,
            "findings": [_finding_view(f) for f in ordered if f.severity == severity],
        }
        for severity, title in SEVERITY_VI.items()
        if any(f.severity == severity for f in ordered)
    ]
    return {
        "title": shown_text(sub.form_title or sub.form_code or "Toàn bộ tệp"),
        "form_code": shown_text(sub.form_code or ""),
        "period": shown_text(sub.period_label or ""),
        "status": sub.status,
        "reason": shown_text(sub.reason or ""),
        "sections": sections,
        "must_act": any(f.severity != "info" for f in ordered),
    }


def _finding_view(finding: Finding) -> dict[str, Any]:
    sheet = shown_text(finding.sheet or "")
    own_sheet, own_cell = split_ref(finding.cell_ref or "")
    at = own_cell if own_sheet in ("", finding.sheet) else (finding.cell_ref or "")
    others = [cell for cell in finding.cells if split_ref(cell) != (own_sheet, own_cell)]
    return {
        "sheet": sheet or shown_text(own_sheet),
        "cell": shown_text(at if finding.sheet else own_cell),
        "value": None if finding.value is None else shown_text(finding.value, LONGEST_VALUE),
        "is_blank": bool(finding.cell_ref) and not (finding.value or "").strip(),
        "message": shown_text(finding.message),
        "expected": shown_text(finding.expected or ""),
        "fix": shown_text(finding.fix or ""),
        "others": shown_text(cell_list(others, finding.sheet or own_sheet)),
        "first_seen": finding.first_seen,
    }


def _as_of_vi(as_of: datetime) -> Markup:
    return _AS_OF.format(as_of.isoformat(timespec="minutes"), time_vi(as_of))


def _submission_order(sub: SubmissionReport) -> tuple[str, str, str]:
    return sub.file_path, sub.form_title or sub.form_code or "", sub.period_label or ""


def _finding_order(finding: Finding) -> tuple[str, int, int, str, str]:
    """By place; findings about a whole sheet or file before those about a cell."""
    return *place_order(finding.sheet, finding.cell_ref), finding.rule, finding.message


@cache
def _environment() -> Environment:
    return template_environment(
        time_vi=time_vi, as_of_vi=_as_of_vi, day_vi=day_vi, number_vi=number_vi
    )
