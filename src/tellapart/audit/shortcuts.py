"""What tells classes apart without a look at the subject: size, format, border, channels or mean brightness."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from tellapart.data.folds import folds_of
from tellapart.data.units import units_of
from tellapart.types import Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

Array = np.ndarray[Any, Any]

FOLDS, DEPTH = 4, 3
"""Parts of the cross-validation, and questions in a row that its tree may ask: no more than a person could see."""
LEAST_OF_A_CLASS = 8
"""Samples of a class below which it has no say: two in each fold."""
SKILL = 0.5
"""Share of the way from chance to always right, in balanced accuracy, from which on it is told."""
MOST = 20_000
"""Samples that are looked at, drawn by their content."""
CONSTANT = 4.0
"""Standard deviation of the border's pixels, of 255, up to which a border is of one colour."""
FRAMED = 0.5
"""Share of pictures whose border is of one colour, from which on borders are looked at."""


def shortcuts(survey: Survey) -> list[Issue]:
    """An issue for each property beside the subject that predicts the class far better than chance.

    A decision tree of three questions is cross-validated on each property alone: a picture is judged by a tree that has
    seen neither it nor a copy of it. A network would learn such a property in place of the subject.
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier

    rows = _rows(survey)
    labels = np.array(survey.labels)[rows]
    classes = len(set(labels.tolist()))
    if classes < 2:
        return []
    units = units_of([survey.entries[row] for row in rows])
    folds = np.array([fold or 0 for fold in folds_of(units, labels.tolist(), FOLDS)])  # a class of one unit is in one
    found = []
    for name, values in _properties(survey, rows).items():
        if (values == values[0]).all():
            continue
        said = np.empty_like(labels)
        for fold in range(FOLDS):
            tree = DecisionTreeClassifier(max_depth=DEPTH, class_weight="balanced", random_state=0)
            judged = folds == fold
            if judged.any():
                said[judged] = tree.fit(values[~judged], labels[~judged]).predict(values[judged])
        right = float(balanced_accuracy_score(labels, said))
        if (right - 1 / classes) / (1 - 1 / classes) >= SKILL:
            found.append(_issue(survey.name, name, right, classes))
    return found


def _rows(survey: Survey) -> Array:
    """The samples to look at, in an order that is theirs alone."""
    counts = Counter(survey.labels)
    entries = survey.entries
    rows = [row for row, entry in enumerate(entries) if counts[entry.label] >= LEAST_OF_A_CLASS]
    return np.array(sorted(rows, key=lambda row: (entries[row].digest, entries[row].id))[:MOST], dtype=np.int64)


def _properties(survey: Survey, rows: Array) -> dict[str, Array]:
    """Each property by what it is called, float64 (N, F)."""
    assert survey.thumbnails is not None
    entries, pixels = [survey.entries[row] for row in rows], survey.thumbnails[rows]
    shapes = np.array([entry.shape for entry in entries], dtype=np.float64)
    suffixes = [PurePosixPath(entry.id).suffix.lower() for entry in entries]
    known = sorted(set(suffixes))
    found = {
        "the size": shapes[:, :2],
        "the aspect": shapes[:, 1:2] / shapes[:, :1],
        "the number of channels": shapes[:, 2:],
        "the file format": np.array([[suffix == other for other in known] for suffix in suffixes], dtype=np.float64),
        "the mean brightness": pixels.mean(axis=(1, 2, 3))[:, None],
    }
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1).astype(np.float32)
    plain = border.std(axis=1).max(axis=1) <= CONSTANT
    if plain.mean() >= FRAMED:
        found["the colour of the border"] = np.where(plain[:, None], border.mean(axis=1), -1.0)
    return found


def _issue(path: str, name: str, right: float, classes: int) -> Issue:
    detail = f"{name} alone tells the class right {right:.0%} of the time, each class counted the same; "
    suggestion = "Make the classes alike in it, or expect the model to fail where they are."
    return Issue(path=path, kind="shortcut", detail=f"{detail}chance is {1 / classes:.0%}", suggestion=suggestion)
