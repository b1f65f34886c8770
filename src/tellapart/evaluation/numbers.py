"""How near a model comes to numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.errors import DataError
from tellapart.evaluation.intervals import mean_interval, percentile_interval, resampled_weights
from tellapart.types import Measure, Predictions

SPREAD = 1e-9
"""Share of the variance below which a resample counts as of one number."""


def number_scores(predictions: Predictions) -> dict[str, float]:
    """The values of the measures by key: see `measure_numbers`."""
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    values, targets = _pairs(predictions)
    return {
        "mae": float(mean_absolute_error(targets, values)),
        "rmse": float(root_mean_squared_error(targets, values)),
        "r2": float(r2_score(targets, values)) if len(targets) > 1 else 0.0,
    }


def measure_numbers(predictions: Predictions, *, mean: float | None = None) -> dict[str, Measure]:
    """The measures of numbers, with 95 % intervals.

    mae   mean absolute error, in the unit of the number; rmse the root of the mean squared one, which minds what is
          far off
    r2    share of the variance that is explained: 1 is perfect, 0 no better than always answering the mean
    mean  of the training part; adds `mean_baseline`, the mean absolute error of always answering it
    """
    found, (values, targets) = number_scores(predictions), _pairs(predictions)
    errors = values - targets
    low, high = mean_interval(errors**2)
    intervals = {
        "mae": mean_interval(np.abs(errors)),
        "rmse": (low**0.5, high**0.5),
        "r2": _r2_interval(found["r2"], values, targets),
    }
    if mean is not None:
        off = np.abs(targets - mean)
        found["mean_baseline"], intervals["mean_baseline"] = float(off.mean()), mean_interval(off)
    return {
        key: Measure(name=key, value=value, low=min(low, value), high=max(high, value), unit="number")
        for key, value in found.items()
        for low, high in [intervals[key]]
    }


def _r2_interval(value: float, values: NDArray[np.float64], targets: NDArray[np.float64]) -> tuple[float, float]:
    """Resamples in which all samples have one number have no variance to explain: they are left out."""
    drawn = []
    least = SPREAD * float(targets.var())
    for weights in resampled_weights(len(targets), 1):
        total = weights.sum(1)
        means = weights @ targets / total
        spread = weights @ targets**2 / total - means**2
        off = weights @ (values - targets) ** 2 / total
        there = spread > least
        drawn.append(1 - off[there] / spread[there])
    found = np.concatenate(drawn)
    return percentile_interval(value, found) if len(found) else (value, value)


def _pairs(predictions: Predictions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What was said and what is, float64 (N,) each, where that is known."""
    values: NDArray[Any] = predictions.logits[:, 0].astype(np.float64)
    targets: NDArray[Any] = predictions.targets[:, 0].astype(np.float64)
    known = ~np.isnan(targets)
    if not known.any():
        raise DataError("No sample has a number: there is nothing to measure.")
    return values[known], targets[known]
