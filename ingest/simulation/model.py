"""simulation.yml, read into a typed model: anchors, seasons, shares and words of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

    @property
    def is_flow(self) -> bool:
        return self.annual is not None or bool(self.sum_of)


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
    # what part of a line's flow a measure takes, and columns that are multiples of another
    parts_of_flow: dict[str, float]
    since_january: tuple[str, ...]  # measures that add up over the year, by another name
    multiples: dict[str, tuple[str, int]]
    beside: dict[str, str]  # counts beside amounts, and the list that says them
    fixed: dict[str, str]
    allowed: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]
    project_counts: dict[str, int]
    project_sources: tuple[str, ...]
    targets: dict[str, dict[str, Any]]
    errors: dict[str, tuple[str, ...]]


def _number(value: object) -> float | None:
    """YAML reads `4.0e9` as text."""
    return None if value is None else float(str(value))


def _ends(ends: Sequence[object]) -> tuple[float, float]:
    low, high = (float(str(end)) for end in ends)
    return low, high


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
        since_january=tuple(content["since_january"]),
        multiples={name: (of, times) for name, (of, times) in content["multiples"].items()},
        beside=content["beside"],
        fixed=content["fixed"],
        allowed={name: tuple(codes) for name, codes in content["allowed"].items()},
        words={name: tuple(texts) for name, texts in content["words"].items()},
        project_counts=content["project_counts"],
        project_sources=tuple(content["project_sources"]),
        targets=content["targets"],
        errors={kind: tuple(rules) for kind, rules in content["errors"].items()},
    )
