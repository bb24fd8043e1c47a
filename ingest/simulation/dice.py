"""Chance that depends on the seed and a key alone, and whole parts of a whole: what the world and
the register of projects are both made with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ingest.simulation.model import Model

T = TypeVar("T")


def chance(*key: object) -> float:
    """A number from 0 to 1 that depends on the key alone."""
    text = "\x1f".join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64


def split(total: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Whole parts of a whole total in proportion to the weights, by largest remainder."""
    whole = sum(weights)
    if not weights or whole <= 0:
        raise ValueError("nothing to split over")
    exact = [total * weight / whole for weight in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for number in order[: total - sum(parts)]:
        parts[number] += 1
    return tuple(parts)


class Dice:
    """Chance of one seed."""

    def __init__(self, seed: int, model: Model) -> None:
        self.seed = seed
        self.model = model

    def chance(self, *key: object) -> float:
        return chance(self.seed, *key)

    def between(self, low: float, high: float, *key: object) -> float:
        return low + (high - low) * self.chance(*key)

    def choose(self, choices: Sequence[T], *key: object) -> T:
        return choices[int(len(choices) * self.chance(*key))]

    def pick(self, weights: Mapping[str, float], *key: object) -> str:
        """One of some names, by their weights."""
        chance = self.chance(*key) * sum(weights.values())
        for name, weight in weights.items():
            if chance < weight:
                return name
            chance -= weight
        return name
