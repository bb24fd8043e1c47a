"""Plan and law rules, and rules between forms: one YAML file a rule, read into a strict model.

A file opens by saying the rule in plain words and where it is written. It names a form and one of
the row mechanisms (row_mechanisms.py), or gives SQL on the facts (cross_rules.py). What a person
must decide is a parameter with its default, its source and its doubt. Published figures are rows of
the seed rule_parameter, which a parameter refers to; our own defaults never go there.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from ingest import reference
from ingest.formula import parse_formula
from ingest.strict_yaml import StrictYamlError, read_strictly

if TYPE_CHECKING:  # contracts need the sentences of rules, rules are checked against contracts
    from ingest.contract import Contract

RULES = Path(__file__).with_name("rules")
# what officers are to do, and what several forms say of the same thing
FOLDERS = (RULES / "plan", RULES / "forms")
SHARED = RULES / "parameters.yml"

Code = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[StrictStr, Field(min_length=1)]
Severity = Literal["error", "warning", "info"]


class RuleError(ValueError):
    """A rule that cannot be used: the text says file, line, key and what was expected."""


class _Strict(BaseModel):
    # built when the first rule is read: a process that reads workbooks needs none
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Basis(_Strict):
    """Where a rule is written: a code of the seed document, or the name of a decree or a form.
    Without a quote it follows from what is written there."""

    document: Text
    locator: Text
    quote: Text | None = None


class Wording(_Strict):
    """What an officer reads: what is wrong, what was expected, how to mend it."""

    message: Text
    expected: Text | None = None
    fix: Text


@dataclass(frozen=True)
class Figure:
    """One figure that a rule is judged by: mostly a row of the seed rule_parameter."""

    code: str
    value: Decimal | None
    due: date | None
    year: int | None


class Parameter(_Strict):
    """What a rule is judged by. `value` is our own default (with the day `due` that it is for),
    `published` a code of the seed rule_parameter, `shared` a name in parameters.yml; `doubt` is
    what a person must confirm."""

    name: Code
    value: StrictStr | int | Decimal | None = None
    due: date | None = None
    published: StrictStr | None = None
    shared: Code | None = None
    source: Text | None = None
    doubt: Text | None = None
    choices: dict[StrictStr, Text] = {}

    @model_validator(mode="after")
    def _says_one_thing(self) -> Parameter:
        given = [self.value is not None, self.published is not None, self.shared is not None]
        if sum(given) != 1:
            raise ValueError("a parameter has a value, or is published, or is shared")
        if self.value is not None and (self.source is None or self.doubt is None):
            raise ValueError("a default of our own needs its source and its doubt")
        if self.due is not None and not isinstance(self.value, int | Decimal):
            raise ValueError("a day due goes with a number of our own")
        if self.choices and str(self.value) not in self.choices:
            raise ValueError(f"the default {self.value!r} is not among the choices")
        if self.published is not None and not published(self.published):
            raise ValueError(f"the seed rule_parameter has no {self.published!r}")
        return self


@cache
def published(code: str) -> tuple[Figure, ...]:
    """The published figures of a code, by their dates."""
    found = []
    for row in reference.read_seed("rule_parameter"):
        if row["rule_code"] == code:
            value = row["value_low"] or row["value_high"]
            due = date.fromisoformat(row["due_date"]) if row["due_date"] else None
            year = re.search(r"20[0-9]{2}", row["period"])
            found.append(
                Figure(
                    row["parameter_code"],
                    Decimal(value) if value else None,
                    due,
                    int(year[0]) if year else None,
                )
            )
    return tuple(sorted(found, key=lambda each: each.due or date.min))


# --- row mechanisms -----------------------------------------------------------------------------


class _RowCheck(_Strict):
    """Where a mechanism looks: rows by their codes (`unless`: not at these), lines and amounts
    above nothing; submissions by quarter (of the day on which the period ends) or by period."""

    when: dict[Code, tuple[StrictStr, ...]] = {}
    unless: dict[Code, tuple[StrictStr, ...]] = {}
    positive: tuple[Code, ...] = ()
    lines: tuple[StrictStr, ...] = ()
    quarters: tuple[int, ...] = ()
    periods: tuple[StrictStr, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it reads; `$name` is one that a parameter names."""
        return (*self.when, *self.unless, *self.positive, *self._own_fields())

    def _own_fields(self) -> tuple[str, ...]:
        return ()

    @property
    def named_lines(self) -> tuple[str, ...]:
        return self.lines

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return ()

    @property
    def blanks(self) -> frozenset[str]:
        """What a sentence may name, besides the cell, its value and its sheet."""
        return frozenset()


