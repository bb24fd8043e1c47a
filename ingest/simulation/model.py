"""simulation.yml, read into a typed model: anchors, seasons, shares and words of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).with_name("simulation.yml")


@dataclass(frozen=True)
class Quantity:
    """A quantity of the whole province.

    `annual`: a flow's total of 2025, in base units; `level`: a stock's or rate's value at the end
    of 2025. `growth`: per year. `season` names a profile of the twelve months. `estimate`: what was
    assigned for 2026, where that is published. `sum_of`: it is the sum of other quantities.
    `citation` says where an anchor is published.
    """

    annual: float | None
    level: float | None
    growth: float
    season: str
    estimate: float | None
    citation: str
    sum_of: tuple[str, ...] = ()
    # so many times another flow: a base and the share that is taken of it
    times: tuple[str, int] | None = None
    # what the register of projects pays from these sources; or a commune's own projects
    capital: tuple[str, ...] = ()
    is_own_capital: bool = False
    is_recurrent: bool = False  # not the capital of the sources, but the recurrent money beside it
    # what is disbursed of the plans so far, in %
    is_capital_rate: bool = False
    # a stock that is a part of another one in every commune: land, households
    within: str | None = None
    # a rate in % that follows from two stocks
    share_of: tuple[str, str] | None = None
    # a source of capital: of it no more is paid than was collected
    feeds: str | None = None
    # what a fund spends: all of its sources but what the next year opens with
    leaves: tuple[str, str] | None = None

    @property
    def is_flow(self) -> bool:
        return bool(
            self.annual is not None
            or self.sum_of
            or self.times
            or self.leaves
            or self.capital
            or self.is_own_capital
        )


@dataclass(frozen=True)
class Cut:
    """A total cut another way than by its parts: lines that are known by direction, and weights of
    those that share what is left."""

    known: dict[str, dict[str, str]]
    rest: dict[str, float]


@dataclass(frozen=True)
class Target:
    """A target of the province for the year, and how the communes' ones make it.

    `spread`: how far a commune's rate may be from the province's, in points. `instead`: what
    communes state where the province's indicator is not theirs.
    """

    indicator: str
    value: Decimal
    unit: str
    comparator: str
    locator: str = ""
    aggregation: str | None = None  # None: the communes have no part in it
    spread: float = 0.0
    spread_key: str = ""
    instead: str = ""


@dataclass(frozen=True)
class Targets:
    """Those that are published, and how many more every agency has over its own indicators."""

    stated: tuple[Target, ...]
    each_agency: int
    document: str


def _targets(content: dict[str, Any]) -> Targets:
    return Targets(
        stated=tuple(
            Target(**(entry | {"indicator": code, "value": Decimal(str(entry["value"]))}))
            for code, entry in content["stated"].items()
        ),
        each_agency=content["each_agency"],
        document=content["document"],
    )


@dataclass(frozen=True)
class PlanDate:
    """By when projects of a group, and of a priority where one is named, must reach a milestone:
    the code of the reference data's parameter."""

    rule: str
    group: str
    milestone: str
    priority: str | None = None


@dataclass(frozen=True)
class Model:
    quantities: dict[str, Quantity]
    seasons: dict[str, tuple[float, ...]]
    steps: dict[str, int]
    magnitudes: dict[str, tuple[float, float]]
    levels: dict[str, tuple[float, float]]
    # lists that say what an indicator is; the same indicator on other lists follows them
    canonical_lists: tuple[str, ...]
    commune_lists: tuple[str, ...]
    # what parts a figure may be shown in, and their shares: budget levels, directions, natures
    components: dict[str, dict[str, float]]
    indices: dict[str, tuple[float, float]]
    # what part of a line's flow a measure takes
    parts_of_flow: dict[str, float]
    # columns that repeat a quantity of the unit, and lines that must be nil
    repeats: dict[str, str]
    nil_lines: tuple[str, ...]
    floor_lines: tuple[str, ...]  # a council's estimate of these is at least what was assigned
    # shares of a quantity's parts that hold exactly, where the law sets them
    exact_components: dict[str, dict[str, float]]
    # the same total cut another way: what is known of it by direction, and shares of the rest
    cuts: dict[str, Cut]
    # a component (nature) of which one part's total is another quantity
    component_totals: dict[str, dict[str, str]]
    # counts beside amounts: the list that says them, and what part of its counts they are
    beside: dict[str, tuple[str, float]]
    # a quantity, and the list that breaks it down
    broken_down: dict[str, str]
    # what a line is worth among its parent's parts, by a dimension of it; others are drawn
    part_weights: dict[str, dict[str, float]]
    # what one unit of a commodity's quantity costs, or of `other`, in base units of money
    prices: dict[str, float]
    price_unit: str
    # measures of a state, which neither adds up nor drifts: between these ends
    states: dict[str, tuple[float, float]]
    fixed: dict[str, str]
    allowed: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]
    project_counts: dict[str, int]
    # by level, or `other`: what pays for projects in turn, and how large they are
    project_sources: dict[str, tuple[str, ...]]
    project_classes: dict[str, dict[str, float]]
    project_totals: dict[str, tuple[float, float]]
    # a source that no project names: of which one it is what part
    source_parts: dict[str, tuple[str, float]]
    # lists whose lines are sources, and the source that is shown apart on them
    capital_lists: dict[str, str | None]
    recurrent_share: float  # of a programme's capital: its recurrent money
    # a table with this measure lists projects that have reached this milestone
    listed_from: dict[str, str]
    amounts: dict[str, tuple[float, float]]
    # what a dossier's result leaves blank, and the field that says the result
    results: dict[str, dict[str, tuple[str, ...]]]
    routes: dict[str, dict[str, str]]  # where a dossier goes, by another field of it
    only_with: dict[str, str]  # a field that is filled only where another is not nil
    dates: dict[str, str]  # a field that repeats a milestone's actual date
    private_counts: dict[str, int]
    targets: Targets
    plan_floors: dict[str, str]  # by group of projects, the parameter that sets its floors
    plan_dates: tuple[PlanDate, ...]
    errors: dict[str, tuple[str, ...]]
    law_errors: dict[str, str]  # kinds, and the rules of facts/rules.md that they break
    whole_errors: tuple[str, ...]
    summed_errors: tuple[str, ...]
    unknowable_errors: tuple[str, ...]
    between_senders: tuple[str, ...]  # rules
    # measures of records that no rule holds against anything
    unwatched_measures: tuple[str, ...]
    scarce_errors: tuple[str, ...]  # kinds that few forms have a place for


