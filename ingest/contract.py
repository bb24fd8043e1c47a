"""Contracts: one YAML file a form, read into a typed model that refuses ambiguity.

What is wrong with a contract is said with file, line, key and what was expected. The format is
explained in CONTRIBUTING.md; the files are in `contracts/`.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, model_validator

from ingest import reference
from ingest.fingerprint import fingerprint
from ingest.formula import Formula, parse_formula
from ingest.kept import keep, kept
from ingest.period import RELATIONS, period_of

FOLDER = Path(__file__).resolve().parent / "contracts"

Severity = Literal["error", "warning", "info"]
Fact = Literal["budget", "investment", "indicator", "trade", "target"]
LEVELS = {"province", "agency", "central_agency", "commune"}
NUMERIC = {"number", "money", "percent", "integer"}
BasisStatus = Literal["seen_in_public_source", "unverified", "designed"]
Code = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class ContractError(ValueError):
    """A contract that cannot be used: the text says file, line, key and what was expected."""


class _Strict(BaseModel):
    # built when the first contract is checked: a process that finds them checked never needs it
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Validity(_Strict):
    """First and last day (inclusive) on which a version of a form is in force."""

    start: date = Field(alias="from")
    end: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Validity:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"the last day {self.end} lies before the first {self.start}")
        return self


class Reporting(_Strict):
    """How often a form is due. `due_days` after the period's end; None where no rule says."""

    frequency: Literal["month", "quarter", "year", "span", "once"]
    due_days: int | None = None


class Column(_Strict):
    """One column of a form: what it is called on paper and what its cells mean."""

    field: Code
    header: tuple[Annotated[StrictStr, Field(min_length=1)], ...] = Field(min_length=1)
    description: Annotated[StrictStr, Field(min_length=1)]
    # a `ratio` follows from other columns of the form: checked by its formula, and no fact;
    # a `milestone` is a date that becomes a row of fct_milestone
    role: Literal["line", "symbol", "dimension", "value", "bound", "label", "ratio", "milestone"]
    type: Literal[
        "text", "code", "period", "unit", "comparator", "date",
        "number", "money", "percent", "integer",
    ]  # fmt: skip
    list: StrictStr | None = None
    unit: StrictStr | None = None
    required: StrictBool = False
    min: Decimal | None = None
    max: Decimal | None = None
    # what a value column fixes for its cells, where the row does not say it; a period is a key, or
    # relative to the submission's own (`year`, `previous`, …)
    fact: Fact | None = None
    measure: StrictStr | None = None
    kind: StrictStr | None = None
    period: StrictStr | None = None
    base_period: StrictStr | None = None
    comparator: StrictStr | None = None
    upper: StrictStr | None = None
    dimensions: dict[StrictStr, StrictStr] = {}
    formula: StrictStr | None = None
    milestone: StrictStr | None = None
    milestone_state: Literal["planned", "actual"] | None = None
    basis_status: BasisStatus | None = None

    @property
    def is_numeric(self) -> bool:
        return self.type in NUMERIC

    def is_asked_of(self, line: reference.Line) -> bool:
        """Whether the line has anything to say here: not where column and line fix a dimension
        differently (imports, on a line of exports only)."""
        return all(line.dimension(name) in (None, code) for name, code in self.dimensions.items())

    @property
    def parsed_formula(self) -> Formula | None:
        return _parsed(self.formula) if self.formula is not None else None


@cache
def _parsed(formula: str) -> Formula:
    return parse_formula(formula)


class Rows(_Strict):
    """`lines`: the form prints its lines (a list); `records`: every row names itself."""

    kind: Literal["lines", "records"]
    list: StrictStr | None = None
    by_owner: StrictBool = False  # a unit reports the lines that it owns
    key: tuple[StrictStr, ...] = ()
    template_rows: int = Field(default=20, ge=1, le=500)


class Table(_Strict):
    title: StrictStr | None = None
    rows: Rows
    columns: tuple[Column, ...] = Field(min_length=1)

    def column(self, field: str) -> Column:
        return next(column for column in self.columns if column.field == field)

    @property
    def lines(self) -> tuple[reference.Line, ...]:
        return reference.lines(self.rows.list) if self.rows.list else ()

    def lines_of(self, unit_code: str | None) -> tuple[reference.Line, ...]:
        """The lines that a unit reports: its own ones where the lines are divided by owner."""
        if not self.rows.by_owner or unit_code is None:
            return self.lines
        return tuple(line for line in self.lines if line.owner_unit_code in (None, unit_code))

    def parts_of(self) -> dict[str, tuple[reference.Line, ...]]:
        """Every line that is the sum of its parts, by code, with these parts."""
        found: dict[str, tuple[reference.Line, ...]] = {}
        for line in self.lines:
            parts = tuple(x for x in self.lines if x.parent == line.code and x.is_additive)
            if line.children == "all" and parts:
                found[line.code] = parts
        return found


