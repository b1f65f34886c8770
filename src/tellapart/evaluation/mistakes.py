"""The wrong answers that are worth a look: which samples they are of, what was said, and what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation.measures import answers, probabilities
from tellapart.evaluation.multilabel import USUAL, label_probabilities
from tellapart.names import listed
from tellapart.types import Predictions

MISTAKES_SHOWN = 24
"""Of one class out of all."""
SHOWN_OF_TASK = 12
"""Of each of several tasks."""
WRONG_LABELS_SHOWN = 3
"""Of one sample."""
NONE = "none of them"
"""The truth of a sample that has no label."""

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus."""

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A thing that an answer has wrong."""

    what: str
    """The class, label or number."""
    more: str = ""
    """How sure the answer was of it, or how far off: `98.7 %`, `+0.31`."""
    missed: bool = False
    """Whether it is a label that should have been said."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong answer."""

    id: str
    true: str
    wrong: Sequence[Wrong]
    """The worst first."""
    further: int = 0
    """Wrong labels beside those."""
    picture: bytes | None = None
    """PNG; None where there is nothing to see."""
    words: str = ""
    """How a text begins."""

    @property
    def told(self) -> str:
        """In a sentence: `was called “dog”`, `was called “dog” and not “cat”`."""
        said = [each.what for each in self.wrong if not each.missed]
        missed = [each.what for each in self.wrong if each.missed]
        called = [f"called “{listed(said)}”"] if said else []
        return "was " + " and ".join([*called, *([f"not called “{listed(missed)}”"] if missed else [])])


def surest_classes(predictions: Predictions, most: int = MISTAKES_SHOWN) -> list[tuple[int, Mistake]]:
    """Row and mistake of the wrong classes that were said with the most confidence, that first."""
    given, shares = answers(predictions), probabilities(predictions.logits)
    confidence = shares[np.arange(len(given)), given]
    wrong = np.flatnonzero(given != predictions.targets)
    first = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    return [
        (
            row,
            Mistake(
                id=predictions.ids[row],
                true=predictions.classes[predictions.targets[row]],
                wrong=(Wrong(what=predictions.classes[given[row]], more=_share(confidence[row])),),
            ),
        )
        for row in first.tolist()
    ]


def most_wrong_labels(
    predictions: Predictions, limits: Sequence[float] | None, most: int = SHOWN_OF_TASK
) -> list[tuple[int, Mistake]]:
    """Row and mistake of the samples with the most wrong labels; of equals that of the surest wrong one first.

    limits  from which probability on a label is said (K,); None is a half
    """
    shares = label_probabilities(predictions.logits)
    known, true = ~np.isnan(predictions.targets), predictions.targets > 0.5
    said = shares >= (USUAL if limits is None else np.asarray(limits))
    wrong = (said != true) & known
    sure = np.where(wrong, np.where(said, shares, 1 - shares), 0)
    order = np.lexsort((-sure.max(axis=1), -wrong.sum(axis=1)))
    first = [row for row in order[:most].tolist() if wrong[row].any()]
    return [(row, _labels(predictions, row, shares[row], said[row], true[row], sure[row])) for row in first]


def furthest_numbers(predictions: Predictions, most: int = SHOWN_OF_TASK) -> list[tuple[int, Mistake]]:
    """Row and mistake of the numbers that are furthest off, that first; what is right to the digit is none."""
    values, targets = (each[:, 0].astype(np.float64) for each in (predictions.logits, predictions.targets))
    off = values - targets
    first = [row for row in np.argsort(-np.abs(off), kind="stable")[:most].tolist() if off[row]]
    return [
        (
            row,
            Mistake(
                id=predictions.ids[row],
                true=f"{targets[row]:.4g}",
                wrong=(
                    Wrong(
                        what=f"{values[row]:.4g}",
                        more=f"{off[row]:+.3g}".replace("-", MINUS),
                    ),
                ),
            ),
        )
        for row in first
    ]


def worst(kind: str, predictions: Predictions, limits: Sequence[float] | None) -> list[tuple[int, Mistake]]:
    """Row and mistake of the worst answers to a task of that kind, the worst first."""
    if kind == "labels":
        return most_wrong_labels(predictions, limits)
    return surest_classes(predictions, SHOWN_OF_TASK) if kind == "class" else furthest_numbers(predictions)


def _labels(predictions: Predictions, row: int, shares: Array, said: Array, true: Array, sure: Array) -> Mistake:
    """What is wrong with the labels of a sample, the surest first; K values of each."""
    names, places = predictions.classes, [k for k in np.argsort(-sure, kind="stable").tolist() if sure[k] > 0]
    return Mistake(
        id=predictions.ids[row],
        true=listed([name for name, has in zip(names, true.tolist(), strict=True) if has], most=6) or NONE,
        wrong=[Wrong(what=names[k], more=_share(shares[k]), missed=not said[k]) for k in places[:WRONG_LABELS_SHOWN]],
        further=max(0, len(places) - WRONG_LABELS_SHOWN),
    )


def _share(value: float) -> str:
    return f"{100 * value:.1f}\N{NO-BREAK SPACE}%"
