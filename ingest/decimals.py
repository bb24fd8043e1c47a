"""Exact decimals of many floats at once: 15 significant digits, as a spreadsheet keeps them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MOST_DECIMALS = 12
# below this a float holds 15 significant digits
LARGEST = 1e15


def decimals_of(
    values: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """Every value as `mantissa` / 10 ** `scale`, with the fewest decimals that give the float back.

    `scale` is -1 where up to 12 decimals do not: 0.1 + 0.2, a third. |values| < LARGEST. A decimal
    of up to 15 digits and the float nearest to it name each other, so nothing is lost or invented.
    """
    mantissas = np.rint(values).astype(np.int64)
    scales = np.where(mantissas == values, 0, -1).astype(np.int8)
    for decimals in range(1, MOST_DECIMALS + 1):
        waiting = np.flatnonzero(scales < 0)
        if waiting.size == 0:
            break
        power = 10.0**decimals
        scaled = np.rint(values[waiting] * power)
        hit = (scaled / power == values[waiting]) & (np.abs(scaled) < LARGEST)
        found = waiting[hit]
        mantissas[found] = scaled[hit].astype(np.int64)
        scales[found] = decimals
    return mantissas, scales
