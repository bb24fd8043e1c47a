"""What a hostile file is to the tests: how to make it, its name, and what answers it may get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# an answer is the rule of an unreadable or unrecognised file, or READ: what is read is a form
READ = "read"
# the same form, nothing found: the file is odd, but what it says is what a sound one says
SOUND = "ok"
UNRECOGNISED = "form_unrecognised"
# what a bomb may be called: seen beforehand, or ended by a limit
BOMB = ("bomb", "too_large", "crashed", "timeout")
BROKEN = ("damaged", "not_a_workbook", "no_sheets")


@dataclass(frozen=True)
class Hostile:
    """`make(path)` writes the file; `answers` are the ones allowed."""

    make: Callable[[Path], Path]
    answers: tuple[str, ...]
    suffix: str = ".xlsx"


def content(make: Callable[[], bytes]) -> Callable[[Path], Path]:
    """A maker of a file from a maker of its bytes."""

    def write(path: Path) -> Path:
        path.write_bytes(make())
        return path

    return write
