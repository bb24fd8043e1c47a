"""What the data team is told every morning: received, held, late, open, to decide, changed, and the
mail.

Read from the published file; what became of the mails is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

MOST_LINES = 30

CHANGES_VI = {"added": "thêm", "changed": "đổi", "removed": "bỏ"}
CAUSES_VI = {
    "first_publish": "lần phát hành đầu",
    "submission": "do bản gửi",
    "release": "do cho phép sử dụng hoặc hết thời hạn cho phép",
    "correction": "do tổ dữ liệu sửa số liệu",
    "code": "do thay đổi cách tính",
}


@dataclass(frozen=True)
class MailReport:
    """What became of the mails of a home, in words for the team; `*_vi` are whole lines."""

    sent: int = 0
    in_outbox: int = 0
    waiting: int = 0
    without_address: tuple[str, ...] = ()
    refused_vi: tuple[str, ...] = ()
    unknown_vi: tuple[str, ...] = ()
    not_set: tuple[str, ...] = ()
    server_problem: str = ""


@dataclass(frozen=True)
class Summary:
    """One morning. Lists are cut to `MOST_LINES`; the counts beside them are whole.

    `to_decide` are explanations of units that nobody has accepted or rejected yet: unit, cell, what
    it wrote, and the key of the place for `kho explain`; `failed_acts` say why they do not apply.
    """

    received: Sequence[tuple[str, int]]
    held: Sequence[tuple[str, str, str, str]]
    n_held: int
    late: Sequence[tuple[str, int, int]]
    n_late: int
    n_late_units: int
    opened: Sequence[tuple[str, int, int]]
    n_closed: int
    to_decide: Sequence[tuple[str, str, str, str]]
    n_to_decide: int
    failed_acts: Sequence[str]
    changes: Sequence[tuple[str, str, int]]
    n_reminders: int
    mail: MailReport
    is_simulated: bool


def read_summary(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime,
    before: datetime | None,
    mail: MailReport,
    n_reminders: int,
) -> Summary:
    """From a published file. `before` is the time of the publish before this one."""

    def rows(sql: str, *values: object) -> list[tuple[object, ...]]:
        return list(connection.execute(sql, values).fetchall())

    def count(sql: str, *values: object) -> int:
        return int(str(rows(sql, *values)[0][0]))

    since = before or datetime.fromisoformat("0001-01-01")
    unit = "left join dim_unit as u on {0} = u.unit_code and u.valid_to is null"
    held = rows(
        f"""
        select coalesce(u.name_vi, s.reporter_unit_code, ''), coalesce(f.code_on_paper, ''),
               coalesce(s.period_key, ''), coalesce(s.reason_vi, '')
        from submission as s {unit.format("s.reporter_unit_code")}
        left join dim_form as f
            on s.form_code = f.form_code and s.form_version = f.form_version
        where s.status in ('held', 'unrecognised', 'unreadable')
        order by s.received_at desc, s.submission_id
        """  # noqa: S608 - text of ours
    )
    late = rows(
        """
        select coalesce(unit_name_vi, unit_code), count(*), max(days_late)
        from mart_submission_status where status = 'overdue'
        group by all order by 2 desc, 1
        """
    )
    to_decide = rows(
        f"""
        select coalesce(u.name_vi, a.owner), coalesce(r.cell_ref, r.file, ''), a.explanation,
               a.place_key
        from dq_act as a
        inner join dq_result as r
            on a.place_key = r.place_key and r.closed is null and r.state = 'open'
        {unit.format("r.reporter_unit_code")}
        where a.kind = 'explanation' and a.state = 'waiting'
        qualify row_number() over (partition by a.act_no order by r.finding_key) = 1
        order by a.act_no
        """  # noqa: S608 - text of ours
    )
    return Summary(
        received=_of_two(
            rows(
                "select status, count(*) from submission where received_at > ? group by all "
                "order by 1",
                since,
            )
        ),
        held=[(str(a), str(b), str(c), str(d)) for a, b, c, d in held[:MOST_LINES]],
        n_held=len(held),
        late=[(str(a), int(str(b)), int(str(c))) for a, b, c in late[:MOST_LINES]],
        n_late=sum(int(str(row[1])) for row in late),
        n_late_units=len(late),
        opened=[
            (str(a), int(str(b)), int(str(c)))
            for a, b, c in rows(
                """
                select severity, count(*), count(*) filter (where first_seen > ?)
                from dq_result where closed is null and state <> 'explained'
                group by severity
                order by list_position(['error', 'warning', 'info'], severity)
                """,
                since,
            )
        ],
        n_closed=count(
            "select count(*) from mart_quality_open_findings where closed_at > ? "
            "and severity <> 'info' and closed_by in ('resubmission', 'correction')",
            since,
        ),
        to_decide=[(str(a), str(b), str(c), str(d)) for a, b, c, d in to_decide[:MOST_LINES]],
        n_to_decide=len(to_decide),
        failed_acts=[
            str(said)
            for (said,) in rows(
                "select state_vi from dq_act where state = 'failed' order by act_no"
            )
        ],
        changes=[
            (CHANGES_VI.get(str(a), str(a)), CAUSES_VI.get(str(b), str(b)), int(str(c)))
            for a, b, c in rows(
                "select change, cause, count(*) from build_change group by all order by 1, 2"
            )
        ],
        n_reminders=n_reminders,
        mail=mail,
        is_simulated=bool(count("select count(*) from submission where is_simulated")),
    )


def _of_two(rows: Sequence[tuple[object, ...]]) -> list[tuple[str, int]]:
    return [(str(name), int(str(number))) for name, number in rows]