class Condition(_Strict):
    """Where a bound applies: every named cell of the row has one of the listed codes, and its unit
    measures what cannot be below nothing (people, hectares; not percentages, not balances)."""

    measure: tuple[StrictStr, ...] = ()
    unit: tuple[StrictStr, ...] = ()
    never_negative: StrictBool = False

    @model_validator(mode="after")
    def _names_known_codes(self) -> Condition:
        for code in self.measure:
            if code not in reference.vocabulary("measure"):
                raise ValueError(f"there is no measure {code!r}")
        for code in self.unit:
            if code not in reference.units():
                raise ValueError(f"there is no unit {code!r}")
        return self


class _Check(_Strict):
    """Every check may be graver or milder than its sentence says, or have a sentence of its own."""

    severity: Severity | None = None
    sentence: StrictStr | None = None

    @property
    def named_fields(self) -> tuple[str, ...]:
        return ()

    @property
    def named_parameters(self) -> tuple[str, ...]:
        """What a person must decide (expectations/rules/parameters.yml)."""
        return ()

    @property
    def words(self) -> str:
        """The entry of sentences.yml that says this check's finding."""
        rule = str(self.rule)  # type: ignore[attr-defined]
        return self.sentence or _SENTENCES.get(rule, rule)


# rules whose findings go by another name than the check
_SENTENCES = {"bounds": "out_of_bounds", "formulas": "formula"}


class _ColumnsCheck(_Check):
    columns: tuple[StrictStr, ...] = Field(min_length=1)

    @property
    def named_fields(self) -> tuple[str, ...]:
        return self.columns


class TotalsCheck(_ColumnsCheck):
    """Every additive parent equals the sum of its parts, within the printed digits."""

    rule: Literal["totals"]


class FormulasCheck(_Check):
    """Every column with a formula equals what its formula gives, within the printed digits."""

    rule: Literal["formulas"]


class BoundsCheck(_Check):
    """Values of a column lie within bounds, where the row's own unit and measure say so."""

    rule: Literal["bounds"]
    column: StrictStr
    when: Condition = Condition()
    min: Decimal | None = None
    max: Decimal | None = None

    @property
    def named_fields(self) -> tuple[str, ...]:
        return (self.column,)


class UniqueRowsCheck(_Check):
    """No two rows of a table of records have the same key."""

    rule: Literal["unique_rows"]


class PartsWithinCheck(_ColumnsCheck):
    """A "trong đó" line, and each known part of a partial list, is not above its parent."""

    rule: Literal["parts_within"]


class WithinCheck(_Check):
    """On every row one column is not above another."""

    rule: Literal["within"]
    column: StrictStr
    limit: StrictStr

    @property
    def named_fields(self) -> tuple[str, ...]:
        return (self.column, self.limit)


class NotFallingCheck(_ColumnsCheck):
    """A cumulative column is not below the same unit's earlier periods of the year."""

    rule: Literal["not_falling"]


class AddsUpCheck(_Check):
    """Cumulative = the previous period's cumulative + this period's part; both in one year."""

    rule: Literal["adds_up"]
    cumulative: StrictStr
    part: StrictStr

    @property
    def named_fields(self) -> tuple[str, ...]:
        return (self.cumulative, self.part)


class NotStaleCheck(_ColumnsCheck):
    """A table does not repeat every figure of an earlier period."""

    rule: Literal["not_stale"]


class JumpCheck(_ColumnsCheck):
    """A figure is not many times what was accepted last, nor a small part of it; where last year's
    figures are known, of what their growth makes of it. `seasonal`: the pattern of a year comes
    again so surely that a figure stays within `season_band` (rules/parameters.yml) of it, which is
    narrower than `factor`."""

    rule: Literal["jump"]
    factor: Decimal = Field(default=Decimal(5), gt=1)
    seasonal: StrictBool = False

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return ("season_band",) if self.seasonal else ()


