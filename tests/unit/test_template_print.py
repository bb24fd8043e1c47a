"""Where a form turns its pages: between groups of columns, evenly, and readably."""

from __future__ import annotations

import pytest

from ingest.template_print import LANDSCAPE, LEAST_POINTS, PORTRAIT, layout, pixels


def groups(*sizes: int) -> list[str]:
    return [str(number) for number, size in enumerate(sizes) for _ in range(size)]


def test_narrow_form_stands_upright_on_one_page() -> None:
    found = layout([10] * 5, groups(1, 1, 1, 1, 1), 1, 12)
    assert not found.is_landscape
    assert found.spans == ((1, 5),)
    assert found.breaks == ()


def test_wider_form_lies_on_one_page_as_long_as_it_can_be_read() -> None:
    found = layout([14] * 12, groups(*[1] * 12), 1, 12)
    assert found.is_landscape
    assert found.spans == ((1, 12),)
    assert found.scale * 12 / 100 >= LEAST_POINTS * 0.98
    assert 12 * pixels(14) * found.scale / 100 <= LANDSCAPE


@pytest.mark.parametrize("columns", [25, 40])
def test_form_that_is_too_wide_turns_pages_between_groups(columns: int) -> None:
    together = groups(*[1, 1, 1], *[3] * ((columns - 3) // 3), (columns - 3) % 3 or 3)[:columns]
    found = layout([12] * columns, together, 3, 10)
    assert len(found.spans) > 1
    assert found.spans[0][0] == 1 and found.spans[-1][1] == columns
    for (_, last), (first, _) in zip(found.spans, found.spans[1:], strict=False):
        assert first == last + 1
        assert together[last - 1] != together[first - 1]
    # every page has room for its own columns and the repeated ones, in print that can be read
    assert found.scale * 10 / 100 >= LEAST_POINTS * 0.98
    for first, last in found.spans:
        repeated = 3 if first > 1 else 0
        assert (last - first + 1 + repeated) * pixels(12) * found.scale / 100 <= LANDSCAPE
    # no last page with one column on it
    sizes = [last - first + 1 for first, last in found.spans]
    assert min(sizes) > 3


def test_upright_page_is_not_squeezed() -> None:
    wide = layout([10] * 13, groups(*[1] * 13), 1, 12)
    assert 13 * pixels(10) > PORTRAIT * 1.2
    assert wide.is_landscape
