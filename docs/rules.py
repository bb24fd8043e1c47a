"""Every rule of law and plan (R01-R79): what checks it, with what data, how grave, what is open.

From the rules' own files (expectations/rules/plan, expectations/rules/forms) and `rules.yml`, which
says what a number is about, what else checks it, and why it, or a part of it, is not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from docs.markdown import MADE, code, codes, page, table
from expectations.rule_files import Figure, Parameter, Rule, all_rules, published, shared_parameters
from ingest.contract import all_contracts

SOURCE = Path(__file__).resolve().parent / "rules.yml"
NUMBERS = tuple(f"R{number:02d}" for number in range(1, 80))


class Number(BaseModel):
    """One of R01-R79. `elsewhere`: what checks it besides rule files; `reason`: what is not checked
    and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    elsewhere: str = ""
    reason: str = ""


def numbers() -> dict[str, Number]:
    """R01-R79 from rules.yml. Raises ValueError where one is missing, unknown or without a fate."""
    content = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    found = {name: Number.model_validate(entry) for name, entry in content.items()}
    named = {number for rule in all_rules() for number in rule.numbers}
    if tuple(found) != NUMBERS or not named <= set(NUMBERS):
        raise ValueError(f"{SOURCE.name}: not R01 to R79, each once and in order")
    for name, number in found.items():
        if name not in named and not (number.elsewhere or number.reason):
            raise ValueError(f"{SOURCE.name}: {name}: no rule checks it, and no reason is given")
    return found


def rules_page() -> str:
    """docs/rules.md."""
    rules = all_rules()
    return page(_lines(rules, numbers()))


def _lines(rules: tuple[Rule, ...], found: dict[str, Number]) -> Iterator[str]:
    by_number = {name: [r for r in rules if name in r.numbers] for name in found}
    checked = sum(bool(by_number[name] or found[name].elsewhere) for name in found)
    yield from (
        "# Rules of law and plan",
        "",
        MADE,
        "",
        f"Of the {len(found)} rules that documents state (R01-R79), {checked} are checked,",
        "some of them in part; the others say why not. A rule is one file in",
        "`expectations/rules/plan/`; what several forms state of one thing is in",
        "`expectations/rules/forms/`. A rule on a form runs with its contract, in `kho check` too;",
        "a rule with SQL runs on the facts and only warns. A delay is no error of a report: it",
        "warns, and never holds. Published figures are in the seed `rule_parameter`; our own",
        "defaults are in the rules' files.",
        "",
    )
    yield "## R01 to R79"
    yield ""
    yield from table(
        ("", "About", "Rules", "Also checked by", "Not checked, and why"),
        (
            (
                name,
                number.about,
                codes(rule.id for rule in by_number[name]),
                number.elsewhere,
                number.reason,
            )
            for name, number in found.items()
        ),
    )
    yield "## The rules"
    yield ""
    yield from table(
        ("Rule", "Of", "Says", "Where it is written", "Data", "How", "Severity", "Parameters"),
        (_row(rule) for rule in rules),
    )
    yield "## What a person must decide"
    yield ""
    yield "Each is a parameter with a default. Change it in the rule's file, or, where several"
    yield "rules wait for it, in `expectations/rules/parameters.yml`."
    yield ""
    yield from table(
        ("Parameter", "Rules", "Default", "Choices", "Source", "Doubt"), _decisions(rules)
    )


def _row(rule: Rule) -> tuple[str, ...]:
    state = "" if rule.is_on else " (off)"
    return (
        code(rule.id) + state,
        ", ".join(rule.numbers),
        rule.says,
        "; ".join(f"{b.document}, {b.locator}" for b in rule.basis),
        codes(rule.source_forms) or "all facts",
        rule.check.rule if rule.check is not None else "SQL",
        rule.severity,
        "; ".join(_parameter(parameter) for parameter in rule.parameters),
    )


def _parameter(parameter: Parameter) -> str:
    if parameter.published is not None:
        stated = "; ".join(map(_figure, published(parameter.published)))
        return f"{parameter.name}: {code(parameter.published)} ({stated})"
    if parameter.shared is not None:
        return f"{parameter.name}: {code(parameter.shared)}"
    due = f" by {parameter.due}" if parameter.due else ""
    return f"{parameter.name}: {parameter.value}{due}"


def _figure(figure: Figure) -> str:
    value = f"{figure.value:f}" if figure.value is not None else ""
    return " by ".join(filter(None, (value, str(figure.due) if figure.due else "")))


def _decisions(rules: Iterable[Rule]) -> Iterator[tuple[str, ...]]:
    users: dict[str, list[str]] = {name: [] for name in shared_parameters()}
    own: list[tuple[Rule, Parameter]] = []
    for rule in rules:
        for parameter in rule.parameters:
            if parameter.shared is not None:
                users[parameter.shared].append(rule.id)
            elif parameter.doubt is not None:
                own.append((rule, parameter))
    for contract in all_contracts():
        for check in contract.checks:
            for name in check.named_parameters:
                users[name].append(f"{check.rule} of {contract.form}")
    for name, parameter in shared_parameters().items():
        yield _decision(name, users[name], parameter)
    for rule, parameter in own:
        yield _decision(parameter.name, [rule.id], parameter)


def _decision(name: str, rules: list[str], parameter: Parameter) -> tuple[str, ...]:
    value = parameter.published if parameter.published is not None else str(parameter.value)
    return (
        code(name),
        codes(rules),
        code(value),
        "; ".join(f"{code(choice)}: {says}" for choice, says in parameter.choices.items()),
        parameter.source or "the published figure",
        parameter.doubt or "",
    )