class RestatedCheck(_Check):
    """What a column says again of an earlier period is what another column said in that period."""

    rule: Literal["restated"]
    column: StrictStr
    states: StrictStr
    of: Literal["previous", "same_period_last_year"]

    @property
    def named_fields(self) -> tuple[str, ...]:
        return (self.column, self.states)


class RatioToEarlierCheck(_Check):
    """A ratio to the column's `base_period` (or a growth since then) follows from the figures of
    another column in both periods."""

    rule: Literal["ratio_to_earlier"]
    column: StrictStr
    of: StrictStr

    @property
    def named_fields(self) -> tuple[str, ...]:
        return (self.column, self.of)


Check = Annotated[
    TotalsCheck
    | FormulasCheck
    | BoundsCheck
    | UniqueRowsCheck
    | PartsWithinCheck
    | WithinCheck
    | NotFallingCheck
    | AddsUpCheck
    | NotStaleCheck
    | JumpCheck
    | RestatedCheck
    | RatioToEarlierCheck,
    Field(discriminator="rule"),
]


class Contract(_Strict):
    """One version of one form."""

    form: Code
    version: int = Field(ge=1)
    code_on_paper: StrictStr
    title: StrictStr
    legal_basis: StrictStr
    basis_status: BasisStatus
    openness: Literal["công khai", "nội bộ", "hạn chế"]
    valid: Validity
    # in the order in which they are believed, where two of them state one figure
    senders: tuple[StrictStr, ...] = Field(min_length=1)
    # how a form is believed beside others that state the same figure: 1 first
    source_rank: int = Field(default=5, ge=1, le=9)
    reporting: Reporting
    fact: Fact
    # what the form fixes for all its figures, such as what trade is measured at
    dimensions: dict[StrictStr, StrictStr] = {}
    tables: tuple[Table, ...] = Field(min_length=1)
    checks: tuple[Check, ...] = ()

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Contract:
        # what is read of all rules to check a contract, nobody needs who finds it checked
        from expectations.findings import sentences

        for sender in self.senders:
            if sender not in reference.reporting_units() and sender not in LEVELS:
                raise ValueError(f"senders: unknown unit or level {sender!r}")
        _check_dimensions("dimensions", self.dimensions)
        for number, table in enumerate(self.tables):
            _check_table(number, table)
        fields = {column.field for table in self.tables for column in table.columns}
        for number, check in enumerate(self.checks):
            if check.words not in sentences():
                raise ValueError(
                    f"checks[{number}].sentence: {check.words!r} is missing in sentences.yml: "
                    "an officer would have nothing to read"
                )
            for field in check.named_fields:
                if field not in fields:
                    raise ValueError(
                        f"checks[{number}]: {check.rule} names the unknown column {field!r}"
                    )
        return self

    @property
    def id(self) -> str:
        return f"{self.form}.v{self.version}"

    @property
    def is_verified(self) -> bool:
        """Whether nothing on the form still waits to be held against the official text."""
        stated = [self.basis_status]
        for table in self.tables:
            stated += [column.basis_status for column in table.columns if column.basis_status]
            stated += [line.basis_status for line in table.lines]  # type: ignore[misc]
        return "unverified" not in stated

    def dimension(self, column: Column, name: str) -> str | None:
        """What the column, or else the form, fixes for a dimension."""
        return column.dimensions.get(name) or self.dimensions.get(name)

    def is_in_force(self, day: date) -> bool:
        end = self.valid.end
        return self.valid.start <= day and (end is None or day <= end)

    def accepts(self, unit_code: str) -> bool:
        """Whether this unit (or every unit of its level) sends this form."""
        unit = reference.reporting_units().get(unit_code)
        return unit_code in self.senders or (unit is not None and unit.level in self.senders)

    def rank_of_sender(self, unit_code: str) -> int:
        """How a figure of this sender on this form is believed beside others: the smallest number
        first. The form's rank counts before the sender's place in it."""
        level = reference.reporting_units()[unit_code].level
        place = min(
            place for place, sender in enumerate(self.senders) if sender in (unit_code, level)
        )
        return self.source_rank * 100 + place


