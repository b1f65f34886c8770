"""Sound at another rate: polyphase filtering with a windowed sinc, which keeps what both rates can tell."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from tellapart.errors import UnreadableError

MOST_TERM = 1000
"""Of the fraction that stands for the two rates: what takes larger numbers is brought to the nearest, within 0.05%."""
MOST_RATIO = 100
"""Between the two rates; beyond it one of them is a mistake."""
MOST_FRAMES = 100_000_000
"""Steps of what comes out."""

Samples = np.ndarray[Any, np.dtype[np.float32]]


def resampled(samples: Samples, rate: int, to: int) -> Samples:
    """float32 (T', C) at `to` steps a second of (T, C) at `rate`; T' = ceil(T * up / down), see `steps_of`.

    Equal rates give the same array. UnreadableError where the rates are more than 100 times apart, or where more than
    100 million steps would come out.
    """
    up, down = _fraction(rate, to)
    length = steps_of(len(samples), rate, to)
    if length > MOST_FRAMES:
        raise UnreadableError(f"{length:,} steps at {to:,} a second; at most {MOST_FRAMES:,} are read")
    if up == down or not len(samples):
        return samples
    from scipy.signal import resample_poly

    out: Samples = resample_poly(samples, up, down, axis=0).astype(np.float32, copy=False)
    return out


def steps_of(steps: int, rate: int, to: int) -> int:
    """Steps that come out: ceil(steps * up / down), where up / down is to / rate in its lowest terms.

    Where the smaller rate is more than 1,000 in those terms, it is the nearest fraction that keeps below.
    """
    up, down = _fraction(rate, to)
    return -(-steps * up // down)


def _fraction(rate: int, to: int) -> tuple[int, int]:
    """Up and down: by how much samples are multiplied, and how many of those are one."""
    if min(rate, to) < 1 or max(rate, to) > MOST_RATIO * min(rate, to):
        raise UnreadableError(
            f"a rate of {rate:,} a second, to be brought to {to:,}; they may be {MOST_RATIO} times apart. Is it right?"
        )
    small, large = sorted((rate, to))
    share = Fraction(small, large).limit_denominator(MOST_TERM)
    return (share.denominator, share.numerator) if to > rate else (share.numerator, share.denominator)
