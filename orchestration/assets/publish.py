"""Stage 5: write the published file, the reports and letters, switch `current`, send."""

from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from expectations.reports.html import write_reports
from expectations.reports.letter import LetterKey
from expectations.reports.letter_files import letters_of
from expectations.reports.marked_files import write_marked
from ingest.contract import all_contracts
from ingest.period import period_of
from orchestration.fingerprint import (
    code_version,
    dates_that_matter,
    files_version,
    last_date_passed,
)
from orchestration.in_advance import Work
from orchestration.logs import log
from orchestration.mailing import letters_before, send_mails
from orchestration.measured import bytes_below, measured
from orchestration.resources import BuildResource
from orchestration.second_try import tried_again
from orchestration.settings import Settings
from orchestration.several import several
from warehouse import kept_tables
from warehouse.acts import Act, acts_version, release_ends
from warehouse.connection import MEMORY_LIMIT, open_published, open_working
from warehouse.history import FACTS, keep_changes
from warehouse.ledger import Ledger, Receipt
from warehouse.outputs.spreadsheets import spreadsheets_of
from warehouse.publish import describe_build, publish_staged
from warehouse.published_file import stage_build
from warehouse.site.build import site_of

GROUP = "publish"
PAGES, SPREADSHEETS, LETTERS = "leader_pages", "mart_spreadsheets", "sender_letters"
"""Steps whose work begins as soon as the build is staged (orchestration/in_advance.py)."""
CHANGES = "changes"
"""For the next night, which does it where it was not done: no step waits for it."""
_MANY_ROWS = 2_000_000
_WAITED_FOR = {"dagster/priority": "-1"}
"""Of such a step: what is not under way yet is done before it is waited for."""


def _build_id(connection: Any) -> str:
    return str(connection.execute("select build_id from raw.build").fetchone()[0])


@dg.asset(group_name=GROUP, kinds={"duckdb", "parquet"}, deps=["gated_marts"])
@measured
@tried_again
def staged_build(build: BuildResource) -> dg.MaterializeResult:
    """The published tables in a new DuckDB file (storage of 1.2) and as Parquet."""
    with open_working(build.place.working_file) as connection:
        build_id = _build_id(connection)
        rows = stage_build(
            connection, build.place.staging(build_id), code_version(), build.earlier("")
        )
        _, n_kept = kept_tables.made_and_kept(connection)
    # the pages take longest, but of a large home, or where all of them are new, they take a
    # gigabyte, and should not meet the reports: then they begin when those are written
    is_light = n_kept and sum(rows.values()) < _MANY_ROWS
    begun: list[tuple[str, Work]] = [
        *([(PAGES, _pages(build, build_id))] if is_light else []),
        (LETTERS, _letters(build, build_id)),
        (SPREADSHEETS, _spreadsheets(build, build_id)),
    ]
    for name, work in begun:
        build.beside.begin(name, work)
    return dg.MaterializeResult(
        value=build_id,
        metadata={
            "tables": len(rows),
            "dagster/row_count": sum(rows.values()),
            "bytes": bytes_below(build.place.staging(build_id)),
            **rows,
        },
    )


@dg.asset(group_name=GROUP, op_tags=_WAITED_FOR, kinds={"excel"})
@measured
@tried_again
def mart_spreadsheets(build: BuildResource, staged_build: str) -> dg.MaterializeResult:
    """Every mart as a formatted workbook with Vietnamese headings."""
    paths = build.beside.finish(SPREADSHEETS, lambda: _spreadsheets(build, staged_build))
    return dg.MaterializeResult(
        metadata={"workbooks": len(paths), "bytes": sum(path.stat().st_size for path in paths)}
    )


def _spreadsheets(build: BuildResource, build_id: str) -> partial[list[Path]]:
    folder = build.place.staging(build_id)
    return partial(
        spreadsheets_of, folder / "kho.duckdb", folder / "excel", build.moment,
        build.earlier("excel"),
    )  # fmt: skip


