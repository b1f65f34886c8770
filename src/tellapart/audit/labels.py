"""Labels that are likely wrong: what a model says that never saw the sample, against the label it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tellapart.types import Issue

Array = np.ndarray[Any, Any]

TRUSTED = 0.75
"""Share of the labels that a model has to agree with before its doubts are told: few sets have a label in ten wrong, so
below it most of the doubts are the model's own mistakes."""


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """What models that never saw a sample, nor a copy of it, say about each."""

    rows: Array
    """int64 (M,), which samples of the survey; those of classes too small to be left out of are not among them."""
    probabilities: Array
    """float64 (M, K), each row sums to 1."""
    given: Array
    """int64 (M,), class index of the label."""
    classes: tuple[str, ...]
    """(K,)."""
    model: str
    """What said so, in words."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A label that is likely wrong."""

    row: int
    """Of the survey."""
    given: str
    proposed: str
    given_share: float
    """Probability of the given label, in [0, 1]."""
    proposed_share: float


def margins(probabilities: Array, given: Array) -> Array:
    """Probability of the given label less that of the likeliest other, float64 (M,); the lowest is the worst."""
    own = probabilities[np.arange(len(given)), given]
    others = probabilities.copy()
    others[np.arange(len(given)), given] = -1
    gaps: Array = own - others.max(axis=1)
    return gaps


def off_diagonal(probabilities: Array, given: Array) -> Array:
    """The class that each sample likely is where that is not the given one, int64 (M,); -1 where the label stands.

    A class counts as likely where its probability reaches the mean that it has among samples labelled so; of several
    the most probable is taken. These are the samples off the diagonal of the confident joint.
    Source: Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", section 3.1
    (arXiv:1911.00068).
    """
    classes = probabilities.shape[1]
    usual = np.array([probabilities[given == k, k].mean() if (given == k).any() else np.inf for k in range(classes)])
    confident = np.where(probabilities >= usual - 1e-9, probabilities, -1)
    likely = confident.argmax(axis=1)
    wrong: Array = np.where((confident.max(axis=1) >= 0) & (likely != given), likely, -1)
    return wrong


def doubts(found: OutOfFold) -> list[Doubt]:
    """The labels that are likely wrong, the most suspicious first; none from a model that is wrong too often itself."""
    if agreed(found) < TRUSTED:
        return []
    likely, gaps = off_diagonal(found.probabilities, found.given), margins(found.probabilities, found.given)
    rows = np.flatnonzero((likely >= 0) & (gaps < 0))
    rows = rows[np.lexsort((found.rows[rows], gaps[rows]))]
    return [
        Doubt(
            row=int(found.rows[row]),
            given=found.classes[found.given[row]],
            proposed=found.classes[likely[row]],
            given_share=float(found.probabilities[row, found.given[row]]),
            proposed_share=float(found.probabilities[row, likely[row]]),
        )
        for row in rows.tolist()
    ]


def label_issue(path: str, doubt: Doubt) -> Issue:
    """What is written of a doubt."""
    return Issue(
        path=path,
        kind="label",
        detail=f"labelled {doubt.given!r} ({doubt.given_share:.1%}), looks like {doubt.proposed!r} "
        f"({doubt.proposed_share:.1%}) to a model that never saw it",
        suggestion="Look at it; move it where the label is wrong.",
    )


def agreement(found: OutOfFold | None) -> str:
    """A sentence: how labels were looked at, and how far the model is to be trusted."""
    if found is None:
        return "Labels were not looked at: too few classes have enough different samples to leave some out."
    right = agreed(found)
    means = "The less it agrees, the less its doubts mean."
    if right < TRUSTED:
        means = "That is too few for its doubts to mean anything, so none is told."
    return (
        f"Labels were held against {found.model} that never saw the sample; it agrees with {right:.1%} of them. {means}"
    )


def agreed(found: OutOfFold) -> float:
    """Share of the labels that the models agree with, in [0, 1]."""
    return float((found.probabilities.argmax(axis=1) == found.given).mean())