class Share(_Strict):
    """Two formulas of a row, of which the sums over rows are compared."""

    part: Text
    whole: Text


class FloorCheck(_RowCheck):
    """On each due date the rows' parts together are at least so many percent of their wholes, in
    the report of the month that ends then. A published figure without a value asks for anything at
    all. With `by`, the rows of each code are looked at by themselves."""

    rule: Literal["floor"]
    ways: dict[StrictStr, Share] = Field(min_length=1)
    way: Code
    least: Code
    by: Code | None = None

    def _own_fields(self) -> tuple[str, ...]:
        formulas = [f for share in self.ways.values() for f in (share.part, share.whole)]
        read = [field for formula in formulas for field in parse_formula(formula).fields()]
        return (*dict.fromkeys(read), *([self.by] if self.by else []))

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return self.way, self.least

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"share", "part", "whole", "floor", "due", "group", "cells"})


class DueCheck(_RowCheck):
    """A date is not after the day due, nor blank once that has passed; in the report of the period
    that holds the day."""

    rule: Literal["due"]
    column: StrictStr
    due: Code

    def _own_fields(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return (self.due,)

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"due", "state", "row_name"})


class InOrderCheck(_RowCheck):
    """Dates of a row follow each other; steps that stand together have no order among them."""

    rule: Literal["in_order"]
    chain: tuple[tuple[Code, ...], ...] = Field(min_length=2)

    def _own_fields(self) -> tuple[str, ...]:
        return tuple(field for step in self.chain for field in step)

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"date", "header", "other_header", "other_cell", "other"})


class BeforeDayCheck(_RowCheck):
    """A date lies before a day, or before a day of the period's last month."""

    rule: Literal["before_day"]
    columns: tuple[StrictStr, ...] = Field(min_length=1)
    day: Code

    def _own_fields(self) -> tuple[str, ...]:
        return self.columns

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return (self.day,)

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"date", "header", "limit"})


class BalancedCheck(_RowCheck):
    """Over the rows of a submission one column adds up to no more than another."""

    rule: Literal["balanced"]
    less: Code
    more: Code

    def _own_fields(self) -> tuple[str, ...]:
        return self.less, self.more

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"less", "more", "cells"})


class _CellsCheck(_RowCheck):
    """Each cell of some columns by itself."""

    columns: tuple[Code, ...] = Field(min_length=1)

    def _own_fields(self) -> tuple[str, ...]:
        return self.columns

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"header", "row_name"})


class NilCheck(_CellsCheck):
    """An amount is nothing."""

    rule: Literal["nil"]


class LineShareCheck(_RowCheck):
    """A line is (at least, at most) a share of another, in one column or in two; without lines, on
    every row. The share is in percent; without one, all of it."""

    rule: Literal["line_share"]
    columns: tuple[Code, ...] = Field(min_length=1)
    of_column: Code | None = None
    line: StrictStr | None = None
    of_line: StrictStr | None = None
    share: Code | None = None
    relation: Literal["equal", "at_least", "at_most"]

    def _own_fields(self) -> tuple[str, ...]:
        return (*self.columns, *([self.of_column] if self.of_column else []))

    @property
    def named_lines(self) -> tuple[str, ...]:
        return (*self.lines, *filter(None, (self.line, self.of_line)))

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return (self.share,) if self.share else ()

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"wanted", "limit", "share", "of", "of_cell", "row_name"})


class ReachesCheck(_RowCheck):
    """A figure is at least a parameter, or the year of the period."""

    rule: Literal["reaches"]
    column: Code
    least: Code

    def _own_fields(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def named_parameters(self) -> tuple[str, ...]:
        return () if self.least == PERIOD_YEAR else (self.least,)

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"least", "stated", "row_name"})


PERIOD_YEAR = "period_year"


class RouteCheck(_RowCheck):
    """One code of a row follows from another."""

    rule: Literal["route"]
    column: Code
    by: Code
    to: dict[StrictStr, StrictStr] = Field(min_length=1)

    def _own_fields(self) -> tuple[str, ...]:
        return self.column, self.by

    @property
    def blanks(self) -> frozenset[str]:
        return frozenset({"wanted", "by", "by_cell"})