def _number(value: object) -> float | None:
    """YAML reads `4.0e9` as text."""
    return None if value is None else float(str(value))


def _ends(ends: Sequence[object]) -> tuple[float, float]:
    low, high = (float(str(end)) for end in ends)
    return low, high


def _pair(value: Sequence[Any] | None) -> tuple[Any, Any] | None:
    if value is None:
        return None
    first, second = value
    return first, second


@cache
def read_model() -> Model:
    """The project's simulation.yml."""
    content: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return Model(
        quantities={
            code: Quantity(
                annual=_number(entry.get("annual")),
                level=_number(entry.get("level")),
                growth=entry.get("growth", 0.05),
                season=entry.get("season", "even"),
                estimate=_number(entry.get("estimate_2026")),
                citation=entry.get("citation", ""),
                sum_of=tuple(entry.get("sum_of", ())),
                times=_pair(entry.get("times")),
                capital=tuple(entry.get("capital", ())),
                is_recurrent=entry.get("recurrent", False),
                is_own_capital=entry.get("own_capital", False),
                is_capital_rate=entry.get("capital_rate", False),
                within=entry.get("within"),
                share_of=_pair(entry.get("share_of")),
                feeds=entry.get("feeds"),
                leaves=_pair(entry.get("leaves")),
            )
            for code, entry in content["quantities"].items()
        },
        seasons={name: tuple(weights) for name, weights in content["seasons"].items()},
        steps=content["steps"],
        magnitudes={unit: _ends(ends) for unit, ends in content["magnitudes"].items()},
        levels={unit: _ends(ends) for unit, ends in content["levels"].items()},
        canonical_lists=tuple(content["canonical_lists"]),
        commune_lists=tuple(content["commune_lists"]),
        components=content["components"],
        indices={measure: _ends(ends) for measure, ends in content["indices"].items()},
        parts_of_flow=content["parts_of_flow"],
        repeats=content["repeats"],
        nil_lines=tuple(content["nil_lines"]),
        floor_lines=tuple(content["floor_lines"]),
        exact_components=content["exact_components"],
        cuts={code: Cut(**entry) for code, entry in content["cuts"].items()},
        component_totals=content["component_totals"],
        beside={field: (name, share) for field, (name, share) in content["beside"].items()},
        broken_down=content["broken_down"],
        part_weights=content["part_weights"],
        prices=content["prices"],
        price_unit=content["price_unit"],
        states={measure: _ends(ends) for measure, ends in content["states"].items()},
        fixed=content["fixed"],
        allowed={name: tuple(codes) for name, codes in content["allowed"].items()},
        words={name: tuple(texts) for name, texts in content["words"].items()},
        project_counts=content["project_counts"],
        project_sources={k: tuple(v) for k, v in content["project_sources"].items()},
        project_classes=content["project_classes"],
        project_totals={size: _ends(ends) for size, ends in content["project_totals"].items()},
        source_parts={s: (of, share) for s, (of, share) in content["source_parts"].items()},
        capital_lists=content["capital_lists"],
        recurrent_share=content["recurrent_share"],
        listed_from=content["listed_from"],
        amounts={field: _ends(ends) for field, ends in content["amounts"].items()},
        results={
            field: {code: tuple(blank) for code, blank in codes.items()}
            for field, codes in content["results"].items()
        },
        routes=content["routes"],
        only_with=content["only_with"],
        dates=content["dates"],
        private_counts=content["private_counts"],
        targets=_targets(content["targets"]),
        plan_floors=content["plan_rules"]["floors"],
        plan_dates=tuple(PlanDate(**entry) for entry in content["plan_rules"]["dates"]),
        law_errors=content["law_errors"],
        whole_errors=tuple(content["whole_errors"]),
        summed_errors=tuple(content["summed_errors"]),
        unknowable_errors=tuple(content["unknowable_errors"]),
        between_senders=tuple(content["between_senders"]),
        unwatched_measures=tuple(content["unwatched_measures"]),
        scarce_errors=tuple(content["scarce_errors"]),
        errors={kind: tuple(rules) for kind, rules in content["errors"].items()},
    )