def _check_table(number: int, table: Table) -> None:
    where = f"tables[{number}]"
    fields = [column.field for column in table.columns]
    if doubled := {field for field in fields if fields.count(field) > 1}:
        raise ValueError(f"{where}: the column {sorted(doubled)[0]!r} is declared twice")
    headers = [tuple(column.header) for column in table.columns]
    if same := {header for header in headers if headers.count(header) > 1}:
        raise ValueError(f"{where}: two columns have the header {' / '.join(sorted(same)[0])!r}")
    if table.rows.kind == "lines":
        if table.rows.list is None:
            raise ValueError(f"{where}.rows: a table of lines needs a list")
        if not any(column.role == "line" for column in table.columns):
            raise ValueError(f"{where}: a table of lines needs a column with role 'line'")
        try:
            _check_hierarchy(f"{where}.rows.list", table.rows.list)
        except KeyError:
            raise ValueError(f"{where}.rows.list: there is no list {table.rows.list!r}") from None
    elif not table.rows.key:
        raise ValueError(f"{where}.rows: a table of records needs a key")
    for field in table.rows.key:
        if field not in fields:
            raise ValueError(f"{where}.rows.key: there is no column {field!r}")
    for column in table.columns:
        _check_column(f"{where}.columns.{column.field}", column, fields)
    _check_formulas(where, table)


def _check_column(where: str, column: Column, fields: list[str]) -> None:
    if column.type == "code":
        if column.list is None:
            raise ValueError(f"{where}: a column of codes needs a list")
        try:
            reference.coded_list(column.list)
        except KeyError:
            raise ValueError(f"{where}.list: there is no list {column.list!r}") from None
    if column.unit is not None and column.unit not in reference.units():
        raise ValueError(f"{where}.unit: there is no unit {column.unit!r}")
    if column.role in ("value", "bound", "ratio") and not column.is_numeric:
        raise ValueError(f"{where}: a {column.role} must be numeric, not {column.type!r}")
    if column.role == "ratio" and column.formula is None:
        raise ValueError(f"{where}: a ratio needs a formula")
    if column.role == "milestone":
        if column.type != "date" or column.milestone_state is None:
            raise ValueError(f"{where}: a milestone is a date, with its milestone_state")
        if column.milestone not in reference.vocabulary("milestone"):
            raise ValueError(f"{where}.milestone: there is no milestone {column.milestone!r}")
    elif column.milestone is not None or column.milestone_state is not None:
        raise ValueError(f"{where}: only a column with role 'milestone' has a milestone")
    known = {**reference.vocabulary("measure"), **reference.vocabulary("flow_measure")}
    if column.measure is not None and column.measure not in known:
        raise ValueError(f"{where}.measure: there is no measure {column.measure!r}")
    if column.kind is not None and column.kind not in reference.vocabulary("kind"):
        raise ValueError(f"{where}.kind: there is no kind {column.kind!r}")
    _check_dimensions(f"{where}.dimensions", column.dimensions)
    if column.type == "money" and column.unit is None:
        raise ValueError(f"{where}: money needs a unit")
    for name in ("comparator", "upper"):
        sibling = getattr(column, name)
        if sibling is not None and sibling not in fields:
            raise ValueError(f"{where}.{name}: there is no column {sibling!r}")
    for name in ("period", "base_period"):
        key = getattr(column, name)
        try:
            if key is not None and key not in RELATIONS:
                period_of(key)
        except ValueError as error:
            raise ValueError(f"{where}.{name}: {error}") from None


# dimensions whose codes are a list of their own name, or of another
_DIMENSION_LISTS = {
    "basis": "basis",
    "direction": "direction",
    "gate_code": "border_gate",
    "regime_code": "regime",
    "commodity_code": "commodity",
    "source_code": "capital_source",
    "budget_level": "budget_level",
    "stage_group": "stage_group",
    "statement": "statement",
    "document_code": "document",
}


def _check_dimensions(where: str, dimensions: dict[str, str]) -> None:
    for name, code in dimensions.items():
        if name not in _DIMENSION_LISTS:
            known = ", ".join(_DIMENSION_LISTS)
            raise ValueError(f"{where}: there is no dimension {name!r}; known: {known}")
        if code not in reference.coded_list(_DIMENSION_LISTS[name]).values():
            raise ValueError(f"{where}: {name} has no code {code!r}")


def _check_formulas(where: str, table: Table) -> None:
    """Every formula can be read, reads numbers of the same table, and not itself."""
    columns = {column.field: column for column in table.columns}
    needs: dict[str, list[str]] = {}
    for column in table.columns:
        if column.formula is None:
            continue
        place = f"{where}.columns.{column.field}.formula"
        try:
            formula = parse_formula(column.formula)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        for field in formula.fields():
            if field not in columns or not columns[field].is_numeric:
                raise ValueError(f"{place}: {field!r} is no column of numbers of this table")
        needs[column.field] = list(formula.fields())
    for field in needs:
        seen, waiting = set(), list(needs[field])
        while waiting:
            each = waiting.pop()
            if each == field:
                raise ValueError(f"{where}.columns.{field}.formula: a cycle, it needs itself")
            if each not in seen:
                seen.add(each)
                waiting += needs.get(each, [])