@dg.asset(group_name=GROUP, kinds={"html", "excel"})
@measured
@tried_again
def sender_reports(build: BuildResource, staged_build: str) -> dg.MaterializeResult:
    """A data-quality report in Vietnamese for every sender, and its own workbooks, marked."""
    folder = build.place.staging(staged_build)
    with open_published(folder / "kho.duckdb", MEMORY_LIMIT) as connection:
        before = build.earlier("reports")
        paths = write_reports(connection, folder / "reports", build.moment, before=before)
        marked = write_marked(
            connection, build.place.archived, folder / "reports", build.moment,
            workers=build.workers, before=before,
        )  # fmt: skip
    build.beside.begin(PAGES, _pages(build, staged_build))
    log("reported", reports=len(paths), workbooks=len(marked))
    return dg.MaterializeResult(
        metadata={
            "reports": len(paths),
            "workbooks": len(marked),
            "bytes": bytes_below(folder / "reports"),
        }
    )


@dg.asset(group_name=GROUP, op_tags=_WAITED_FOR, kinds={"typst"})
@measured
@tried_again
def sender_letters(build: BuildResource, staged_build: str) -> dg.MaterializeResult:
    """A PDF letter for every sender and period, and drafts that remind late units."""
    folder = build.place.staging(staged_build)
    paths, failed, drafts = build.beside.finish(LETTERS, lambda: _letters(build, staged_build))
    log("letters", letters=len(paths), failed=len(failed), reminders=len(drafts))
    return dg.MaterializeResult(
        metadata={
            "letters": len(paths),
            "bytes": bytes_below(folder / "reports" / "letters"),
            "not_set": several([" ".join(key) for key in failed]),
            "reminders": len(drafts),
        }
    )


def _letters(
    build: BuildResource, build_id: str
) -> partial[tuple[list[Path], list[LetterKey], list[Path]]]:
    settings = Settings()
    folder = build.place.staging(build_id)
    return partial(
        letters_of, folder / "kho.duckdb", letters_before(build.place), folder / "reports",
        build.moment, settings.mend_days, settings.mail_reply_to, build.earlier("reports"),
    )  # fmt: skip


@dg.asset(group_name=GROUP, op_tags=_WAITED_FOR, kinds={"html"})
@measured
@tried_again
def leader_pages(build: BuildResource, staged_build: str) -> dg.MaterializeResult:
    """The static site for leaders: scorecard, budget, investment, trade, communes, and the way from
    each figure to its cell."""
    pages = build.beside.finish(PAGES, lambda: _pages(build, staged_build))
    log("pages", pages=len(pages))
    return dg.MaterializeResult(metadata={"pages": len(pages)})


def _pages(build: BuildResource, build_id: str) -> partial[list[Path]]:
    folder = build.place.staging(build_id)
    return partial(
        site_of, folder / "kho.duckdb", folder / "site", build.place.archived, build_id,
        build.moment, build.workers, build.earlier("site"),
    )  # fmt: skip


@dg.asset(
    group_name=GROUP,
    kinds={"duckdb"},
    deps=["sender_reports", "sender_letters", "mart_spreadsheets", "leader_pages"],
)
@measured
def published_build(
    build: BuildResource,
    archived_files: list[Receipt],
    acts_of_people: list[Act],
    staged_build: str,
) -> dg.MaterializeResult:
    """Enter the changes into the ledger and switch `current` to the new build."""
    home = build.place
    with open_working(home.working_file) as connection:
        description = describe_build(
            staged_build,
            build.moment,
            _fingerprint(build, connection, archived_files, acts_of_people),
            _counts(connection),
            any(receipt.is_simulated for receipt in archived_files),
        )
        folder = publish_staged(connection, home, staged_build, build.moment, description)
        changes = _changes(connection)
    kept_tables.keep(home, staged_build, code_version())
    change_file = Ledger(home.ledger).change_file(staged_build)
    build.beside.begin(CHANGES, partial(keep_changes, change_file, home.history), to_the_end=True)
    log("published", build=staged_build, **description["counts"])
    return dg.MaterializeResult(
        metadata={
            "build": staged_build,
            "folder": dg.MetadataValue.path(str(folder)),
            "bytes": bytes_below(folder),
            "changes": dg.MetadataValue.md(changes),
            **description["counts"],
        }
    )


