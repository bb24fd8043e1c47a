"""How a form's sheet prints on A4: upright or across, at what size, and where it turns a page.

Print that is too small to read goes on several pages, which turn between groups of columns and
repeat the columns that name a row. Widths are those of a worksheet: characters of the usual digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# margins in inches: left, right, top, bottom
MARGINS = (0.5, 0.4, 0.6, 0.7)
_PIXELS = 96  # an inch
PORTRAIT = int((8.27 - MARGINS[0] - MARGINS[1]) * _PIXELS)
LANDSCAPE = int((11.69 - MARGINS[0] - MARGINS[1]) * _PIXELS)
UPRIGHT_SQUEEZE = 1.2  # an upright page is chosen where print loses no more than a sixth
LEAST_POINTS = 7.7  # what can still be read on paper


@dataclass(frozen=True)
class PageLayout:
    """`spans`: the first and last column (from 1) of each page, without the repeated ones."""

    is_landscape: bool
    scale: int
    spans: tuple[tuple[int, int], ...]

    @property
    def breaks(self) -> tuple[int, ...]:
        """The columns after which a page turns."""
        return tuple(last for _, last in self.spans[:-1])


def pixels(width: float) -> int:
    """What a column of so many characters takes, where a digit is not rounded to 7 pixels."""
    return int(width * 7.4) + 5


def layout(
    widths: Sequence[float], groups: Sequence[str], repeated: int, points: float
) -> PageLayout:
    """The pages of columns of these widths. A page turns only where the group (the upper header)
    changes; the first `repeated` columns stand on every page; `points` is the size of the print."""
    sizes = [pixels(width) for width in widths]
    least = LEAST_POINTS / points
    if sum(sizes) <= PORTRAIT * UPRIGHT_SQUEEZE:
        return PageLayout(False, _scale(PORTRAIT, sum(sizes)), ((1, len(sizes)),))
    room = int(LANDSCAPE / least)
    spans = _packed(sizes, groups, repeated, room)
    # as many pages as it takes, filled evenly: no last page with one column on it
    for narrower in range(room, 0, -5):
        evenly = _packed(sizes, groups, repeated, narrower)
        if len(evenly) > len(spans):
            break
        spans = evenly
    widest = max(sum(sizes[a - 1 : b]) + (sum(sizes[:repeated]) if a > 1 else 0) for a, b in spans)
    return PageLayout(True, _scale(LANDSCAPE, widest), tuple(spans))


def _packed(
    sizes: Sequence[int], groups: Sequence[str], repeated: int, room: int
) -> list[tuple[int, int]]:
    """Pages filled one after the other with as many groups as there is room for."""
    spans: list[tuple[int, int]] = []
    first, used = 1, 0
    for start, end in _runs(groups):
        wanted = sum(sizes[start - 1 : end])
        if start > repeated and used + wanted > room and start > first:
            spans.append((first, start - 1))
            first, used = start, sum(sizes[:repeated])
        used += wanted
    return [*spans, (first, len(sizes))]


def _scale(room: int, wanted: int) -> int:
    """In whole percent, a little less than what just fits: printers round."""
    return max(10, min(100, int(99 * room / wanted)))


def _runs(groups: Sequence[str]) -> list[tuple[int, int]]:
    """First and last place (from 1) of every run of equal groups."""
    runs: list[tuple[int, int]] = []
    for place, group in enumerate(groups, start=1):
        if runs and groups[place - 2] == group:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs
