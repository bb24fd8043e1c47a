"""A working file as dbt leaves it after the facts, filled by hand: for the rules between forms.

Seeds, contracts and tables are the project's own (the facts' columns as dbt declares them); a test
adds submissions, from real workbooks or as bare rows, and facts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
import yaml
from plan_books import Sent

from expectations.cross_rules import check_between_forms
from expectations.findings import Finding
from expectations.rule_files import all_rules
from ingest import reference
from ingest.cell_tables import tables_of
from ingest.contract import all_contracts
from ingest.load import insert, load_cells, load_contracts, load_submissions
from ingest.period import calendar_of
from ingest.reading import ReadFile
from ingest.register import ACCEPTED, Submission
from warehouse.connection import create_working, open_working
from warehouse.ledger import Receipt

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"
FACTS = MODELS / "marts" / "facts"
AS_OF = datetime(2027, 3, 1, 2, 0)
# codes of digits that must not become numbers
CODES = ("unit_code", "scope_unit_code", "owner_unit_code", "code", "period")
YEARS = ("2024", "2025", "2026", "2027")
# what a fact says where a test does not say otherwise
DEFAULTS: dict[str, Any] = {
    "unit_code": "20", "statement_no": 1, "is_current": True, "comparator": "=", "printed_step": 0,
    "budget_level": "all", "gate_code": "all", "commodity_code": "all", "is_authoritative": False,
}  # fmt: skip


def make_base(path: Path) -> Path:
    """A working file with seeds, contracts, periods and empty facts."""
    with create_working(path) as connection:
        load_contracts(connection, all_contracts())
        connection.execute("create schema reference; create schema intermediate")
        for seed in sorted(reference.SEEDS.glob("*.csv")):
            header = seed.read_text(encoding="utf-8").partition("\n")[0].split(",")
            codes = {name: "varchar" for name in header if name in CODES}
            types = f", types = {codes}" if codes else ""
            connection.execute(
                f"create table reference.{seed.stem} as"
                f" from read_csv(?, header = true, quote = '\"'{types})",
                [str(seed)],
            )
        for model in sorted(FACTS.glob("*.yml")):
            [spec] = yaml.safe_load(model.read_text(encoding="utf-8"))["models"]
            columns = ", ".join(f"{c['name']} {c['data_type']}" for c in spec["columns"])
            connection.execute(f"create table {spec['name']} ({columns})")
        connection.execute(
            "create table intermediate.int_fact__figure (fact_table varchar, fact_key varchar,"
            " outranked_by varchar, value_high decimal(28, 6), unit_code varchar,"
            " period_key varchar, indicator_code varchar, meets_measure varchar, kind varchar,"
            " comparator varchar, value decimal(28, 6), printed_step decimal(38, 12),"
            " value_text varchar, stated_unit varchar, breakdowns integer, statement_no integer,"
            " submission_id varchar, cell_ref varchar)"
        )
        connection.execute(
            "create view intermediate.int_project__cell as "
            + _sql_of(MODELS / "intermediate" / "int_project__cell.sql")
        )
        periods = [(p.key, p.kind, p.start, p.end, p.label_vi) for p in calendar_of(YEARS)]
        names = ("period_key", "kind", "start_date", "end_date", "label_vi")
        insert(connection, "raw.period", pl.DataFrame(periods, schema=names, orient="row"))
    return path


def _sql_of(model: Path) -> str:
    """A model that reads sources and seeds only, as dbt would have it run."""
    return jinja2.Template(model.read_text(encoding="utf-8")).render(
        source=lambda schema, table: f"{schema}.{table}",
        ref=lambda seed: f"reference.{seed}",
        only_wanted_submissions=lambda column: f"{column} is not null",
    )


class Working:
    """An open working file to which a test adds what was sent."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._sent: list[Submission] = []
        self._cell = 0

    def send(self, *sent: Sent) -> None:
        """Accepted submissions with their cells."""
        for each in sent:
            number = len(self._sent) + 1
            unit = each.read.named_unit_code or ""
            receipt = Receipt(number, f"{unit}/{number}.xlsx", str(number), 0, unit, "2026-01-01")
            self._sent.append(
                Submission(number, f"s{number}", receipt, each.read, ACCEPTED, None)
            )  # fmt: skip
        files = [ReadFile((s.read,), None, (), 0) for s in self._sent if s.read is not None]
        numbers = {s.receipt.file_sha256: n for n, s in enumerate(self._sent)}
        load_submissions(self.connection, self._sent)
        load_cells(self.connection, self._sent, tables_of(files), numbers)

    def submission(self, form: str, period: str, unit: str = "20") -> str:
        """A bare accepted submission; its id."""
        [number] = self.connection.execute("select count(*) + 101 from raw.submission").fetchone()
        version = max(c.version for c in all_contracts() if c.form == form)
        self._insert(
            "raw.submission", submission_no=number, submission_id=f"s{number}", file_path="x.xlsx",
            file_sha256=str(number), file_bytes=0, received_at=AS_OF, reporter_unit_code=unit,
            form_code=form, form_version=version, period_key=period, status=ACCEPTED,
            is_simulated=False, cells_in_tables=0, cells_outside=0,
        )  # fmt: skip
        return f"s{number}"

    def expect(self, form: str, period: str, units: Sequence[str], due: str | None = None) -> None:
        for unit in units:
            self._insert(
                "raw.expected_submission", unit_code=unit, form_code=form, form_version=1,
                period_key=period, due_date=due,
            )  # fmt: skip

    def fact(self, table: str, submission: str | tuple[str, ...], **columns: Any) -> None:
        """A fact of a submission, at a cell of its own unless it is given."""
        self._cell += 1
        form, period, unit = self.connection.execute(
            "select form_code, period_key, reporter_unit_code from raw.submission"
            " where submission_id = ?", [submission]
        ).fetchone()  # fmt: skip
        row = DEFAULTS | {
            "submission_id": submission, "form_code": form, "period_key": period, "unit_code": unit,
            "reporter_unit_code": unit, "cell_ref": f"S!D{self._cell}",
        } | columns  # fmt: skip
        known = {c for (c,) in self.connection.execute(
            "select column_name from information_schema.columns where table_name = ?", [table]
        ).fetchall()}  # fmt: skip
        name = "intermediate.int_fact__figure" if table == "int_fact__figure" else table
        self._insert(name, **{key: value for key, value in row.items() if key in known})

    def _insert(self, table: str, **row: Any) -> None:
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self.connection.execute(
            f"insert into {table} ({names}) values ({marks})", list(row.values())
        )

    def found(self, rule_id: str, **values: str) -> list[Finding]:
        """What a rule finds; `values` decide its parameters otherwise."""
        [rule] = [rule for rule in all_rules() if rule.id == rule_id]
        if values:
            parameters = [
                p.model_copy(update={"value": type(p.value)(values[p.name])})  # type: ignore[misc]
                if p.name in values
                else p
                for p in rule.parameters
            ]
            rule = rule.model_copy(update={"parameters": tuple(parameters)})
        [result] = check_between_forms(self.connection, [rule], AS_OF)
        assert result.result.raised is None
        # a rule that looks at nothing would hold whatever it says
        assert result.result.evaluated > 0
        return list(result.findings)


@contextmanager
def working_copy(base: Path, path: Path) -> Iterator[Working]:
    shutil.copy(base, path)
    with open_working(path) as connection:
        yield Working(connection)
