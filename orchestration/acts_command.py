"""`kho release`, `explain`, `correct`, `reprocess`, `withdraw`, `acts`: what the data team decides.

Each act is checked against what is published, entered into the ledger with who, when and why, and
counts from the next `kho nightly` on.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.parameters import Day, Moment

if TYPE_CHECKING:
    from decimal import Decimal

    from duckdb import DuckDBPyConnection

    from ingest.workbook import Sheet
    from warehouse.acts import Act, Correction
    from warehouse.home import Home

KINDS_VI = {
    "release": "cho phép sử dụng",
    "explanation": "giải trình",
    "acceptance": "chấp nhận giải trình",
    "rejection": "không chấp nhận giải trình",
    "correction": "sửa số liệu",
    "reprocess": "đọc lại",
    "withdrawal": "rút lại",
    "expunge": "xóa khỏi kho",
}
STATES_VI = {
    "in_force": "có hiệu lực",
    "expired": "hết hạn",
    "withdrawn": "đã rút lại",
    "replaced": "đã thay thế",
    "waiting": "chờ xem xét",
    "done": "đã thực hiện",
    "failed": "KHÔNG ÁP DỤNG",
}


class _WrongUse(click.ClickException):
    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


@dataclass(frozen=True)
class _Who:
    """Who does it, when and why, and in which home."""

    home: Home
    at: datetime
    owner: str
    reason: str

    @property
    def signed(self) -> dict[str, Any]:
        from warehouse.ledger import timestamp

        return {"at": timestamp(self.at), "owner": self.owner, "reason": self.reason}

    def enter(self, *acts: Act) -> None:
        """Into the ledger, and say so."""
        from warehouse.acts import ActLedger

        for act in ActLedger(self.home.ledger).add(acts):
            click.echo(
                f"Đã ghi sổ: số {act.act_no}, {KINDS_VI[act.kind]}, người thực hiện {act.owner}. "
                "Có hiệu lực từ lần dựng kho sau (kho nightly)."
            )


def _signed(command: Callable[..., None]) -> Callable[..., None]:
    """Options that every act has; the command gets them as one `who`."""

    def wrapped(
        reason: str, owner: str | None, home: Path | None, as_of: datetime | None, **rest: Any
    ) -> None:
        from orchestration.settings import Settings, local_now
        from warehouse.home import Home
        from warehouse.ledger import LedgerError

        if not reason.strip():
            raise _WrongUse("Đề nghị ghi lý do (--reason)")
        place = Home((home or Settings().home).absolute())
        if not place.published_file.exists():
            raise _WrongUse(f"Chưa có bản dữ liệu nào trong {place.root}. Hãy chạy: kho nightly")
        name = (owner or getpass.getuser()).strip()
        try:
            command(who=_Who(place, as_of or local_now(), name, reason.strip()), **rest)
        except LedgerError as error:
            raise _WrongUse(f"Sổ ghi chưa đọc được: {error}") from None

    wrapped.__doc__ = command.__doc__
    wrapped.__name__ = command.__name__
    for option in (
        click.option("--as-of", type=Moment(), help="Thời điểm ghi sổ (mặc định: bây giờ)"),
        click.option("--home", type=click.Path(path_type=Path, file_okay=False),
                     help="Thư mục của kho"),
        click.option("--owner", help="Người chịu trách nhiệm (mặc định: tên đăng nhập)"),
        click.option("--reason", required=True, help="Lý do"),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped


def _about(command: Callable[..., None]) -> Callable[..., None]:
    """Options that name unit, form and period."""
    for option in (
        click.option("--period", "period_key", help="Kỳ, ví dụ 2026-03 hoặc 2026-Q1"),
        click.option("--form", "form_code", help="Mã biểu"),
        click.option("--unit", "unit_code", help="Mã đơn vị"),
    ):
        command = option(command)
    return command


def _known(unit_code: str | None, form_code: str | None, period_key: str | None) -> str | None:
    """The period's key. Exit 2 for a unit, form or period that there is not."""
    from ingest import reference
    from ingest.contract import all_contracts
    from ingest.period import read_period

    if unit_code is not None and unit_code not in reference.reporting_units():
        raise _WrongUse(f"Không có đơn vị nào mang mã {unit_code}")
    if form_code is not None and form_code not in {c.form for c in all_contracts()}:
        raise _WrongUse(f"Không có biểu {form_code}. Các biểu: kho forms")
    key = read_period(period_key) if period_key else None
    if period_key is not None and key is None:
        raise _WrongUse(f"“{period_key}” không phải kỳ báo cáo; ví dụ 2026-03, 2026-Q1, 2026")
    return key


