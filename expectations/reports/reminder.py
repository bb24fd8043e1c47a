"""Drafts of the official letters that remind late units: "Công văn đôn đốc gửi báo cáo số liệu".

A draft is for the data team to check, number and have signed; it is never mailed to a unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from expectations.reports.letter import addressee, due_date, letterhead, on_paper
from expectations.reports.shown import date_vi, day_vi, number_vi, one_line
from expectations.reports.typesetting import set_pdf

TEMPLATE = "reminder.typ"


@dataclass(frozen=True)
class MissingReport:
    """A report that was due on `due` and has not come."""

    form_label: str
    form_title: str
    period_label: str
    due: date
    days_late: int


@dataclass(frozen=True)
class Reminder:
    """What one unit owes."""

    unit_code: str
    unit_name: str
    missing: tuple[MissingReport, ...]


def read_reminders(connection: duckdb.DuckDBPyConnection) -> list[Reminder]:
    """One for each unit with an overdue report in `mart_submission_status`, by unit code."""
    owed: dict[tuple[str, str], list[MissingReport]] = {}
    for unit, name, level, *rest in connection.execute(
        """
        select m.unit_code, coalesce(m.unit_name_vi, m.unit_code), u.level, m.code_on_paper,
               m.title_vi, coalesce(p.label_vi, m.period_key), m.due_date, m.days_late
        from mart_submission_status as m
        left join dim_unit as u on m.unit_code = u.unit_code and u.valid_to is null
        left join dim_period as p on m.period_key = p.period_key
        where m.status = 'overdue'
        order by m.unit_code, m.due_date, m.code_on_paper, m.period_key
        """
    ).fetchall():
        who = addressee(name, level in ("commune", "ward"))
        owed.setdefault((unit, who), []).append(MissingReport(*rest))
    return [Reminder(unit, name, tuple(missing)) for (unit, name), missing in owed.items()]


def reminder_pdf(reminder: Reminder, as_of: datetime, days: int) -> bytes:
    """The draft as PDF; it asks for the reports within `days` days. Raises TypesettingError."""
    head = letterhead()
    until = due_date(as_of, days)
    data = {
        "letterhead": head,
        # the day is written in when the letter is signed
        "place_and_date": f"{head['place']}, ngày      tháng      năm {as_of.year}",
        "unit": on_paper(one_line(reminder.unit_name)),
        "as_of": date_vi(as_of),
        "until": date_vi(until),
        "count": number_vi(len(reminder.missing)),
        "missing": [
            {
                "form": on_paper(one_line(report.form_label or "")),
                "title": on_paper(one_line(report.form_title or "")),
                "period": one_line(report.period_label),
                "due": day_vi(report.due),
                "days_late": number_vi(report.days_late),
            }
            for report in reminder.missing
        ],
    }
    return set_pdf(TEMPLATE, data, as_of)