def _changes(connection: Any) -> str:
    """What this build changed against the last one, by fact, unit and cause; the most first."""
    rows = connection.execute(
        """
        select fact_table, unit_code, change, cause, count(*) as facts from build_change
        group by all order by facts desc, fact_table, unit_code limit 50
        """
    ).fetchall()
    if not rows:
        return "nothing"
    head = ["| fact | unit | change | cause | facts |", "| --- | --- | --- | --- | ---: |"]
    return "\n".join([*head, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


@dg.asset(group_name=GROUP, kinds={"smtp"}, deps=["published_build"])
@measured
def sent_mails(build: BuildResource) -> dg.MaterializeResult:
    """The letters by mail, once per content, and the morning summary; what is unsent is tried
    again on every night, with a build or without."""
    report = send_mails(build.place, Settings())
    counts = {
        "sent": report.sent,
        "in_outbox": report.in_outbox,
        "waiting": report.waiting,
        "refused": len(report.refused_vi),
        "unknown": len(report.unknown_vi),
        "units_without_address": len(report.without_address),
    }
    log("mails", **counts)
    return dg.MaterializeResult(metadata={**counts, "server_problem": report.server_problem})


def _fingerprint(
    build: BuildResource, connection: Any, receipts: list[Receipt], acts: list[Act]
) -> dict[str, str]:
    days = dates_that_matter(
        all_contracts(),
        [
            *_period_ends(connection),
            *_reporting_days(connection, build.moment),
            *release_ends(acts),
        ],
    )
    last = {receipt.file_path: receipt.file_sha256 for receipt in receipts}
    return {
        "files": files_version(last.items()),
        "acts": acts_version(acts),
        "code": code_version(),
        "last_date_passed": last_date_passed(days, build.moment),
        "next_date": min((d.isoformat() for d in days if d >= build.moment.date()), default=""),
    }


def _period_ends(connection: Any) -> list[date]:
    """Last days of the periods that facts and targets are about: from then on they are past."""
    named = " union ".join(f"select period_key from {fact} where is_current" for fact in FACTS)
    rows = connection.execute(
        f"select distinct end_date from raw.period inner join ({named}) using (period_key)"
    ).fetchall()
    return [day for (day,) in rows]


def _reporting_days(connection: Any, as_of: datetime) -> list[date]:
    """Where reports are expected: due dates, ends of periods, and the end of the running month,
    after which more is expected."""
    rows = connection.execute(
        """
        select due_date from raw.expected_submission where due_date is not null
        union
        select end_date from raw.expected_submission inner join raw.period using (period_key)
        """
    ).fetchall()
    days = [day for (day,) in rows]
    month = period_of(f"{as_of:%Y-%m}")
    return [*days, month.end] if days else []


def _counts(connection: Any) -> dict[str, int]:
    """What the closing summary says."""
    queries = {
        "files": "select count(distinct (file_path, file_sha256)) from submission",
        "submissions": "select count(*) from submission",
        "accepted": "select count(*) from submission where status = 'accepted'",
        "held": "select count(*) from submission where status = 'held'",
        "unrecognised": "select count(*) from submission where status = 'unrecognised'",
        "unreadable": "select count(*) from submission where status = 'unreadable'",
        "cells": "select count(*) from raw.cell",
        "facts": "select "
        + " + ".join(f"(select count(*) from {fact} where is_current)" for fact in FACTS),
        "errors": "select count(*) from dq_result where severity = 'error' "
        "and state <> 'explained'",
        "warnings": "select count(*) from dq_result where severity = 'warning' "
        "and state <> 'explained'",
        "notes": "select count(*) from dq_result where closed is null and severity = 'info'",
        "acts_failed": "select count(*) from dq_act where state = 'failed'",
        "identities": "select count(*) from identity_result where outcome <> 'not_evaluable'",
        "identities_broken": "select count(*) from identity_result where outcome = 'broken'",
    }
    return {name: int(connection.execute(query).fetchone()[0]) for name, query in queries.items()}