class FilledCheck(_CellsCheck):
    """A cell is not blank."""

    rule: Literal["filled"]


RowCheck = Annotated[
    FloorCheck
    | DueCheck
    | InOrderCheck
    | BeforeDayCheck
    | BalancedCheck
    | NilCheck
    | LineShareCheck
    | ReachesCheck
    | RouteCheck
    | FilledCheck,
    Field(discriminator="rule"),
]


# --- rules --------------------------------------------------------------------------------------


class Rule(_Strict):
    """One rule: what it says, where it is written, how grave it is, the officer's words, what it
    is judged by, and how it is looked at: a check on one form, or SQL on the facts of `forms`.

    `scope` names the parameter that says whose reports are looked at: a unit, or the province for
    all. `only_if` names a parameter and the value with which the rule looks at all.
    """

    id: Code
    numbers: tuple[Annotated[StrictStr, Field(pattern=r"^R[0-9]{2}$")], ...] = ()
    says: Text
    basis: tuple[Basis, ...] = Field(min_length=1)
    severity: Severity
    sentence: Wording
    parameters: tuple[Parameter, ...] = ()
    scope: Code | None = None
    only_if: dict[Code, StrictStr] = {}
    form: Code | None = None
    check: RowCheck | None = None
    forms: tuple[Code, ...] = ()
    sql: Text | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Rule:
        if (self.check is None) == (self.sql is None):
            raise ValueError("check: a rule has a check on a form, or sql")
        if (self.form is None) != (self.check is None):
            raise ValueError("form: a check is on one form")
        if self.sql is not None and self.severity == "error":
            raise ValueError("severity: what is found on the facts cannot hold a submission")
        self._knows_its_parameters()
        return self

    def _knows_its_parameters(self) -> None:
        known = {parameter.name for parameter in self.parameters}
        if len(known) < len(self.parameters):
            raise ValueError("parameters: a name stands twice")
        named = {*self.only_if, *([self.scope] if self.scope else [])}
        if self.check is not None:
            named |= set(self.check.named_parameters)
            named |= {field[1:] for field in self.check.fields if field.startswith("$")}
        if self.sql is not None:
            named |= set(self.sql_names) - set(SQL_INPUTS)
        if unknown := named - known:
            raise ValueError(f"parameters: there is no {sorted(unknown)[0]!r}")
        # a parameter that nothing reads would promise a choice that there is not; published ones
        # are also read by SQL, from the seed
        for parameter in self.parameters:
            is_read = parameter.name in named or (parameter.published and self.sql is not None)
            if not is_read:
                raise ValueError(f"parameters: nothing reads {parameter.name!r}")
        if self.check is not None:
            known_blanks = {"cell", "value", "sheet", *self.check.blanks}
            for text in (self.sentence.message, self.sentence.expected or "", self.sentence.fix):
                for blank in _blanks(text):
                    if blank not in known_blanks:
                        raise ValueError(f"sentence: {self.check.rule} gives no {blank!r}")

    @property
    def sql_names(self) -> tuple[str, ...]:
        """The inputs that the SQL names with a `$`."""
        return tuple(dict.fromkeys(re.findall(r"\$([a-z_]+)", self.sql or "")))

    @property
    def source_forms(self) -> tuple[str, ...]:
        return (self.form,) if self.form else self.forms

    def parameter(self, name: str) -> Parameter:
        """A parameter, the shared one where it is shared."""
        [found] = [parameter for parameter in self.parameters if parameter.name == name]
        return shared_parameters()[found.shared] if found.shared else found

    def value(self, name: str) -> str | int | Decimal:
        """The value of our own that a parameter has. Raises ValueError for a published one."""
        found = self.parameter(name).value
        if found is None:
            raise ValueError(f"{self.id}: {name} is published: it may have several values")
        return found

    def figures(self, name: str) -> tuple[Figure, ...]:
        """What a parameter says: the published figures, or the number that is our own default."""
        found = self.parameter(name)
        if found.published is not None:
            return published(found.published)
        year = found.due.year if found.due else None
        return (Figure(self.id, Decimal(str(found.value)), found.due, year),)

    def field(self, name: str) -> str:
        """The field that a text of the check stands for: itself, or what its parameter names."""
        return str(self.value(name[1:])) if name.startswith("$") else name

    @property
    def is_on(self) -> bool:
        return all(str(self.value(name)) == wanted for name, wanted in self.only_if.items())


