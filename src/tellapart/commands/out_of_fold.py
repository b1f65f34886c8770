"""Answers about every sample from models that never saw it: a quick network for many, a linear model for few."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tellapart.audit.gradients import features
from tellapart.audit.labels import OutOfFold
from tellapart.audit.survey import Survey
from tellapart.commands.learn import ends
from tellapart.commands.learner import new_learner
from tellapart.commands.watch import Silence, Watch
from tellapart.config import RunConfig
from tellapart.data.batches import in_order
from tellapart.data.folds import folds_of
from tellapart.data.resident import load
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.units import units_of
from tellapart.evaluation.measures import probabilities
from tellapart.evaluation.predict import BATCH, predict
from tellapart.types import Part
from tellapart.world import join_world

Array = np.ndarray[Any, Any]

TRAIN: Part = "train"
TEST: Part = "test"
FOLDS = 4
"""Each sample is left out once: a model learns from three quarters of the others."""
ENOUGH = 2000
"""Pictures from which on a network is trained; a linear model of fewer is better, and takes a second."""
LEAST_OF_A_CLASS = 12
"""Samples below which nothing is said about a class: nine to learn from."""
STEPS = 600
"""Of the network's training in each fold: 3 passes over 100,000 pictures, more over fewer."""
QUICK = {
    "model": "whitened-cnn", "widths": (32, 64), "stride": 2, "optimiser": "muon", "schedule": "linear",
    "label_smoothing": 0.1, "batch": "auto", "crop_padding": 1, "steps": STEPS, "val_share": 0.0, "seed": 0,
}  # fmt: skip
"""The recipe `mnist-fast`, for so many steps."""


def out_of_fold(survey: Survey, watch: Watch | None = None) -> OutOfFold | None:
    """What models that never saw it say about each sample; None where fewer than two classes are large enough.

    Samples of one content or group are left out together, and each class is spread over all folds; the order of the
    samples has no say in it.
    """
    watch, rows = watch or Silence(), _rows(survey)
    labels = np.array(survey.labels)[rows]
    classes = [name for name in survey.classes if name in set(labels.tolist())]
    if len(classes) < 2:
        return None
    given = np.array([classes.index(label) for label in labels], dtype=np.int64)
    units = units_of([survey.entries[row] for row in rows])
    folds = np.array([fold or 0 for fold in folds_of(units, labels.tolist(), FOLDS)])  # a class of one unit is in one
    network = survey.thumbnails is not None and len(rows) >= ENOUGH
    values = _values(survey, rows, network)
    found = np.zeros((len(rows), len(classes)))
    for fold in sorted(set(folds.tolist())):
        out = folds == fold
        if (np.bincount(given[~out], minlength=len(classes)) == 0).any():
            return None
        watch.say(f"labels: part {fold + 1} of {FOLDS}, {out.sum():,} samples are left out of training")
        answer = _of_network if network else _of_linear
        found[out] = answer(values[~out], given[~out], values[out])
    model = "a small convolutional network" if network else "logistic regression"
    return OutOfFold(rows=rows, probabilities=found, given=given, classes=tuple(classes), model=model)


def _rows(survey: Survey) -> Array:
    """The samples of classes that are large enough, in an order that is theirs alone."""
    counts, entries = Counter(survey.labels), survey.entries
    rows = [row for row, entry in enumerate(entries) if counts[entry.label] >= LEAST_OF_A_CLASS]
    return np.array(sorted(rows, key=lambda row: (entries[row].digest, entries[row].id)), dtype=np.int64)


def _values(survey: Survey, rows: Array, network: bool) -> Array:
    """What is learned from: thumbnails for the network, numbers for the linear model."""
    if survey.thumbnails is None:
        assert survey.vectors is not None
        return survey.vectors[rows]
    pictures = survey.thumbnails[rows]
    return pictures if network else features(pictures)


def _of_network(values: Array, given: Array, asked: Array) -> Array:
    """Probabilities (A, K) of the pictures asked about, by the project's own training on the others."""
    config = RunConfig.of("check", {**QUICK, "test_share": 0.0})
    parts: list[Part] = [*(TRAIN for _ in given), *(TEST for _ in asked)]
    labels = [f"{k:06d}" for k in [*given.tolist(), *[0] * len(asked)]]
    loaded = load(ArraySource("check", np.concatenate([values, asked]), labels, parts=parts), config.load)
    learner = new_learner(config, loaded, join_world(config.train))
    for _ in ends(learner, Silence(), lambda _: False):
        pass
    part = loaded.parts["test"]
    answers = predict(learner.state.judged.to("cpu"), in_order(part, BATCH), part.ids, loaded.spec.classes)
    return probabilities(answers.logits)


def _of_linear(values: Array, given: Array, asked: Array) -> Array:
    """The same by logistic regression on standardised numbers."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = values.mean(axis=0), values.std(axis=0)
    scale = np.where(spread > 0, spread, 1) * np.sqrt(values.shape[1])
    model = LogisticRegression(C=10.0, max_iter=500).fit((values - mean) / scale, given)
    shares: Array = model.predict_proba((asked - mean) / scale)
    return shares
