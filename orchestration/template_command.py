"""`kho template`: the workbook that a unit fills in for a period."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from ingest.contract import Contract
    from ingest.template import FilledForm
    from warehouse.home import Home

_KINDS = {
    "month": ("tháng", "2026-03"),
    "quarter": ("quý", "2026-Q1"),
    "year": ("năm", "2026"),
    "span": ("giai đoạn", "2021..2025"),
}


@click.command()
@click.argument("form", required=False)
@click.option("--all", "every", is_flag=True, help="Mọi biểu mà đơn vị phải gửi khi hết kỳ này")
@click.option("--unit", "unit_code", required=True, help="Mã đơn vị báo cáo")
@click.option("--period", required=True, help="Kỳ, ví dụ 2026-03, 2026-Q1, 2026")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tệp .xlsx sẽ ghi",
)
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False),
    help="Thư mục của kho, nơi tìm số liệu kỳ trước",
)  # fmt: skip
def template(
    form: str | None, every: bool, unit_code: str, period: str, out: Path, home: Path | None
) -> None:
    """Lập tệp mẫu của biểu FORM (hoặc mọi biểu, --all) để đơn vị nhập số liệu."""
    from ingest import reference
    from ingest.contract import all_contracts
    from ingest.template import due_forms
    from orchestration.settings import Settings
    from warehouse.home import Home

    if every == (form is not None):
        refuse("Hãy nêu mã một biểu, hoặc dùng --all cho mọi biểu của đơn vị")
    if unit_code not in reference.reporting_units():
        refuse(f"Không có đơn vị nào mang mã {unit_code}")
    key = asked_period(period)
    if out.suffix.lower() != ".xlsx":
        refuse(f"Tệp mẫu là bảng tính Excel: tên tệp phải kết thúc bằng .xlsx, không phải {out}")
    if form is not None:
        wanted = [(contract_in_force(all_contracts(), form, unit_code, key), key)]
    else:
        wanted = due_forms(all_contracts(), unit_code, key)
        if not wanted:
            refuse(f"Đơn vị {unit_code} không có biểu nào phải gửi cho kỳ {period}")
    place = Home((home or Settings().home).absolute())
    forms = [_filled(place, contract, unit_code, own_key) for contract, own_key in wanted]
    write_asked(out, forms)


def asked_period(text: str) -> str:
    """The key of the period that was asked for."""
    from ingest.period import read_period

    key = read_period(text)
    if key is None:
        refuse(f"“{text}” không phải kỳ báo cáo; ví dụ 2026-03, 2026-Q1, 2026")
    return key


def write_asked(out: Path, forms: Sequence[FilledForm]) -> None:
    """Write the workbook that was asked for, and say where it is."""
    from ingest.template import write_workbook

    try:
        write_workbook(out, forms)
    except OSError as error:
        refuse(f"Không ghi được tệp {out}: {error.strerror}")
    click.echo(out)


def _filled(home: Home, contract: Contract, unit_code: str, period_key: str) -> FilledForm:
    """The form with last period's figures, and with the names of last period's records."""
    from ingest.previous import last_reported
    from ingest.template import FilledForm

    last = last_reported(home, contract, unit_code, period_key)
    return FilledForm(contract, unit_code, period_key, last.names, last.figures)


def contract_in_force(
    contracts: Sequence[Contract], name: str, unit_code: str, period_key: str
) -> Contract:
    """The version of a form in force at the period's end. Exit 2 for what cannot be asked for."""
    from ingest.expected import reports
    from ingest.period import period_of

    versions = versions_of(contracts, name)
    if not versions:
        refuse(f"Không có biểu {name}. {_near(contracts, name.casefold())}")
    period = period_of(period_key)
    latest = versions[-1]
    frequency = latest.reporting.frequency
    if frequency in _KINDS and frequency != period.kind:
        word, example = _KINDS[frequency]
        refuse(
            f"Biểu {latest.code_on_paper} báo cáo theo {word}, ví dụ {example}; "
            f"“{period.label_vi}” không phải {word}"
        )
    in_force = [c for c in versions if c.is_in_force(period.end)]
    if not in_force:
        refuse(
            f"Biểu {latest.code_on_paper} chưa hoặc không còn hiệu lực vào {period.label_vi} "
            f"(hiệu lực từ {latest.valid.start:%d/%m/%Y})"
        )
    contract = in_force[-1]
    if not reports(contract, unit_code):
        from ingest import reference

        senders = ", ".join(reference.sender_label(sender) for sender in contract.senders)
        refuse(f"Đơn vị {unit_code} không gửi biểu {contract.code_on_paper}; nơi gửi: {senders}")
    return contract


def versions_of(contracts: Sequence[Contract], name: str) -> list[Contract]:
    """The versions of the form that is called so, in order: by its code, here or on paper."""
    folded = name.casefold()
    return [c for c in contracts if folded in (c.form, c.id, c.code_on_paper.casefold())]


def _near(contracts: Sequence[Contract], name: str) -> str:
    """The forms whose codes come near what was typed, else where to find all of them."""
    by_code = {code: c for c in contracts for code in (c.form, c.code_on_paper.casefold())}
    near = dict.fromkeys(by_code[code].form for code in get_close_matches(name, by_code, 4, 0.5))
    found = dict.fromkeys([*near, *(c.form for c in contracts if name and name in c.form)])
    if found:
        return f"Có phải: {', '.join(list(found)[:6])}?"
    return "Các biểu: kho forms"


class _WrongUse(click.ClickException):
    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def refuse(message: str) -> NoReturn:
    raise _WrongUse(message)
