"""`kho`: the command line. What officers, analysts and leaders read is in Vietnamese.

Modules are imported where they are used: `kho trace` need not wait for Dagster to load.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ingest.loading import end_at_once
from orchestration.acts_command import (
    acts,
    correct,
    explain,
    failed_acts,
    release,
    reprocess,
    withdraw,
)
from orchestration.export_command import export
from orchestration.keep_command import backup, expunge, restore
from orchestration.parameters import Moment
from orchestration.simulate_command import simulate
from orchestration.status_command import status
from orchestration.template_command import template

if TYPE_CHECKING:
    from rich.console import Console

FOUND, WRONG_USE = 1, 2


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _progress_console() -> Console:
    """On a copy of standard error: Dagster takes the real one while a step runs."""
    import os

    from rich.console import Console

    return Console(file=os.fdopen(os.dup(2), "w", encoding="utf-8"), highlight=False)


def _stop(message: str, status: int = WRONG_USE) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(status)


class _Group(click.Group):
    """Wrong contracts and settings are said in one line, wherever they are met."""

    def invoke(self, ctx: click.Context) -> Any:
        from pydantic import ValidationError

        from expectations.rule_files import RuleError
        from ingest.contract import ContractError

        try:
            return super().invoke(ctx)
        except PermissionError as error:
            _stop(f"Không có quyền đọc hoặc ghi {error.filename or 'tệp của kho'}")
        except RuleError as error:
            _stop(f"Khai báo quy tắc chưa dùng được: expectations/rules/{error}")
        except ContractError as error:
            _stop(f"Khai báo biểu mẫu chưa dùng được: ingest/contracts/{error}")
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
            )
            _stop(f"Thiết lập chưa dùng được (kho.toml hoặc biến KHO_…): {faults}")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kho-xu-lang", prog_name="kho")
def main() -> None:
    """Kho Xứ Lạng: kho dữ liệu của tỉnh Lạng Sơn."""


def _home_option(command: Any) -> Any:
    return click.option(
        "--home", type=click.Path(path_type=Path, file_okay=False), help="Thư mục của kho"
    )(command)


def _as_of_option(command: Any) -> Any:
    return click.option("--as-of", type=Moment(), help="Thời điểm tính (mặc định: bây giờ)")(
        command
    )


def _home(path: Path | None) -> Any:
    from orchestration.settings import Settings
    from warehouse.home import Home

    return Home((path or Settings().home).absolute())


def _published(home: Any) -> Any:
    """A locked connection to what is published, or a word and exit status 2."""
    from warehouse.connection import open_published

    if not home.published_file.exists():
        _stop(f"Chưa có bản dữ liệu nào trong {home.root}. Hãy chạy: kho nightly")
    return open_published(home.published_file)


# --- kho nightly --------------------------------------------------------------------------------


@main.command()
@click.option("--inbox", help="Nguồn tệp: thư mục hoặc địa chỉ fsspec")
@click.option(
    "--sources",
    "list_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Danh sách nguồn tệp (mặc định: sources.yml trong thư mục của kho, nếu có)",
)
@click.option("--full", is_flag=True, help="Đọc và dựng lại toàn bộ từ kho lưu trữ")
@_home_option
@_as_of_option
def nightly(
    inbox: str | None, list_file: Path | None, full: bool, home: Path | None, as_of: datetime | None
) -> None:
    """Dựng toàn bộ kho từ các tệp đã nhận."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ingest.source_list import SourceListError
    from ingest.sources import InboxMissing
    from orchestration.nightly import run_nightly
    from orchestration.settings import Settings, local_now
    from orchestration.stages import STAGES, stage_vi
    from warehouse.home import HomeBusy, cannot_write
    from warehouse.ledger import LedgerError, MixedData
    from warehouse.publish import ClockLeap, NotAfterLastBuild, refuse_a_leap

    settings = Settings()
    place, moment = _home(home), as_of or local_now()
    console = _progress_console()
    with Progress(
        SpinnerColumn(), TextColumn("{task.description:<34}"), BarColumn(),
        TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn(),
        console=console, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task(STAGES["loading"], total=len(STAGES) - 1)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=stage_vi(step), completed=done, total=total)

        try:
            if as_of is None:
                refuse_a_leap(place, local_now())
            outcome = run_nightly(
                place, inbox or "", moment, settings.workers, show,
                list_file=str(list_file or ""), full=full,
            )  # fmt: skip
        except SourceListError as error:
            bar.stop()
            _stop(f"Danh sách nguồn tệp chưa dùng được: {error}")
        except HomeBusy as error:  # the other one tells how it ends
            bar.stop()
            _stop(f"Không dựng được kho: {error}")
        except (NotAfterLastBuild, ClockLeap, InboxMissing, LedgerError, MixedData) as error:
            bar.stop()
            _alert(place, settings, moment, (str(error),))
            _stop(f"Không dựng được kho: {error}")
        except Exception as error:
            if not cannot_write(error):
                raise
            bar.stop()
            full_disk = (
                f"Không ghi được vào thư mục của kho (có thể ổ đĩa đã đầy): {place.root}; "
                "bản đang phát hành được giữ nguyên."
            )
            _alert(place, settings, moment, (full_disk,))
            _stop(full_disk, FOUND)
    if not outcome.succeeded:
        if outcome.failed_steps == ("sent_mails",):
            click.echo("Bản dữ liệu đã phát hành, nhưng thư chưa gửi được.", err=True)
        else:
            kept = (
                "bản đang phát hành được giữ nguyên" if outcome.description else "chưa có bản nào"
            )
            click.echo(f"Lần dựng này không hoàn thành; {kept}.", err=True)
        for step in outcome.failed_steps:
            click.echo(f"  bước lỗi: {stage_vi(step)} ({step})", err=True)
        for cause in outcome.causes:
            click.echo(f"  nguyên nhân: {cause}", err=True)
        for check in outcome.failed_checks:
            click.echo(f"  cổng kiểm tra chặn: {check}", err=True)
        click.echo(f"  xem lần chạy {outcome.run_id}: make console", err=True)
        _alert(place, settings, moment, outcome.causes, outcome)
        _say_what_is_missing(outcome)
        sys.exit(FOUND)
    if not outcome.changed:
        click.echo("Không có gì thay đổi kể từ lần dựng trước: không có tệp mới, mã nguồn và các")
        click.echo("mốc thời hạn không đổi. Bản đang phát hành được giữ nguyên.")
    _summary(place, outcome.description or {})
    _say_what_is_missing(outcome)
    if failed := failed_acts(place):
        click.echo("\nTổ dữ liệu cần xem lại:", err=True)
        for sentence in failed.values():
            click.echo(f"  {sentence}", err=True)
    if failed or outcome.lost:
        sys.exit(FOUND)


def _alert(
    home: Any, settings: Any, moment: datetime, causes: tuple[str, ...], outcome: Any = None
) -> None:
    """Mail the data team, where there is a mail server: cron's output may be read by nobody."""
    from orchestration.alert import Failure, alert_team

    if not settings.mail_host or not home.ledger.is_dir():
        return
    run_id = outcome.run_id if outcome else f"{moment:%Y%m%dT%H%M%S}"
    steps = outcome.failed_steps if outcome else ()
    checks = outcome.failed_checks if outcome else ()
    try:
        told = alert_team(home, settings, Failure(run_id, moment, causes, steps, checks))
    except Exception as error:  # the night's own failure is what must be said
        click.echo(f"  chưa báo được qua thư: {type(error).__name__}", err=True)
        return
    if told == "sent":
        click.echo("  đã báo tổ dữ liệu qua thư", err=True)
    elif told:
        click.echo(f"  thư báo tổ dữ liệu chưa gửi được, ở {home.outbox}", err=True)


def _say_what_is_missing(outcome: Any) -> None:
    """What the sources did not give, and what the archive lost."""
    if outcome.problems:
        click.echo("\nChưa lấy được từ nơi gửi (lần sau sẽ thử lại):", err=True)
        for problem in outcome.problems:
            click.echo(f"  {problem.says_vi}", err=True)
    if outcome.lost:
        click.echo("\nKho lưu trữ không còn nguyên vẹn, cần khôi phục từ bản sao lưu:", err=True)
        for sha256, what in outcome.lost:
            click.echo(f"  {_LOST[what]}: {sha256}", err=True)


_LOST = {"missing": "mất tệp gốc", "altered": "tệp gốc bị thay đổi"}


