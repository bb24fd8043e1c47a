"""`kho export`: an official form filled from the published facts, ready to print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.template_command import (
    asked_period,
    contract_in_force,
    refuse,
    versions_of,
    write_asked,
)

if TYPE_CHECKING:
    from ingest.contract import Contract


@click.command()
@click.argument("form")
@click.option("--period", required=True, help="Kỳ, ví dụ 2026-03, 2026-Q1, 2026")
@click.option(
    "--unit", "unit_code", help="Mã đơn vị báo cáo; không cần khi biểu chỉ có một nơi gửi"
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tệp .xlsx sẽ ghi",
)
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False),
    help="Thư mục của kho",
)  # fmt: skip
def export(form: str, period: str, unit_code: str | None, out: Path, home: Path | None) -> None:
    """Lập biểu chính thức FORM từ số liệu đã phát hành, để in."""
    from ingest import reference
    from ingest.contract import all_contracts
    from orchestration.settings import Settings
    from warehouse.connection import open_published
    from warehouse.home import Home
    from warehouse.outputs.official_form import NotExportable, official_form

    key = asked_period(period)
    if out.suffix.lower() != ".xlsx":
        refuse(f"Biểu là bảng tính Excel: tên tệp phải kết thúc bằng .xlsx, không phải {out}")
    unit = unit_code or _only_sender(list(all_contracts()), form)
    if unit not in reference.reporting_units():
        refuse(f"Không có đơn vị nào mang mã {unit}")
    contract = contract_in_force(all_contracts(), form, unit, key)
    place = Home((home or Settings().home).absolute())
    if not place.published_file.exists():
        refuse(f"Chưa có bản dữ liệu nào trong {place.root}. Hãy chạy: kho nightly")
    with open_published(place.published_file) as connection:
        try:
            made = official_form(connection, contract, unit, key)
        except NotExportable as error:
            refuse(str(error))
    write_asked(out, [made.form])
    if made.missing:
        click.echo(f"{made.filled} ô có số liệu; {made.missing} ô kho chưa có số liệu, để trống")


def _only_sender(contracts: list[Contract], form: str) -> str:
    """The one unit that sends a form; refused where there are several."""
    from ingest import reference
    from ingest.expected import reports

    found = versions_of(contracts, form)
    senders = [u for u in reference.reporting_units() if found and reports(found[-1], u)]
    if found and len(senders) != 1:
        refuse("Biểu này do nhiều đơn vị gửi: hãy nêu --unit")
    # an unknown form is refused with its neighbours by whoever looks it up
    return senders[0] if senders else next(iter(reference.reporting_units()))