def _check_hierarchy(where: str, list_name: str) -> None:
    """Raises ValueError with the seed's file and line for a hierarchy that cannot be added up."""
    parents = {line.code: line.parent for line in reference.lines(list_name)}
    for code in parents:
        seen = [code]
        while (parent := parents.get(seen[-1])) is not None:
            if parent not in parents or parent in seen:
                place = f"{where}: {reference.place_of_line(list_name, seen[-1])}"
                if parent not in parents:
                    raise ValueError(f"{place}: {seen[-1]!r} has the unknown parent {parent!r}")
                cycle = " → ".join([*seen, parent])
                raise ValueError(f"{place}: list {list_name}: a cycle in its totals, {cycle}")
            seen.append(parent)


# --- reading, with the line of every fault ------------------------------------------------------


def _place_named_by(message: str, content: dict[str, Any]) -> tuple[Any, ...]:
    """Where our own checks found a fault: they name it as `tables[0].columns.unit` or `senders`."""
    match = re.match(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?(?:\.(\w+))?(?:\.(\w+))?", message)
    if match is None or match[1] not in content:
        return ()
    place: tuple[Any, ...] = (match[1],)
    if match[2] is not None:
        place += (int(match[2]),)
    if match[3] == "columns" and match[4]:
        columns = content[match[1]][int(match[2] or 0)]["columns"]
        numbers = [n for n, column in enumerate(columns) if column.get("field") == match[4]]
        return (*place, "columns", *numbers[:1], *([match[5]] if match[5] else []))
    return (*place, *([match[3]] if match[3] else []))


def read_contract(path: Path) -> Contract:
    """Read one contract. Raises ContractError naming file, line and key."""
    # a process that finds its contracts checked reads no YAML
    from ingest.strict_yaml import StrictYamlError, read_strictly

    try:
        return read_strictly(path, Contract.model_validate, _place_named_by)
    except StrictYamlError as error:
        raise ContractError(str(error)) from None


def read_contracts(folder: Path = FOLDER) -> tuple[Contract, ...]:
    """All contracts of a folder, by form and version. Raises ContractError, also for versions
    of one form whose validity overlaps and for one version declared twice."""
    contracts = [(path, read_contract(path)) for path in sorted(folder.glob("*.yml"))]
    contracts.sort(key=lambda pair: (pair[1].form, pair[1].version))
    for (path, earlier), (other, later) in pairwise(contracts):
        if earlier.form != later.form:
            continue
        if earlier.version == later.version:
            raise ContractError(f"{other.name}:1: version: {path.name} declares {later.id} too")
        end = earlier.valid.end
        if end is None or end >= later.valid.start:
            before = later.valid.start - timedelta(days=1)
            raise ContractError(
                f"{path.name}:1: valid: {earlier.id} must end by {before}, where {later.id} begins"
            )
    return tuple(contract for _, contract in contracts)


_RULES = FOLDER.parent.parent / "expectations"  # the sentences and rules that checks refer to
_KEPT_BESIDE = Path(__file__).with_name("__pycache__")


@cache
def all_contracts() -> tuple[Contract, ...]:
    """The project's own contracts, read once a process.

    To check them all takes a fifth of a second, which every process that reads would pay: what
    passed is kept beside the byte code, as long as no file that the checks look at has changed.
    """
    key = fingerprint(
        [*FOLDER.glob("*.yml"), *FOLDER.parent.glob("*.py"), *reference.SEEDS.glob("*.csv"),
         *_RULES.glob("*.py"), *_RULES.rglob("*.yml")]
    )  # fmt: skip
    return _kept_or_checked(_KEPT_BESIDE / f"contracts-{key}.kept", key, FOLDER)


def _kept_or_checked(path: Path, key: str, folder: Path) -> tuple[Contract, ...]:
    found: tuple[Contract, ...] | None = kept(path, key, {__name__})
    if found is not None:
        return found
    contracts = read_contracts(folder)
    if not sys.dont_write_bytecode:
        with suppress(OSError):  # a folder that nobody may write to
            keep(path, key, contracts)
            for other in path.parent.glob("contracts-*.kept"):
                if other != path:
                    other.unlink(missing_ok=True)
    return contracts
