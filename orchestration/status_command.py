"""`kho status`: who has sent what and who is late, from the published mart_submission_status."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

STATUSES = {
    "received": "đã nhận",
    "received_late": "nhận muộn",
    "held": "tạm giữ",
    "missing": "chưa gửi",
    "overdue": "quá hạn",
    "not_due": "chưa đến hạn",
}
_COLUMNS = (
    "unit_code", "unit_name_vi", "form_code", "code_on_paper", "period_key", "due_date",
    "first_received_at", "status", "days_late",
)  # fmt: skip


@click.command()
@click.option("--unit", "unit_code", help="Mã đơn vị; mặc định: mọi đơn vị")
@click.option("--form", "form_code", help="Mã biểu; mặc định: mọi biểu")
@click.option("--period", "period_key", help="Kỳ, ví dụ 2026-03 hoặc 2026-Q1; mặc định: mọi kỳ")
@click.option("--late", "late_only", is_flag=True, help="Chỉ những báo cáo chưa gửi hoặc gửi muộn")
@click.option("--csv", "as_csv", is_flag=True, help="In từng dòng dạng CSV")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Thư mục của kho")
def status(
    unit_code: str | None,
    form_code: str | None,
    period_key: str | None,
    late_only: bool,
    as_csv: bool,
    home: Path | None,
) -> None:
    """Ai đã gửi, ai còn thiếu, ai gửi muộn (đơn vị × biểu × kỳ)."""
    from ingest import reference
    from ingest.contract import all_contracts
    from ingest.period import read_period
    from orchestration.inputs import noted_problems
    from orchestration.settings import Settings
    from warehouse.connection import open_published
    from warehouse.home import Home

    place = Home((home or Settings().home).absolute())
    if not place.published_file.exists():
        raise _WrongUse(f"Chưa có bản dữ liệu nào trong {place.root}. Hãy chạy: kho nightly")
    if unit_code is not None and unit_code not in reference.reporting_units():
        raise _WrongUse(f"Không có đơn vị nào mang mã {unit_code}")
    forms = {contract.form for contract in all_contracts()}
    if form_code is not None and form_code not in forms:
        raise _WrongUse(f"Không có biểu {form_code}. Các biểu: kho forms")
    key = read_period(period_key) if period_key else None
    if period_key is not None and key is None:
        raise _WrongUse(f"“{period_key}” không phải kỳ báo cáo; ví dụ 2026-03, 2026-Q1, 2026")
    conditions = [
        (column, value)
        for column, value in (
            ("unit_code", unit_code), ("form_code", form_code), ("period_key", key)
        )
        if value is not None
    ]  # fmt: skip
    where = " and ".join(f"{column} = ?" for column, _ in conditions) or "true"
    if late_only:
        where += " and status in ('missing', 'overdue', 'received_late', 'held')"
    with open_published(place.published_file) as connection:
        rows = connection.execute(
            f"select {', '.join(_COLUMNS)} from mart_submission_status where {where} "  # noqa: S608 - names of ours
            "order by form_code, period_key, unit_code",
            [value for _, value in conditions],
        ).fetchall()
        as_of = place.published()["as_of"]  # type: ignore[index]
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
        return
    _show(rows, str(as_of), whole=unit_code is None)
    since, problems = noted_problems(place)
    if problems:
        click.echo(f"Chưa lấy được từ nơi gửi (lần lấy tệp {since}):")
        for problem in problems:
            click.echo(f"  {problem.says_vi}")


class _WrongUse(click.ClickException):
    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def _show(rows: Sequence[tuple[Any, ...]], as_of: str, *, whole: bool) -> None:
    """By form and period how many units stand where; for one unit, every report of it."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not rows:
        console.print(
            "Không có báo cáo nào được chờ: các biểu định kỳ chưa có đơn vị nào gửi, "
            "hoặc không có dòng nào khớp điều kiện."
        )
        return
    table = Table(box=None, padding=(0, 1), show_edge=False)
    if whole:
        for header in ("Biểu", "Kỳ", "Hạn gửi"):
            table.add_column(header, no_wrap=True)
        for label in STATUSES.values():
            table.add_column(label, justify="right")
        groups: dict[tuple[str, str, str], dict[str, int]] = {}
        for row in rows:
            key = (row[3], row[4], f"{row[5]:%d/%m/%Y}" if row[5] else "không có")
            counts = groups.setdefault(key, dict.fromkeys(STATUSES, 0))
            counts[row[7]] += 1
        for key, counts in groups.items():
            table.add_row(*key, *(str(count) if count else "·" for count in counts.values()))
    else:
        for header in ("Biểu", "Kỳ", "Hạn gửi", "Nhận lúc", "Tình trạng", "Muộn (ngày)"):
            table.add_column(header)
        for _, _, _, code, period, due, received, state, days in rows:
            table.add_row(
                code,
                period,
                f"{due:%d/%m/%Y}" if due else "không có",
                f"{received:%d/%m/%Y %H:%M}" if received else "",
                STATUSES[state],
                str(days) if days else "",
            )
    console.print(f"Tình hình gửi báo cáo đến {as_of}")
    console.print(table)
