"""`kho simulate`: the inbox of a simulated province, with or without planted errors."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import click

MOST_MONTHS = 240


class _WrongUse(click.ClickException):
    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Thư mục ghi ra, dùng làm --inbox")  # fmt: skip
@click.option("--communes", default=65, show_default=True, help="Số xã, phường gửi báo cáo")
@click.option("--from", "first", default="2026-01", show_default=True, help="Tháng đầu tiên")
@click.option("--months", default=12, show_default=True, help="Số tháng, tối đa 240")
@click.option("--seed", default=1, show_default=True, help="Cùng số này thì cùng số liệu")
@click.option("--error-rate", default=0.0, show_default=True, help="Phần biểu có lỗi cài vào, 0-1")
def simulate(
    out: Path, communes: int, first: str, months: int, seed: int, error_rate: float
) -> None:
    """Tạo số liệu mô phỏng của cả tỉnh (không bao giờ nhận cùng số liệu thật)."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from ingest import reference
    from ingest.period import period_of, read_period
    from ingest.simulation.write import FIRST_PERIOD, PLANTED, Plan, months_from, read_truth
    from ingest.simulation.write import simulate as write
    from ingest.sources import SIMULATION_MARKER

    existing = sum(unit.level == "commune" for unit in reference.reporting_units().values())
    if not 0 <= communes <= existing:
        raise _WrongUse(f"--communes từ 0 đến {existing} (số xã, phường của tỉnh)")
    if not 1 <= months <= MOST_MONTHS:
        raise _WrongUse(f"--months từ 1 đến {MOST_MONTHS}")
    if not 0 <= error_rate <= 1:
        raise _WrongUse("--error-rate từ 0 đến 1")
    key = read_period(first)
    if key is None or period_of(key).kind != "month":
        raise _WrongUse(f"“{first}” không phải một tháng; ví dụ 2026-01")
    if period_of(key).start < period_of(FIRST_PERIOD).start:
        raise _WrongUse(f"Các xã, phường hiện nay có từ tháng 7/2025; --from từ {FIRST_PERIOD}")
    if out.exists() and any(out.iterdir()):
        if not (out / SIMULATION_MARKER).exists():
            raise _WrongUse(
                f"{out} có tệp khác và không phải số liệu mô phỏng; hãy chọn thư mục khác"
            )
        shutil.rmtree(out)
    plan = Plan(out, communes, months_from(key, months), seed, error_rate)
    written = 0
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("Lập báo cáo của từng đơn vị", total=None)
        for done, total, workbooks in write(plan, min(2, os.cpu_count() or 1)):
            bar.update(task, completed=done, total=total)
            written = workbooks
    planted = Counter(row.kind for row in read_truth(out))
    click.echo(
        f"Số liệu mô phỏng trong {out}: {written} tệp, {communes} xã, phường, {months} tháng"
    )
    if planted:
        click.echo(f"Lỗi cài vào: {planted.total()}, ghi ở {out / PLANTED}")
        for kind, count in sorted(planted.items()):
            click.echo(f"  {kind:<20} {count}")
    click.echo(f"Dựng kho: kho nightly --inbox {out} --home <kho mô phỏng>")