def _summary(home: Any, description: dict[str, Any]) -> None:
    from rich.table import Table

    counts = description.get("counts", {})
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    rows = [
        ("Tệp đã nhận", "files", ""),
        ("Bản báo cáo", "submissions", ""),
        ("  được chấp nhận", "accepted", ""),
        ("  tạm giữ", "held", ""),
        ("  chưa rõ biểu mẫu", "unrecognised", ""),
        ("  không đọc được", "unreadable", ""),
        ("Ô trong bảng", "cells", ""),
        ("Số liệu đưa vào kho", "facts", ""),
        ("Phải chỉnh sửa", "errors", ""),
        ("Đề nghị giải trình", "warnings", ""),
        ("Để biết", "notes", ""),
        (
            "Quan hệ đã đối chiếu",
            "identities",
            f"{counts.get('identities_broken', 0)} không khớp",
        ),
    ]
    for label, name, note in rows:
        table.add_row(label, f"{counts.get(name, 0):,}".replace(",", "."), note)
    console = _console()
    if description.get("is_simulated"):
        console.print("[bold]SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh[/bold]")
    console.print(
        f"Bản phát hành {description.get('build_id')}, số liệu đến {description.get('as_of')}"
    )
    console.print(table)
    folder = home.current
    for label, path in (
        ("SQL", folder / "kho.duckdb"),
        ("Parquet", folder / "parquet"),
        ("Excel", folder / "excel"),
        ("Các trang", folder / "site" / "index.html"),
        ("Phiếu thông báo", folder / "reports" / "index.html"),
    ):
        console.print(f"{label:<16} {path}", soft_wrap=True)
    if unsent := len(list(home.outbox.glob("*.eml"))):
        console.print(f"{'Hộp thư đi':<16} {home.outbox} ({unsent} thư chưa gửi)", soft_wrap=True)


# --- kho check ----------------------------------------------------------------------------------


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON")
@click.option(
    "--marked",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Ghi tệp đã đánh dấu (kiểm tra một tệp)",
)
@_home_option
@_as_of_option
def check(
    files: tuple[Path, ...],
    as_json: bool,
    marked: Path | None,
    home: Path | None,
    as_of: datetime | None,
) -> None:
    """Kiểm tra bảng tính trước khi gửi; với --home thì đối chiếu cả các kỳ đã gửi."""
    from orchestration.check import elements_of, examine_files, write_marked_check
    from orchestration.settings import local_now

    paths = _files_below(files)
    if marked is not None and len(paths) != 1:
        _stop("Chỉ đánh dấu được từng tệp một: --marked đi với đúng một tệp.")
    place, day = _home(home) if home is not None else None, as_of or local_now()
    if place is not None and not place.ledger.exists():
        _stop(f"Không có kho nào ở {place.root}")
    examined = examine_files(paths, day, place)
    elements = elements_of(examined, day, place)
    if marked is not None:
        if any(element["file"] != str(paths[0]) for element in elements):
            _stop("Gói nén không đánh dấu được: giải nén, rồi đánh dấu từng bảng tính.")
        written, not_kept = write_marked_check(paths[0], examined, marked, day)
        click.echo(f"Tệp đã đánh dấu: {written}", err=True)
        for note in not_kept:
            click.echo(f"  lưu ý: {note}", err=True)
    if as_json:
        click.echo(json.dumps(elements, ensure_ascii=False, indent=1))
    else:
        _show_checks(elements)
    found = any(
        element["status"] in ("unrecognised", "unreadable")
        or any(finding["severity"] != "info" for finding in element["findings"])
        for element in elements
    )
    sys.exit(FOUND if found else 0)


