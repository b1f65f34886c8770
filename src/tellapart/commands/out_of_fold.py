"""Answers about every sample from models that never saw it: a quick network for many pictures, a linear model for few,
and of sequences a linear head on fixed features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tellapart.audit.gradients import features
from tellapart.audit.labels import OutOfFold
from tellapart.audit.survey import Survey
from tellapart.commands.fixed_features import MODELS, WORDS, taken
from tellapart.commands.instant import fit_at_once
from tellapart.commands.learn import ends
from tellapart.commands.learner import new_learner
from tellapart.commands.settling import fitted_at_once
from tellapart.commands.watch import Silence, Watch
from tellapart.config import RunConfig
from tellapart.data.batches import in_order
from tellapart.data.folds import folds_of
from tellapart.data.resident import load
from tellapart.data.source import Source
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.sequences import SequenceSource
from tellapart.data.units import units_of
from tellapart.evaluation.measures import probabilities
from tellapart.evaluation.predict import BATCH, predict
from tellapart.types import Kind, Part
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
LEARNED = 3000
"""Sequences that a head is fitted to at most: fitting takes the third power of their number."""
Answerer = Callable[[Array, Array, Array], Array]
"""Samples, their classes (N,) and those that are asked about (A, ...) -> probabilities (A, K)."""


def out_of_fold(survey: Survey, watch: Watch | None = None, source: Source | None = None) -> OutOfFold | None:
    """What models that never saw it say about each sample; None where fewer than two classes are large enough.

    source  of the survey, whose sequences are read once more; of other kinds it is not needed
    Samples of one content or group are left out together, and each class is spread over all folds; the order of the
    samples has no say in it. DataError where sequences don't fit into memory, or can't be told apart at all.
    """
    watch, rows = watch or Silence(), _rows(survey)
    labels = np.array(survey.labels)[rows]
    classes = [name for name in survey.classes if name in set(labels.tolist())]
    if len(classes) < 2:
        return None
    given = np.array([classes.index(label) for label in labels], dtype=np.int64)
    units = units_of([survey.entries[row] for row in rows])
    folds = np.array([fold or 0 for fold in folds_of(units, labels.tolist(), FOLDS)])  # a class of one unit is in one
    values, answer, model = _way(survey, rows, source)
    found = np.zeros((len(rows), len(classes)))
    for fold in sorted(set(folds.tolist())):
        out = folds == fold
        if (np.bincount(given[~out], minlength=len(classes)) == 0).any():
            return None
        watch.say(f"labels: part {fold + 1} of {FOLDS}, {out.sum():,} samples are left out of training")
        found[out] = answer(values[~out], given[~out], values[out])
    return OutOfFold(rows=rows, probabilities=found, given=given, classes=tuple(classes), model=model)


def _rows(survey: Survey) -> Array:
    """The samples of classes that are large enough, in an order that is theirs alone."""
    counts, entries = Counter(survey.labels), survey.entries
    lengths = [look.length for look in survey.looks] or [1] * len(entries)
    rows = [row for row, entry in enumerate(entries) if counts[entry.label] >= LEAST_OF_A_CLASS and lengths[row]]
    return np.array(sorted(rows, key=lambda row: (entries[row].digest, entries[row].id)), dtype=np.int64)


def _way(survey: Survey, rows: Array, source: Source | None) -> tuple[Array, Answerer, str]:
    """What is learned from: thumbnails, numbers or sequences; what learns; and its name in words."""
    if survey.looks and source is not None:
        kind, values = taken(source, [survey.entries[row] for row in rows])
        return values, partial(_of_sequences, kind), WORDS[kind]
    if survey.thumbnails is None:
        assert survey.vectors is not None
        return survey.vectors[rows], _of_linear, "logistic regression"
    pictures = survey.thumbnails[rows]
    if len(rows) >= ENOUGH:
        return pictures, _of_network, "a small convolutional network"
    return features(pictures), _of_linear, "logistic regression"


def _of_network(values: Array, given: Array, asked: Array) -> Array:
    """Probabilities (A, K) of the pictures asked about, by the project's own training on the others."""
    labels, parts = _placed(given, asked)
    source = ArraySource("check", np.concatenate([values, asked]), labels, parts=parts)
    return _trained(source, {**QUICK, "test_share": 0.0})


def _of_sequences(kind: Kind, values: Array, given: Array, asked: Array) -> Array:
    """The same of sequences, by a head that is fitted at once to some thousands of the others."""
    share = min(1.0, LEARNED / len(given))
    chosen = np.concatenate(  # in the order of contents, so as good as drawn
        [places[: max(LEAST_OF_A_CLASS, int(share * len(places)))] for places in map(np.flatnonzero, _each(given))]
    )
    values, given = values[chosen], given[chosen]
    labels, parts = _placed(given, asked)
    source = SequenceSource("check", kind, [*values, *asked], labels, parts=parts)
    settings = {"model": MODELS[kind], "val_share": 0.0, "test_share": 0.0, "seed": 0}
    return _trained(source, settings | ({"tokens": "bytes"} if kind == "text" else {}))


def _each(given: Array) -> list[Array]:
    """Of each class which samples are of it."""
    return [given == k for k in range(int(given.max()) + 1)]


def _placed(given: Array, asked: Array) -> tuple[list[str], list[Part]]:
    """Labels and parts of those that are learned from, and of those that are asked about."""
    parts: list[Part] = [*(TRAIN for _ in given), *(TEST for _ in asked)]
    return [f"{k:06d}" for k in [*given.tolist(), *[0] * len(asked)]], parts


def _trained(source: Source, settings: dict[str, Any]) -> Array:
    """Probabilities of the test part, by the project's own training on the other one."""
    config = RunConfig.of("check", settings)
    loaded = load(source, config.load)
    learner = new_learner(config, loaded, join_world(config.train))
    if fitted_at_once(learner.config, loaded):
        fit_at_once(learner)
    else:
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
