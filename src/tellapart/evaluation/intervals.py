"""95 % intervals: what the number of samples leaves open about a measure. Every interval holds its value."""

from collections.abc import Iterator, Sequence
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 1000
SEED = 0
"""Of the bootstrap: the same predictions give the same report."""
LEAST_RESAMPLES, MOST_CELLS = 100, 2_000_000_000
"""Fewest resamples, and numbers that are computed for all of them together."""
CELLS_AT_ONCE = 4_000_000
"""Numbers a bootstrap holds in memory at one time."""

Z = NormalDist().inv_cdf((1 + LEVEL) / 2)

Interval = tuple[float, float]
"""(low, high)."""


def wilson(successes: int, trials: int) -> Interval:
    """Interval of a share, in [0, 1]; honest for few trials and near 0 and 1.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    The closed form, because a table of 1,000 classes asks 2,000 times; a test compares it with scipy's.
    """
    if trials < 1:
        raise ValueError(f"trials is {trials}; a share of nothing has no interval.")
    share = successes / trials
    centre = share + Z * Z / (2 * trials)
    half = Z * sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    scale = 1 + Z * Z / trials
    return within_share(share, ((centre - half) / scale, (centre + half) / scale))


def mean_interval(values: NDArray[np.float64]) -> Interval:
    """Percentile bootstrap interval of the mean, in the unit of `values` (N,); one value alone is its own interval."""
    mean = float(values.mean())
    if len(values) == 1:
        return mean, mean
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, CELLS_AT_ONCE // len(values)),
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return _around(mean, (float(found.low), float(found.high)))


def mean_share_interval(successes: Sequence[int], trials: Sequence[int]) -> Interval:
    """Interval of the mean of independent shares, in [0, 1]; shares of nothing are left out.

    The Wilson limits l and u of each share s combine to mean(s) - sqrt(sum (s - l)^2) / K and likewise above.
    Source: Zou, Huang, Zhang 2009, "A note on confidence interval estimation for a linear function of binomial
    proportions", eq. 3.
    """
    shares = [(s / t, *wilson(s, t)) for s, t in zip(successes, trials, strict=True) if t]
    K = len(shares)
    mean = sum(share for share, _, _ in shares) / K
    below = sqrt(sum((share - low) ** 2 for share, low, _ in shares)) / K
    above = sqrt(sum((high - share) ** 2 for share, _, high in shares)) / K
    return within_share(mean, (mean - below, mean + above))


def resampled(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(hits, support, predicted) of 1,000 bootstrap resamples of a confusion matrix, each (1000, K).

    Drawing N samples again, with replacement, is one multinomial draw over the cells of the matrix: the same law,
    and the samples themselves are not needed.
    """
    rows, columns = np.nonzero(matrix)
    tallies = [_tally(rows, columns, counts, len(matrix)) for counts in _draws(matrix[rows, columns])]
    hits, support, predicted = (np.stack(parts) for parts in zip(*tallies, strict=True))
    return hits, support, predicted


def resampled_weights(N: int, columns: int) -> Iterator[NDArray[np.float64]]:
    """How often each sample stands in a bootstrap resample, float64 (R, N), some resamples at a time; 1,000 in all.

    columns  numbers that are computed of each sample in each: past 2 billion in all fewer are drawn, 100 at least
    """
    rng = np.random.default_rng(SEED)
    draws = max(LEAST_RESAMPLES, min(RESAMPLES, MOST_CELLS // max(1, N * columns)))
    at_once = max(1, CELLS_AT_ONCE // N)
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        yield rng.multinomial(N, np.full(N, 1 / N), size=count).astype(np.float64)


def percentile_interval(value: float, drawn: NDArray[np.float64]) -> Interval:
    """The middle 95 % of `drawn`, in its unit, stretched to hold `value`."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return _around(value, (float(low), float(high)))


def within_share(value: float, interval: Interval) -> Interval:
    """The interval cut to [0, 1] and stretched to hold `value`."""
    low, high = interval
    return _around(value, (max(0.0, low), min(1.0, high)))


def _around(value: float, interval: Interval) -> Interval:
    low, high = interval
    return min(low, value), max(high, value)


def _draws(counts: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """1,000 resamples of the cells, one by one; drawn in lots, so that memory stays bounded."""
    rng = np.random.default_rng(SEED)
    total = int(counts.sum())
    at_once = max(1, CELLS_AT_ONCE // len(counts))
    for start in range(0, RESAMPLES, at_once):
        yield from rng.multinomial(total, counts / total, size=min(at_once, RESAMPLES - start))


def _tally(rows: NDArray[Any], columns: NDArray[Any], counts: NDArray[np.int64], K: int) -> tuple[NDArray[Any], ...]:
    right = rows == columns
    hits = np.zeros(K, dtype=np.int64)
    hits[rows[right]] = counts[right]
    support = np.bincount(rows, weights=counts, minlength=K).astype(np.int64)
    predicted = np.bincount(columns, weights=counts, minlength=K).astype(np.int64)
    return hits, support, predicted