def _files_below(paths: tuple[Path, ...]) -> list[Path]:
    """The files named, and those below the folders named. Exit 2 for what does not exist."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file())
        elif path.exists():
            found.append(path)
        else:
            _stop(f"Không có tệp {path}")
    return found


_STATUS = {
    "ok": "Không phát hiện sai sót",
    "findings": "Có nội dung cần xem",
    "unrecognised": "Chưa xác định được biểu mẫu",
    "unreadable": "Không đọc được tệp",
}
_SEVERITY = {"error": "Phải sửa", "warning": "Giải trình", "info": "Để biết"}


def _show_checks(elements: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = _console()
    for element in elements:
        form = f" · {element['form']} · {element['period']}" if element["form"] else ""
        console.print(f"[bold]{escape(element['file'])}[/bold]{form}: {_STATUS[element['status']]}")
        if element["findings"]:
            table = Table(box=None, padding=(0, 1), show_edge=False)
            for header in ("", "Ô", "Nội dung", "Cách xử lý"):
                table.add_column(header, overflow="fold")
            for finding in element["findings"]:
                place = finding["cell"] or finding["sheet"] or ""
                table.add_row(
                    _SEVERITY[finding["severity"]], escape(place), escape(finding["message"]),
                    escape(finding["fix"]),
                )  # fmt: skip
            console.print(table)
    skipped = elements[0]["not_checked"] if elements else ""
    if skipped:
        console.print(f"[dim]{skipped}[/dim]")


# --- kho forms, sql, trace, report, console -----------------------------------------------------


_WITHOUT_BASIS = {
    "designed": "không có, biểu do kho thiết kế",
    "unverified": "chưa rõ văn bản quy định",
    "seen_in_public_source": "biểu thấy trong nguồn công khai, chưa rõ văn bản quy định",
}
_FREQUENCY = {
    "month": "tháng",
    "quarter": "quý",
    "year": "năm",
    "span": "giai đoạn",
    "once": "một lần",
}


@main.command()
def forms() -> None:
    """Liệt kê các biểu mẫu mà kho tiếp nhận."""
    from rich.markup import escape
    from rich.padding import Padding

    from ingest import reference
    from ingest.contract import all_contracts

    console = _console()
    for contract in all_contracts():
        senders = ", ".join(reference.sender_label(sender) for sender in contract.senders)
        until = f" đến {contract.valid.end:%d/%m/%Y}" if contract.valid.end else ""
        due = contract.reporting.due_days
        console.print(f"[bold]{contract.code_on_paper}  {escape(contract.title)}[/bold]")
        lines = [
            f"Mã trong kho: {contract.id}",
            f"Nơi gửi: {senders}",
            f"Kỳ: {_FREQUENCY[contract.reporting.frequency]}"
            + (f", hạn gửi {due} ngày sau kỳ" if due is not None else ""),
            f"Hiệu lực: từ {contract.valid.start:%d/%m/%Y}{until}",
            f"Căn cứ: {contract.legal_basis or _WITHOUT_BASIS[contract.basis_status]}"
            + ("" if contract.is_verified else "; có dòng, cột chưa đối chiếu văn bản gốc"),
        ]
        console.print(Padding(escape("\n".join(lines)), (0, 0, 1, 7)))


@main.command()
@click.argument("query", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="In kết quả dạng CSV")
@_home_option
def sql(query: str | None, as_csv: bool, home: Path | None) -> None:
    """Truy vấn bản phát hành (chỉ đọc). Không có câu lệnh thì mở bàn làm việc SQL."""
    from warehouse.query import run_query, run_workbench

    place = _home(home)
    with _published(place) as connection:
        if query is not None:
            sys.exit(run_query(connection, query, as_csv))
    sys.exit(run_workbench(place.published_file))


@main.command()
@click.argument("key")
@click.argument("conditions", nargs=-1, metavar="[CỘT=GIÁ_TRỊ]...")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Vẽ trang tính, đóng khung ô"
)
@_home_option
def trace(key: str, conditions: tuple[str, ...], html: Path | None, home: Path | None) -> None:
    """Từ một số liệu (fact_key), hoặc một dòng của bảng mart_ (tên bảng, rồi cột=giá trị), về tệp,
    trang tính, ô và chữ đã ghi.

    \b
    kho trace fct_budget/20/2026-Q2/b60.A/all/outturn_cumulative/1
    kho trace mart_trade_by_gate period_key=2026-06 direction=export gate_code=all
    """
    from warehouse.trace import TraceError, render_html, render_text, trace_fact
    from warehouse.trace_row import find_row, is_mart, render_row

    asked = dict(condition.partition("=")[::2] for condition in conditions)
    if not all("=" in condition for condition in conditions):
        _stop("Điều kiện viết là cột=giá trị, chẳng hạn period_key=2026-06")
    place = _home(home)
    with _published(place) as connection:
        try:
            row = find_row(connection, key, asked) if is_mart(connection, key) else None
            if row is None and asked:
                _stop(f"Không có bảng {key}; cột=giá trị chỉ đi cùng tên một bảng mart_")
            keys = row.keys if row else (key,)
            traces = [trace_fact(connection, place, each) for each in keys]
        except TraceError as error:
            _stop(str(error), FOUND)
    if html is not None:
        html.write_text(render_html(traces, row), encoding="utf-8")
    click.echo("\n\n".join([*([render_row(row)] if row else []), *map(render_text, traces)]))
    sys.exit(0 if all(traced.matches for traced in traces) else FOUND)


@main.command()
@click.option("--unit", "unit_code", help="Mã đơn vị; mặc định: mọi nơi gửi")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
@_home_option
def report(unit_code: str | None, out: Path, home: Path | None) -> None:
    """Lập phiếu thông báo (HTML; PDF theo từng kỳ) và tệp đã đánh dấu cho nơi gửi."""
    from expectations.reports.html import write_reports
    from expectations.reports.letter import read_letters
    from expectations.reports.letter_files import write_letters
    from expectations.reports.marked_files import write_marked
    from orchestration.mailing import letters_before
    from orchestration.settings import Settings

    place, settings = _home(home), Settings()
    with _published(place) as connection:
        as_of = datetime.fromisoformat(place.published()["as_of"])
        try:
            paths = write_reports(connection, out, as_of, unit_code)
        except LookupError as error:
            _stop(str(error.args[0]))
        marked = write_marked(connection, place.archived, out, as_of, unit_code)
        letters = read_letters(connection, letters_before(place))
    if unit_code is not None:
        letters = [letter for letter in letters if letter.unit_code == unit_code]
    written, failed = write_letters(
        letters, out, as_of, settings.mend_days, settings.mail_reply_to, place.current / "reports"
    )
    for path in [*paths, *(file.path for file in marked), *written]:
        click.echo(path)
    for key in failed:
        click.echo(f"Không lập được phiếu: {' '.join(key)}", err=True)
    sys.exit(FOUND if failed else 0)


@main.command()
@click.option("--serve", "is_served", is_flag=True, help="Mở các trang trên máy này")
@click.option("--port", default=8080, show_default=True, help="Cổng, với --serve")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Lập lại các trang vào thư mục"
)
@_home_option
def site(is_served: bool, port: int, out: Path | None, home: Path | None) -> None:
    """Các trang dành cho lãnh đạo: ở đâu, mở trên máy này, hoặc lập lại vào thư mục khác."""
    from warehouse.site.build import build_site
    from warehouse.site.serve import LOOPBACK, serve

    place = _home(home)
    if out is not None:
        if out.exists() and any(out.iterdir()):
            _stop(f"Thư mục {out} không trống")
        with _published(place) as connection:
            described = place.published()
            pages = build_site(
                connection, out, place.archived, described["build_id"],
                datetime.fromisoformat(described["as_of"]),
            )  # fmt: skip
        click.echo(f"Đã lập {len(pages)} trang: {out / 'index.html'}")
        return
    _published(place).close()
    folder = place.current / "site"
    if not (folder / "index.html").exists():
        _stop("Bản phát hành chưa có các trang; chạy `kho nightly` trước, hoặc dùng --out")
    if not is_served:
        click.echo(f"{folder / 'index.html'}")
        return
    try:
        server = serve(folder, port)
    except OSError as error:
        _stop(f"Không mở được cổng {port}: {error.strerror}")
    click.echo(f"Các trang: http://{LOOPBACK}:{server.server_port}/ (Ctrl+C để dừng)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


@main.command()
@click.option("--port", default=3000, show_default=True)
@_home_option
def console(port: int, home: Path | None) -> None:
    """Mở trang Dagster của kho (http://127.0.0.1:PORT)."""
    import os

    place = _home(home)
    place.create()
    binary = Path(sys.executable).with_name("dagster")
    environment = os.environ | {
        "DAGSTER_HOME": str(place.dagster.resolve()),
        "KHO_HOME": str(place.root.resolve()),
        "PATH": f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    arguments = [
        "dagster",
        "dev",
        "-m",
        "orchestration.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    os.execve(binary, arguments, environment)  # noqa: S606 - our own interpreter's command


for act in (release, explain, correct, reprocess, withdraw, acts):
    main.add_command(act)
for keeping in (backup, restore, expunge):
    main.add_command(keeping)
main.add_command(simulate)
main.add_command(status)
main.add_command(export)
main.add_command(template)


def command() -> None:
    """`kho` as a program: what it is asked for, and its end."""
    try:
        main()
    except SystemExit as ended:
        if not isinstance(ended.code, str):
            end_at_once(ended.code or 0)
        raise