def _published(home: Home) -> DuckDBPyConnection:
    from warehouse.connection import open_published

    return open_published(home.published_file)


def _rows(connection: DuckDBPyConnection, query: str, *values: Any) -> list[dict[str, Any]]:
    cursor = connection.execute(query, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _unit_form_period(row: dict[str, Any]) -> str:
    return f"đơn vị {row['reporter_unit_code']}, biểu {row['form_code']}, kỳ {row['period_key']}"


# --- kho release --------------------------------------------------------------------------------


@click.command()
@click.argument("submission_id", required=False)
@_about
@click.option("--until", "expires", required=True, type=Day(),
              help="Ngày cuối cùng được sử dụng; sau đó số liệu lại bị tạm giữ")  # fmt: skip
@_signed
def release(
    who: _Who,
    submission_id: str | None,
    unit_code: str | None,
    form_code: str | None,
    period_key: str | None,
    expires: date,
) -> None:
    """Cho phép sử dụng một bản báo cáo đang tạm giữ, có thời hạn.

    Chỉ định bằng mã lần gửi (submission_id), hoặc bằng --unit, --form và --period: khi đó là bản
    tạm giữ mới nhất.
    """
    from warehouse.acts import NEVER_RELEASED, Release

    if submission_id is None and None in (unit_code, form_code, period_key):
        raise _WrongUse("Đề nghị ghi mã lần gửi, hoặc đủ --unit, --form và --period")
    key = _known(unit_code, form_code, period_key)
    if expires < who.at.date():
        raise _WrongUse(f"Ngày {expires:%d/%m/%Y} đã qua")
    with _published(who.home) as connection:
        if submission_id is not None:
            rows = _rows(
                connection, "select * from submission where submission_id = ?", submission_id
            )
            if not rows:
                raise _WrongUse(f"Không có lần gửi {submission_id} trong bản phát hành")
        else:
            rows = _rows(
                connection,
                "select * from submission where reporter_unit_code = ? and form_code = ? "
                "and period_key = ? order by (status = 'held') desc, received_at desc",
                unit_code, form_code, key,
            )  # fmt: skip
            if not rows:
                raise _WrongUse(
                    f"Không có lần gửi nào của đơn vị {unit_code}, biểu {form_code}, kỳ {key} "
                    "trong bản phát hành"
                )
        found = rows[0]
        if found["status"] != "held":
            raise _WrongUse(
                f"Lần gửi {found['submission_id']} ({found['file_path']}) không bị tạm giữ"
            )
        never = _rows(
            connection,
            "select message from dq_result where submission_id = ? and closed is null "
            "and severity = 'error' and list_contains(?, rule)",
            found["submission_id"], sorted(NEVER_RELEASED),
        )  # fmt: skip
    if never:
        raise _WrongUse(
            f"Không thể cho phép sử dụng: {never[0]['message']} Đề nghị yêu cầu đơn vị gửi lại."
        )
    who.enter(
        Release(
            **who.signed,
            submission_id=found["submission_id"],
            unit_code=found["reporter_unit_code"],
            form_code=found["form_code"],
            period_key=found["period_key"],
            expires=expires.isoformat(),
        )
    )
    click.echo(f"{_unit_form_period(found)}: sử dụng đến hết ngày {expires:%d/%m/%Y}.")


# --- kho explain --------------------------------------------------------------------------------


@click.command()
@click.argument("finding")
@click.option("--text", help="Nội dung giải trình của đơn vị")
@click.option("--accept", "decision", flag_value="accept", help="Chấp nhận giải trình")
@click.option("--reject", "decision", flag_value="reject", help="Không chấp nhận giải trình")
@_signed
def explain(who: _Who, finding: str, text: str | None, decision: str | None) -> None:
    """Ghi nhận giải trình của đơn vị về một phát hiện; chấp nhận hoặc không chấp nhận.

    FINDING là finding_key hoặc place_key trong bảng dq_result. Phát hiện đã chấp nhận giải trình
    thì không phải chỉnh sửa, chừng nào giá trị còn như cũ.
    """
    from warehouse.acts import Acceptance, ActLedger, Explanation, Rejection, standing

    if text is None and decision is None:
        raise _WrongUse("Đề nghị ghi --text (nội dung giải trình), --accept hoặc --reject")
    with _published(who.home) as connection:
        rows = _rows(
            connection,
            "select place_key, value, expected, message from dq_result "
            "where closed is null and (finding_key = ? or place_key = ?) "
            "order by first_seen desc, finding_key",
            finding, finding,
        )  # fmt: skip
    if not rows:
        raise _WrongUse(f"Không có phát hiện {finding} đang mở trong bản phát hành")
    found = rows[0]
    place = {name: found[name] for name in ("place_key", "value", "expected")}
    acts: list[Act] = []
    if text is not None:
        if not text.strip():
            raise _WrongUse("Nội dung giải trình để trống")
        acts.append(Explanation(**who.signed, **place, text=text.strip()))
    elif not any(
        isinstance(act, Explanation) and act.place_key == found["place_key"]
        for act in standing(ActLedger(who.home.ledger).acts())
    ):
        raise _WrongUse("Chưa có giải trình nào về phát hiện này; ghi kèm --text")
    if decision is not None:
        kind = Acceptance if decision == "accept" else Rejection
        acts.append(kind(**who.signed, **place))
    who.enter(*acts)
    click.echo(f"Về phát hiện: {found['message']}")


# --- kho correct --------------------------------------------------------------------------------


@click.command()
@click.argument("cell")
@click.option("--file", "file_sha256", help="Mã băm của tệp (file_sha256 trong bảng submission)")
@_about
@click.option("--expect", required=True, help="Giá trị sai đang ghi trong ô, đúng như đã gõ")
@click.option("--value", "new_value", required=True,
              help="Giá trị đúng, theo đơn vị tính của cột")  # fmt: skip
@_signed
def correct(
    who: _Who,
    cell: str,
    file_sha256: str | None,
    unit_code: str | None,
    form_code: str | None,
    period_key: str | None,
    expect: str,
    new_value: str,
) -> None:
    """Sửa một ô số liệu; chỉ áp dụng chừng nào tệp nguồn còn ghi giá trị sai.

    CELL có dạng 'Trang!B12'. Chỉ định tệp bằng --file, hoặc bằng --unit, --form và --period.
    """
    from ingest.corrections import WrongValue, place_of, says, shown
    from warehouse.acts import ActLedger, Correction, corrections
    from warehouse.trace import TraceError, read_sheet

    sheet_name, _, address = cell.rpartition("!")
    address = address.upper()
    if not sheet_name:
        raise _WrongUse(f"“{cell}” chưa ghi trang tính; ví dụ 'LS-06!L17'")
    by_file = file_sha256 is not None
    if by_file and any((unit_code, form_code, period_key)):
        raise _WrongUse("Ghi --file, hoặc --unit, --form và --period; không ghi cả hai")
    if not by_file and None in (unit_code, form_code, period_key):
        raise _WrongUse("Đề nghị ghi --file, hoặc đủ --unit, --form và --period")
    key = _known(unit_code, form_code, period_key)
    try:
        row, col = place_of(address)
    except WrongValue as error:
        raise _WrongUse(str(error)) from None
    with _published(who.home) as connection:
        if by_file:
            query, about = "file_sha256 = ?", f"tệp {file_sha256}"
            values: tuple[Any, ...] = (file_sha256,)
        else:
            query = "reporter_unit_code = ? and form_code = ? and period_key = ?"
            values = (unit_code, form_code, key)
            about = f"đơn vị {unit_code}, biểu {form_code}, kỳ {key}"
        rows = _rows(
            connection,
            f"select * from submission where form_code is not null and {query} "  # noqa: S608 - ours
            "order by (status = 'accepted') desc, received_at desc",
            *values,
        )
    if not rows:
        raise _WrongUse(f"Không có lần gửi nào của {about} trong bản phát hành")
    try:
        sheet = read_sheet(who.home.archived(rows[0]["file_sha256"]), sheet_name)
    except TraceError as error:
        raise _WrongUse(str(error)) from None
    text, number = _typed(sheet, row, col)
    if not says(expect, text, number):
        raise _WrongUse(
            f"Ô {sheet_name}!{address} của tệp {rows[0]['file_path']} ghi "
            f"“{shown(text, number)}”, không phải “{expect}”"
        )
    made = Correction(
        **who.signed, sheet=sheet_name, cell=address, expect=expect, new_value=new_value,
        file_sha256=file_sha256, unit_code=unit_code, form_code=form_code, period_key=key,
    )  # fmt: skip
    for act in corrections(ActLedger(who.home.ledger).acts()):
        if _target(act) == _target(made):
            raise _WrongUse(
                f"Ô này đã có việc sửa số {act.act_no}; hãy rút lại trước: kho withdraw "
                f"{act.act_no}"
            )
    if number is not None:  # a figure: its new value is one too
        _refuse_no_figure(new_value)
    who.enter(made)
    click.echo(f"{_unit_form_period(rows[0])}, ô {cell}: “{expect}” sửa thành “{new_value}”.")


def _target(correction: Correction) -> tuple[str | None, ...]:
    return (
        correction.sheet, correction.cell, correction.file_sha256, correction.unit_code,
        correction.form_code, correction.period_key,
    )  # fmt: skip


def _typed(sheet: Sheet, row: int, col: int) -> tuple[str | None, Decimal | None]:
    """What a cell says: its text, or its number where it was typed as one; a fraction that is
    formatted as a percentage in %, as it is seen."""
    from ingest.normalise import read_number_float

    cell = sheet.cell(row, col)
    if cell is None:
        return None, None
    if cell.number is None:
        return sheet.typed.get((row, col), cell.text), None
    value = read_number_float(cell.number).value
    if value is not None and (row, col) in (sheet.unseen.percents or ()):
        value *= 100
    return None, value


def _refuse_no_figure(text: str) -> None:
    from ingest.normalise import clean, nil_state, read_number_text

    reading = read_number_text(text, "vietnamese")
    if clean(text) and nil_state(text) is None and (reading.value is None or reading.problem):
        raise _WrongUse(
            f"“{text}” không phải là số viết theo kiểu Việt Nam (dấu chấm ngăn hàng nghìn, "
            "dấu phẩy thập phân)"
        )


# --- kho reprocess ------------------------------------------------------------------------------


@click.command()
@_about
@_signed
def reprocess(
    who: _Who, unit_code: str | None, form_code: str | None, period_key: str | None
) -> None:
    """Đọc lại từ kho lưu các tệp đã nhận của một biểu, một đơn vị hoặc một kỳ."""
    from warehouse.acts import Reprocess

    key = _known(unit_code, form_code, period_key)
    if (unit_code, form_code, key) == (None, None, None):
        raise _WrongUse("Đề nghị ghi ít nhất một trong --unit, --form, --period")
    asked = {"reporter_unit_code": unit_code, "form_code": form_code, "period_key": key}
    named = {column: value for column, value in asked.items() if value is not None}
    with _published(who.home) as connection:
        [found] = _rows(
            connection,
            "select count(*) as n from submission where "  # noqa: S608 - names of ours
            + " and ".join(f"{column} = ?" for column in named),
            *named.values(),
        )
    if not found["n"]:
        raise _WrongUse("Không có lần gửi nào như vậy trong bản phát hành")
    who.enter(Reprocess(**who.signed, unit_code=unit_code, form_code=form_code, period_key=key))
    click.echo(f"{found['n']} lần gửi sẽ được đọc lại.")


# --- kho withdraw, kho acts ---------------------------------------------------------------------


@click.command()
@click.argument("act_no", type=int)
@_signed
def withdraw(who: _Who, act_no: int) -> None:
    """Rút lại một việc đã ghi sổ (số của việc: kho acts)."""
    from warehouse.acts import ActLedger, Expunge, Withdrawal, standing

    acts = ActLedger(who.home.ledger).acts()
    about = next((act for act in acts if act.act_no == act_no), None)
    if about is None:
        raise _WrongUse(f"Trong sổ không có việc số {act_no}")
    if isinstance(about, Expunge):
        raise _WrongUse("Không rút lại được việc xóa khỏi kho: tệp không còn")
    if about not in standing(acts):
        raise _WrongUse(f"Việc số {act_no} đã được rút lại")
    who.enter(Withdrawal(**who.signed, withdraws=act_no))


@click.command()
@click.option("--all", "show_all", is_flag=True, help="Cả những việc không còn hiệu lực")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Thư mục của kho")
@click.option("--as-of", type=Moment(), help="Thời điểm tính (mặc định: bây giờ)")
def acts(show_all: bool, home: Path | None, as_of: datetime | None) -> None:
    """Liệt kê việc của tổ dữ liệu: cho phép sử dụng, giải trình, sửa số liệu, đọc lại."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from orchestration.settings import Settings, local_now
    from warehouse.act_table import act_frame
    from warehouse.acts import ActLedger
    from warehouse.home import Home
    from warehouse.ledger import LedgerError

    place = Home((home or Settings().home).absolute())
    try:
        entered = ActLedger(place.ledger).acts()
    except LedgerError as error:
        raise _WrongUse(f"Sổ ghi chưa đọc được: {error}") from None
    failed = failed_acts(place)
    rows = act_frame(entered, (as_of or local_now()).date(), failed).to_dicts()
    shown = [r for r in rows if show_all or r["state"] in ("in_force", "waiting", "failed")]
    console = Console(highlight=False)
    if not shown:
        console.print("Không có việc nào đang có hiệu lực. Tất cả: kho acts --all")
        return
    table = Table(box=None, padding=(0, 1), show_edge=False)
    for header in ("Số", "Lúc", "Việc", "Tình trạng", "Về", "Người thực hiện", "Lý do"):
        table.add_column(header, overflow="fold")
    for row in shown:
        table.add_row(
            str(row["act_no"]), f"{row['done_at']:%d/%m/%Y %H:%M}", KINDS_VI[row["kind"]],
            STATES_VI[row["state"]], escape(_about_vi(row)), escape(row["owner"]),
            escape(row["reason"]),
        )  # fmt: skip
    console.print(table)
    for number in sorted(set(failed) & {row["act_no"] for row in shown}):
        console.print(escape(failed[number]), style="bold", soft_wrap=True)


def failed_acts(home: Home) -> dict[int, str]:
    """The acts that did not apply in the published build, by number: what to say."""
    from duckdb import CatalogException

    if not home.published_file.exists():
        return {}
    with _published(home) as connection:
        try:
            rows = _rows(connection, "select act_no, state_vi from dq_act where state = 'failed'")
        except CatalogException:  # a build of before there were acts
            return {}
    return {row["act_no"]: row["state_vi"] for row in rows}


def _about_vi(row: dict[str, Any]) -> str:
    """What an act is about, in one cell of the list."""
    match row["kind"]:
        case "correction":
            place = f"{row['cell_ref']}: “{row['expect']}” → “{row['new_value']}”"
        case "explanation":
            place = f"{row['place_key']}: {row['explanation']}"
        case "expunge":
            place = row["file_sha256"]
        case "withdrawal":
            place = f"việc số {row['withdraws']}"
        case _:
            place = row["place_key"] or ""
    parts = [row["unit_code"], row["form_code"], row["period_key"], place]
    if row["expires"]:
        parts.append(f"đến hết {row['expires']:%d/%m/%Y}")
    return " · ".join(part for part in parts if part)
