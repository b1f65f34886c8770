"""How well several labels of a sample are found: each by itself, at a threshold of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation.intervals import (
    Interval,
    mean_interval,
    percentile_interval,
    resampled_weights,
    wilson,
    within_share,
)
from tellapart.types import Measure, Predictions

USUAL = 0.5
"""Threshold where nothing says a better one."""
FEWEST = 5
"""Samples with a label, and without it, below which no threshold is chosen by them: it would follow chance."""

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """How one label fared; shares in [0, 1], None where there was nothing to take a share of."""

    name: str
    support: int
    """Samples that have it."""
    predicted: int
    """Samples that were said to have it."""
    threshold: float
    """Probability from which on it is said."""
    average_precision: float | None
    """Mean precision over the samples that have it, each at its own probability as the threshold."""
    precision: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    f1: float | None


def label_probabilities(logits: Array) -> NDArray[np.float64]:
    """The sigmoid of each logit, float64 (N, K)."""
    from scipy.special import expit

    shares: NDArray[np.float64] = expit(logits.astype(np.float64))
    return shares


def best_thresholds(predictions: Predictions) -> tuple[float, ...]:
    """For each label the probability (K,) from which on saying it gives the best F1 on these predictions, those of val.

    Of equals the nearest to a half, between two probabilities that occur; a half where there are too few samples.
    """
    from sklearn.metrics import precision_recall_curve

    shares, found = label_probabilities(predictions.logits), []
    for k in range(len(predictions.classes)):
        true, probability = _known(predictions.targets[:, k], shares[:, k])
        if min(true.sum(), (~true).sum()) < FEWEST:
            found.append(USUAL)
            continue
        precision, recall, limits = precision_recall_curve(true, probability)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        between = (limits + np.concatenate([[0.0], limits[:-1]])) / 2
        best = np.flatnonzero(f1[:-1] >= f1[:-1].max() - 1e-12)
        found.append(float(between[best[np.abs(between[best] - USUAL).argmin()]]))
    return tuple(found)


def label_scores(predictions: Predictions, thresholds: Sequence[float] | None = None) -> dict[str, float]:
    """The values of the measures by key: see `measure_labels`."""
    rows, said, true, known = _answers(predictions, thresholds)
    precisions = [row.average_precision for row in rows if row.average_precision is not None]
    f1 = [row.f1 for row in rows if row.f1 is not None]
    hits, wrong = (said & true & known).sum(), ((said != true) & known).sum()
    return {
        "average_precision": float(np.mean(precisions)) if precisions else 0.0,
        "macro_f1": float(np.mean(f1)) if f1 else 0.0,
        "micro_f1": float(2 * hits / max(2 * hits + wrong, 1)),
        "exact_match": float(_exact(said, true, known).mean()),
        "log_loss": float(_losses(predictions).mean()),
    }


def measure_labels(predictions: Predictions, thresholds: Sequence[float] | None = None) -> dict[str, Measure]:
    """The measures of several labels, with 95 % intervals.

    average_precision  mean over the labels of the area under precision over recall: how well each ranks
    macro_f1           mean F1 over the labels at their thresholds; micro_f1 that of all answers together
    exact_match        share of the samples of which every label is right
    log_loss           mean over samples of the mean over labels, in nats
    Labels that no sample has are left out of the means. Values are scikit-learn's; ours are their intervals, by
    resampling the samples.
    """
    values = label_scores(predictions, thresholds)
    _, said, true, known = _answers(predictions, thresholds)
    exact = _exact(said, true, known)
    intervals: dict[str, Interval] = {
        "exact_match": wilson(int(exact.sum()), len(exact)),
        "log_loss": mean_interval(_losses(predictions)),
    }
    for key, drawn in _resampled(predictions, said, true, known).items():
        intervals[key] = within_share(values[key], percentile_interval(values[key], drawn))
    return {
        key: Measure(name=key, value=value, low=low, high=high, unit="nats" if key == "log_loss" else "share")
        for key, value in values.items()
        for low, high in [intervals[key]]
    }


def per_label(predictions: Predictions, thresholds: Sequence[float] | None = None) -> list[LabelRow]:
    """One row a label, in their order."""
    return _answers(predictions, thresholds)[0]


def _answers(
    predictions: Predictions, thresholds: Sequence[float] | None
) -> tuple[list[LabelRow], Array, Array, Array]:
    """Rows; what was said, what is true and what is known of that, bool (N, K) each."""
    shares = label_probabilities(predictions.logits)
    limits = np.full(shares.shape[1], USUAL) if thresholds is None else np.asarray(thresholds)
    known = ~np.isnan(predictions.targets)
    true, said = (predictions.targets > 0.5) & known, shares >= limits
    rows = [
        _row(name, float(limits[k]), true[known[:, k], k], said[known[:, k], k], shares[known[:, k], k])
        for k, name in enumerate(predictions.classes)
    ]
    return rows, said, true, known


def _row(name: str, threshold: float, true: Array, said: Array, shares: Array) -> LabelRow:
    from sklearn.metrics import average_precision_score

    support, predicted, hits = int(true.sum()), int(said.sum()), int((true & said).sum())
    low, high = wilson(hits, support) if support else (None, None)
    return LabelRow(
        name=name,
        support=support,
        predicted=predicted,
        threshold=threshold,
        average_precision=float(average_precision_score(true, shares)) if support else None,
        precision=hits / predicted if predicted else None,
        recall=hits / support if support else None,
        recall_low=low,
        recall_high=high,
        f1=2 * hits / (support + predicted) if support else None,
    )


def _exact(said: Array, true: Array, known: Array) -> Array:
    right: Array = ((said == true) | ~known).all(axis=1)
    return right


def _losses(predictions: Predictions) -> NDArray[np.float64]:
    """Mean over the known labels of -log of the probability of what is, float64 (N,)."""
    logits, targets = predictions.logits.astype(np.float64), predictions.targets
    known = ~np.isnan(targets)
    each = np.logaddexp(0, np.where(targets > 0.5, -logits, logits))
    losses: NDArray[np.float64] = np.where(known, each, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return losses


def _resampled(predictions: Predictions, said: Array, true: Array, known: Array) -> dict[str, NDArray[np.float64]]:
    """Average precision, macro-F1 and micro-F1 of each resample of the samples, (R,) each."""
    N, K = said.shape
    each: dict[str, list[NDArray[np.float64]]] = {"average_precision": [], "macro_f1": [], "micro_f1": []}
    for weights in resampled_weights(N, K):
        hits, support, predicted = (weights @ table for table in (said & true & known, true, said & known))
        there = support > 0
        f1 = np.where(there, 2 * hits / np.maximum(support + predicted, 1), 0)
        each["macro_f1"].append(f1.sum(1) / np.maximum(there.sum(1), 1))
        each["micro_f1"].append(2 * hits.sum(1) / np.maximum((support + predicted).sum(1), 1))
        each["average_precision"].append(_average_precisions(weights, predictions.logits, true, known))
    return {key: np.concatenate(parts) for key, parts in each.items()}


def _average_precisions(weights: Array, logits: Array, true: Array, known: Array) -> NDArray[np.float64]:
    """Mean average precision of each resample (R,), by the weight (R, N) that each sample has in it."""
    total, labels = np.zeros(len(weights)), np.zeros(len(weights))
    for k in range(true.shape[1]):
        rows = np.argsort(-logits[:, k], kind="stable")
        rows = rows[known[rows, k]]
        drawn, right = weights[:, rows], true[rows, k]
        hits = np.cumsum(drawn * right, axis=1)
        precision = hits / np.maximum(np.cumsum(drawn, axis=1), 1)
        support = hits[:, -1] if len(rows) else np.zeros(len(weights))
        total += (precision * drawn * right).sum(1) / np.maximum(support, 1)
        labels += support > 0
    return total / np.maximum(labels, 1)


def _known(targets: Array, shares: Array) -> tuple[Array, Array]:
    there = ~np.isnan(targets)
    return targets[there] > 0.5, shares[there]
