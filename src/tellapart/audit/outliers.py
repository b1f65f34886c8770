"""How far a value lies from the others, by measures that a few wild ones cannot move."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def robust_z(values: Array, least: float) -> Array:
    """Distance from the median in robust standard deviations, float64 (N,); NaN stays NaN.

    least  what a standard deviation counts for at least: where nearly all are alike, a little is not far
    A robust standard deviation is 1.4826 times the median distance from the median, which is right for a normal curve.
    """
    median = np.nanmedian(values)
    spread = 1.4826 * np.nanmedian(np.abs(values - median))
    distances: Array = (values - median) / max(spread, least)
    return distances