# what SQL may name besides the rule's own parameters
SQL_INPUTS = ("province", "as_of", "scope_unit")


def _blanks(text: str) -> Iterator[str]:
    for _, name, _, _ in string.Formatter().parse(text):
        if name:
            yield name


# --- reading ------------------------------------------------------------------------------------


def _place_named_by(message: str, content: Mapping[str, Any]) -> tuple[Any, ...]:
    """Our own checks begin with the key at fault."""
    key = message.partition(":")[0]
    return (key,) if key in content else ()


class _Shared(_Strict):
    parameters: tuple[Parameter, ...]


@cache
def shared_parameters() -> dict[str, Parameter]:
    """Decisions that several rules wait for, by name."""
    return {p.name: p for p in _read(SHARED, _Shared.model_validate).parameters}


def _read(path: Path, validate: Any) -> Any:
    try:
        return read_strictly(path, validate, _place_named_by)
    except StrictYamlError as error:
        raise RuleError(str(error)) from None


def read_rule(path: Path, contracts: Iterable[Contract] = ()) -> Rule:
    """Read one rule, and hold it against the contracts given. Raises RuleError with file, line and
    key."""
    known = tuple(contracts)

    def validate(content: Any) -> Rule:
        return _Checked.model_validate(content, context={"contracts": known, "stem": path.stem})

    rule: Rule = _read(path, validate)
    return rule


class _Checked(Rule):
    """A rule held against what it names: its file, documents, shared parameters, contracts."""

    @model_validator(mode="after")
    def _names_what_exists(self, info: Any) -> _Checked:
        if self.id != info.context["stem"]:
            raise ValueError(f"id: the file is called {info.context['stem']!r}")
        for parameter in self.parameters:
            if parameter.shared and parameter.shared not in shared_parameters():
                raise ValueError(f"parameters: {SHARED.name} has no {parameter.shared!r}")
        contracts = info.context["contracts"]
        if contracts:
            self._fits(contracts)
        return self

    def _fits(self, contracts: Iterable[Contract]) -> None:
        forms = {contract.form for contract in contracts}
        for form in self.source_forms:
            if form not in forms:
                key = "form" if self.form else "forms"
                raise ValueError(f"{key}: there is no form {form!r}")
        if self.check is None:
            return
        for contract in (c for c in contracts if c.form == self.form):
            fields = [column.field for table in contract.tables for column in table.columns]
            for name in self.check.fields:
                if fields.count(self.field(name)) != 1:
                    raise ValueError(f"check: {contract.id} has no one field {self.field(name)!r}")
            lines = {line.code for table in contract.tables for line in table.lines}
            for code in self.check.named_lines:
                if code not in lines:
                    raise ValueError(f"check: {contract.id} has no line {code!r}")
            for field, codes in (*self.check.when.items(), *self.check.unless.items()):
                [column] = [c for t in contract.tables for c in t.columns if c.field == field]
                known = reference.coded_list(column.list or "").values() if column.list else ()
                for each in codes:
                    if each not in known:
                        raise ValueError(f"check: {field} has no code {each!r}")


def read_rules(folders: Iterable[Path], contracts: Iterable[Contract] = ()) -> tuple[Rule, ...]:
    """All rules of some folders, by folder and name. Raises RuleError, also for an id twice."""
    known, found = tuple(contracts), {}
    for folder in folders:
        for path in sorted(folder.glob("*.yml")):
            rule = read_rule(path, known)
            if rule.id in found:
                raise RuleError(f"{path.name}:1: id: {rule.id!r} stands in another folder too")
            found[rule.id] = rule
    return tuple(found.values())


@cache
def all_rules() -> tuple[Rule, ...]:
    """The project's own rules, held against its contracts; read once a process."""
    from ingest.contract import all_contracts

    return read_rules(FOLDERS, all_contracts())


@cache
def wordings() -> dict[str, tuple[Severity, Wording]]:
    """What officers read, and how grave it is, by rule; without looking at the contracts, which
    themselves need the sentences."""
    return {rule.id: (rule.severity, rule.sentence) for rule in read_rules(FOLDERS)}
