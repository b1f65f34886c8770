"""Every number about a model's answers, each computed from `Predictions` alone.

A class without a sample in the part that is measured is left out of balanced accuracy and macro-F1: there is nothing
to be right or wrong about. Where two logits are equal the lower class index is the answer, in every measure.
scikit-learn computes the values. Ours are the per-sample losses and ranks, which the intervals and ties need, and the
two class means over 1,000 resampled confusion matrices at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.errors import DataError, TellapartError
from tellapart.evaluation.intervals import (
    Interval,
    mean_interval,
    mean_share_interval,
    percentile_interval,
    resampled,
    wilson,
    within_share,
)
from tellapart.types import Measure, Predictions

METRICS: dict[str, tuple[str, bool]] = {
    "accuracy": ("accuracy", True),
    "balanced-accuracy": ("balanced_accuracy", True),
    "macro-f1": ("macro_f1", True),
    "log-loss": ("log_loss", False),
    "average-precision": ("average_precision", True),
    "r2": ("r2", True),
    "mae": ("mae", False),
    "rmse": ("rmse", False),
    "score": ("score", True),
}
"""The setting's word -> (key of the measure, whether higher is better)."""

TOP = 5
LOGITS_AT_ONCE = 4_000_000
"""Logits turned into float64 at one time."""


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """How one class fared; shares in [0, 1] with 95 % intervals, None where there was nothing to take a share of."""

    name: str
    support: int
    """Samples of this class."""
    predicted: int
    """Samples called this class."""
    precision: float | None
    """Share of those called so that are."""
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    """Share of the class's samples called so."""
    recall_low: float | None
    recall_high: float | None
    f1: float | None
    """Harmonic mean of both; 0 where only one of them is defined."""


def measure(predictions: Predictions, *, majority: int | None = None) -> dict[str, Measure]:
    """The measures by key, with 95 % intervals; shares in [0, 1], log_loss in nats, 0 or more.

    majority   class index most frequent in the training part; adds `majority_baseline`, the accuracy of always
               answering it. None leaves it out.
    """
    matrix, losses = confusion(predictions), sample_losses(predictions)
    values = _scores(predictions, losses)
    intervals = _intervals(values, matrix, losses)
    if majority is not None:
        hits, N = int(matrix[majority].sum()), len(losses)
        values["majority_baseline"], intervals["majority_baseline"] = hits / N, wilson(hits, N)
    return {
        key: Measure(
            name=key,
            value=value,
            low=intervals[key][0],
            high=intervals[key][1],
            unit="nats" if key == "log_loss" else "share",
        )
        for key, value in values.items()
    }


def scores(predictions: Predictions) -> dict[str, float]:
    """The same values without intervals, fast enough for every epoch: 10,000 samples of 10 classes in 5 ms or so."""
    return _scores(predictions, sample_losses(predictions))


def better(metric: str, new: Mapping[str, float], old: Mapping[str, float] | None) -> bool:
    """Whether `new` beats `old` by the metric (a word of METRICS); equal goes to the lower log-loss, then to `old`."""
    if old is None:
        return True
    key, higher = METRICS[metric]
    if new[key] != old[key]:
        return new[key] > old[key] if higher else new[key] < old[key]
    return "log_loss" in new and new["log_loss"] < old["log_loss"]


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """Counts (K, K): row i, column j holds the samples of true class i that were called j."""
    from sklearn.metrics import confusion_matrix

    _refuse_unmeasurable(predictions)
    labels = np.arange(len(predictions.classes))
    counts: NDArray[np.int64] = confusion_matrix(predictions.targets, answers(predictions), labels=labels)
    return counts


def per_class(predictions: Predictions) -> list[ClassRow]:
    """One row a class, in the order of the classes."""
    hits, support, predicted = (counts.tolist() for counts in tallies(confusion(predictions)))
    precision, recall, f1 = (_known(shares) for shares in _shares(predictions))
    return [
        ClassRow(
            name=name,
            support=support[k],
            predicted=predicted[k],
            precision=precision[k],
            precision_low=_bound(hits[k], predicted[k], 0),
            precision_high=_bound(hits[k], predicted[k], 1),
            recall=recall[k],
            recall_low=_bound(hits[k], support[k], 0),
            recall_high=_bound(hits[k], support[k], 1),
            f1=f1[k],
        )
        for k, name in enumerate(predictions.classes)
    ]


def answers(predictions: Predictions) -> NDArray[np.int64]:
    """Class index (N,) with the highest logit; of equal ones the lowest index."""
    highest: NDArray[np.int64] = predictions.logits.argmax(axis=1)
    return highest


