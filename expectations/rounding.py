"""What fits only by rounding: two sides that differ as printed, and may be the same all the same.

That is no error and asks nothing of the sender; the data team sees it, with its proof.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from expectations.batch import Batch, Breach
from expectations.intervals import Floats, Intervals, Numbers, distances

# of one submission; and of one against an earlier one, which is looked at again (residuals.py)
ROUNDED, ROUNDED_SINCE = "rounded_apart", "rounded_apart_since"
RULES = (ROUNDED, ROUNDED_SINCE)
# nobody types more decimals: what has more was computed, and differs in its last bits
FINEST = 1e-6


def mark_rounded(
    batch: Batch,
    rule: str,
    places: Numbers,
    apart: Floats,
    given: Floats,
    explain: Callable[[int], Breach],
) -> None:
    """Mark cells that are not `apart` from what they should be (0), though `given`, which the other
    figures give as they are printed, would not be printed as they are."""
    stated = batch.intervals(places)
    is_known = (apart == 0) & np.isfinite(given) & (batch.typed_step[places] >= FINEST)
    outside = distances(stated, Intervals.exactly(np.where(is_known, given, np.nan)))
    batch.mark(rule, places, np.where(is_known, outside, np.nan), explain)


def middle(values: Intervals) -> Floats:
    """What printed figures add up to, as printed."""
    with np.errstate(invalid="ignore"):
        return np.asarray((values.low + values.high) / 2)
