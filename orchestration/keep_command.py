"""`kho backup`, `restore`, `expunge`: what is kept for ten years, and what must not be kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.parameters import Moment

if TYPE_CHECKING:
    from warehouse.expunge import Removed
    from warehouse.home import Home


class _Refused(click.ClickException):
    """Wrong use; never a traceback."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class _Failed(_Refused):
    """What was looked at was found wanting."""

    exit_code = 1


def _place(home: Path | None) -> Home:
    from orchestration.settings import Settings
    from warehouse.home import Home

    return Home((home or Settings().home).absolute())


_home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Thư mục của kho"
)
_as_of_option = click.option("--as-of", type=Moment(), help="Thời điểm (mặc định: bây giờ)")


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="Tệp sao lưu, hoặc thư mục để ghi tệp vào")  # fmt: skip
@_home_option
@_as_of_option
def backup(out: Path, home: Path | None, as_of: datetime | None) -> None:
    """Sao lưu những gì không dựng lại được: tệp gốc, sổ ghi, hộp thư đi, danh bạ.

    Chạy được cả khi kho đang dựng.
    """
    from orchestration.settings import local_now
    from warehouse.backup import BackupError, write_backup
    from warehouse.ledger import LedgerError

    place = _place(home)
    if out.is_dir():
        out = out / f"kho-{as_of or local_now():%Y%m%dT%H%M%S}.tar.gz"
    try:
        made = write_backup(place, out)
    except (BackupError, LedgerError) as error:
        raise _Failed(f"Không sao lưu được: {error}") from None
    except OSError as error:
        raise _Failed(f"Không sao lưu được: {_said(error)}") from None
    click.echo(
        f"Đã sao lưu {made.originals} tệp gốc và sổ ghi của {made.publishes} lần phát hành "
        f"({made.files} tệp) vào {out}"
    )
    click.echo("Tệp này chứa mọi số liệu đã nhận: đề nghị giữ như giữ kho.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--home", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Thư mục của kho mới: chưa có, hoặc trống")  # fmt: skip
def restore(file: Path, home: Path) -> None:
    """Khôi phục kho từ tệp sao lưu vào thư mục mới; sau đó chạy kho nightly."""
    from warehouse.backup import BackupError, restore_backup
    from warehouse.home import Home

    if not file.is_file():
        raise _Refused(f"Không có tệp {file}")
    try:
        made = restore_backup(file, Home(home.absolute()))
    except BackupError as error:
        raise _Failed(str(error)) from None
    except OSError as error:
        raise _Failed(f"Không khôi phục được: {_said(error)}") from None
    click.echo(
        f"Đã khôi phục {made.originals} tệp gốc và sổ ghi của {made.publishes} lần phát hành "
        f"vào {home}; mọi mã băm đều đúng."
    )
    click.echo(f"Để dựng lại bản phát hành, hãy chạy: kho nightly --home {home}")


def _said(error: OSError) -> str:
    return f"{error.filename or ''}: {error.strerror}".strip(": ")


@click.command()
@click.argument("file")
@click.option("--reason", required=True, help="Lý do, căn cứ")
@click.option("--owner", required=True, help="Người chịu trách nhiệm")
@_home_option
@_as_of_option
def expunge(file: str, reason: str, owner: str, home: Path | None, as_of: datetime | None) -> None:
    """Xóa hẳn một tệp gốc không được lưu (chẳng hạn có dữ liệu cá nhân), và mọi thứ lập từ tệp.

    FILE là mã băm của tệp, đường dẫn trong hộp nhận, hoặc một bản của tệp. Không rút lại được. Bản
    phát hành có số liệu của tệp bị gỡ ngay; kho nightly dựng bản mới.
    """
    from orchestration.settings import local_now
    from warehouse.acts import ActLedger
    from warehouse.expunge import NotExpungeable, carry_out, find_file, tombstone
    from warehouse.home import HomeBusy
    from warehouse.ledger import LedgerError, timestamp

    place = _place(home)
    if not reason.strip() or not owner.strip():
        raise _Refused("Đề nghị ghi lý do (--reason) và người chịu trách nhiệm (--owner)")
    if not place.ledger.is_dir():
        raise _Refused(f"Không có kho nào ở {place.root}")
    at = timestamp(as_of or local_now())
    try:
        with place.locked():
            receipt = find_file(place, file)
            act = tombstone(place, receipt, at, owner.strip(), reason.strip())
            [entered] = ActLedger(place.ledger).add([act])
            removed = carry_out(place, act)
    except NotExpungeable as error:
        raise _Refused(str(error)) from None
    except HomeBusy:
        raise _Refused("Kho đang được dựng; đề nghị chạy lại sau khi dựng xong.") from None
    except LedgerError as error:
        raise _Refused(f"Sổ ghi chưa đọc được: {error}") from None
    click.echo(
        f"Đã ghi sổ: số {entered.act_no}, xóa khỏi kho, người thực hiện {entered.owner}. Tệp "
        f"{act.file_sha256} ({act.file_bytes} byte, đơn vị {act.unit_code}) không còn trong kho."
    )
    _tell(removed, receipt.file_path)


def _tell(removed: Removed, file_path: str) -> None:
    """What went, and what the team must still do where the command cannot reach."""
    click.echo(f"Đã gỡ {len(removed.builds)} bản phát hành, {removed.lines} dòng trong sổ ghi.")
    if removed.was_current:
        click.echo("Hiện không có bản phát hành nào. Hãy chạy ngay: kho nightly")
    click.echo("Lệnh này không với tới những nơi sau, đề nghị tự xử lý:")
    click.echo(f"  tệp {file_path} trong hộp nhận, và bản ở đơn vị gửi")
    click.echo("  các bản sao lưu đã làm trước đây, và bản sao của kết quả ở máy khác")
    for mail in removed.mails:
        click.echo(f"  thư đã gửi: {mail}")