def probabilities(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Softmax (N, K) in float64; each row sums to 1, whatever the size of the logits."""
    shares = logits.astype(np.float64)
    shares -= shares.max(axis=1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def sample_losses(predictions: Predictions) -> NDArray[np.float64]:
    """Minus the log of the true class's probability (N,), in nats, 0 or more; finite even where softmax rounds to 0."""
    _refuse_unmeasurable(predictions)
    N, K = predictions.logits.shape
    losses = np.empty(N)
    step = max(1, LOGITS_AT_ONCE // K)
    for part in (slice(start, start + step) for start in range(0, N, step)):
        logits = predictions.logits[part].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        own = logits[np.arange(len(logits)), predictions.targets[part]]
        losses[part] = np.log(np.exp(logits, out=logits).sum(axis=1)) - own
    return losses


def tallies(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(hits, support, predicted) of a confusion matrix, each (K,)."""
    return matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)


def balanced_accuracy(hits: NDArray[Any], support: NDArray[Any]) -> NDArray[np.float64]:
    """Mean recall over the classes that have samples, in [0, 1]; (..., K) gives (...)."""
    return _mean_where(support > 0, hits / np.maximum(support, 1))


def macro_f1(hits: NDArray[Any], support: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.float64]:
    """Mean F1 over the classes that have samples, in [0, 1]; (..., K) gives (...)."""
    return _mean_where(support > 0, 2 * hits / np.maximum(support + predicted, 1))


def _shares(predictions: Predictions) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(precision, recall, F1) of each class, each (K,); NaN where there is nothing to take a share of."""
    from sklearn.metrics import precision_recall_fscore_support

    labels = np.arange(len(predictions.classes))
    found = precision_recall_fscore_support(
        predictions.targets, answers(predictions), labels=labels, zero_division=np.nan
    )
    return found[0], found[1], found[2]


def _scores(predictions: Predictions, losses: NDArray[np.float64]) -> dict[str, float]:
    from sklearn.metrics import accuracy_score

    _, recall, f1 = _shares(predictions)
    there = ~np.isnan(recall)
    values = {
        "accuracy": float(accuracy_score(predictions.targets, answers(predictions))),
        "balanced_accuracy": float(recall[there].mean()),
        "macro_f1": float(f1[there].mean()),
        "log_loss": float(losses.mean()),
    }
    if len(predictions.classes) > TOP:
        values["top_5_accuracy"] = int((_ranks(predictions) < TOP).sum()) / len(losses)
    return values


def _intervals(values: dict[str, float], matrix: NDArray[np.int64], losses: NDArray[np.float64]) -> dict[str, Interval]:
    N = len(losses)
    intervals = {
        "accuracy": wilson(int(matrix.trace()), N),
        "log_loss": mean_interval(losses),
        **_class_mean_intervals(values["balanced_accuracy"], values["macro_f1"], matrix),
    }
    if "top_5_accuracy" in values:
        intervals["top_5_accuracy"] = wilson(round(values["top_5_accuracy"] * N), N)
    return intervals


def _class_mean_intervals(balanced: float, f1: float, matrix: NDArray[np.int64]) -> dict[str, Interval]:
    """Intervals of the two measures where each class counts the same.

    The bootstrap is blind to a class that was always right, or always wrong: a small one makes it far too sure
    (three classes of 115, 29 and 6 samples: it held the truth 73 times in 100). So balanced accuracy takes the hull of
    the bootstrap and of the Wilson limits of each recall; and where every answer is right, or every one wrong,
    macro-F1 takes that too.
    """
    tally = tallies(matrix)
    hits, support, predicted = resampled(matrix)
    low, high = percentile_interval(balanced, balanced_accuracy(hits, support))
    known_low, known_high = mean_share_interval(tally[0].tolist(), tally[1].tolist())
    hull = within_share(balanced, (min(low, known_low), max(high, known_high)))
    if matrix.trace() in (0, matrix.sum()):
        return {"balanced_accuracy": hull, "macro_f1": within_share(f1, hull)}
    drawn = percentile_interval(f1, macro_f1(hits, support, predicted))
    return {"balanced_accuracy": hull, "macro_f1": within_share(f1, drawn)}


def _ranks(predictions: Predictions) -> NDArray[np.int64]:
    """Classes (N,) that come before the true one; of equal logits the lower index comes first."""
    logits, targets = predictions.logits, predictions.targets[:, None]
    own = np.take_along_axis(logits, targets, axis=1)
    before = (logits > own) | ((logits == own) & (np.arange(logits.shape[1]) < targets))
    ranks: NDArray[np.int64] = before.sum(axis=1)
    return ranks


def _known(shares: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(share) else float(share) for share in shares]


def _bound(hits: int, of: int, side: int) -> float | None:
    """The lower (0) or upper (1) limit of a share."""
    return wilson(hits, of)[side] if of else None


def _mean_where(there: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.where(there, values, 0).sum(axis=-1) / there.sum(axis=-1)
    return mean


def _refuse_unmeasurable(predictions: Predictions) -> None:
    """Raise DataError where no honest number can come out."""
    if len(predictions.targets) == 0:
        raise DataError("No samples: nothing to measure. Give a part that holds some.")
    unknown = int((predictions.targets < 0).sum())
    if unknown:
        raise DataError(
            f"{unknown:,} of {len(predictions.targets):,} samples have no known class (target -1). "
            "Give them labels, or leave them out before measuring."
        )
    finite = np.isfinite(predictions.logits).all(axis=1)
    if not finite.all():
        raise TellapartError(
            f"{int((~finite).sum()):,} of {len(finite):,} samples got logits that are not finite, first "
            f"{predictions.ids[int(finite.argmin())]!r}: training diverged. Try a lower --lr."
        )
