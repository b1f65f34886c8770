"""tellapart predict: things to classify -> the one decoder -> the one path to logits -> answers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import nn

from tellapart.data.batches import unlabelled
from tellapart.data.cases import cases
from tellapart.data.items import values_of
from tellapart.errors import UnreadableError
from tellapart.evaluation.measures import probabilities
from tellapart.evaluation.predict import BATCH
from tellapart.evaluation.predict import predict as predictions_of
from tellapart.evaluation.tasks import task_answers
from tellapart.types import DataSpec


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says about one item."""

    id: str
    """Its path, or its number."""
    label: str | None
    """The most probable class; None where the item can't be read. Of several tasks, or labels, all of them in words."""
    confidence: float | None
    """Probability of that, in [0, 1]; of several, of all together, were each by itself. None where it is a number."""
    probabilities: dict[str, float]
    """Of every class, in the model's order; those of a task of classes sum to 1, labels are each by itself."""
    error: str | None = None
    """What is wrong with the item; None for one that was read."""
    tasks: dict[str, str | list[str] | float] = field(default_factory=dict)
    """Of each task its class, its labels or its number, where it is not one class out of all."""


def answered(
    module: nn.Module,
    spec: DataSpec,
    items: Sequence[Any],
    thresholds: Sequence[float] = (),
    columns: Mapping[str, Any] | None = None,
) -> Iterator[Answer]:
    """An answer for each item, in order, and for each case of a file that holds several; memory is bounded by one batch
    beside those.

    thresholds  (K,), from which probability on each label is said, where labels are asked for; by default a half
    columns     of tables, those that were named in training
    """
    given = cases(items, spec, columns)
    for start in range(0, len(given), BATCH):
        names = [name for name, _ in given[start : start + BATCH]]
        values = list(values_of([item for _, item in given[start : start + BATCH]], spec))
        readable = [value for value in values if not isinstance(value, UnreadableError)]
        rows = iter(_answers(_logits(module, spec, readable), spec, thresholds) if readable else ())
        for name, value in zip(names, values, strict=True):
            yield _unread(name, value) if isinstance(value, UnreadableError) else replace(next(rows), id=name)


def _logits(module: nn.Module, spec: DataSpec, values: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    batch = unlabelled(values, sequential=spec.sequential)
    return predictions_of(module, [batch], ids=[""] * len(values), classes=spec.classes).logits


def _answers(logits: np.ndarray[Any, Any], spec: DataSpec, thresholds: Sequence[float]) -> Iterator[Answer]:
    """An answer for each row of logits (N, K), without its name."""
    if not spec.tasks:
        for row in probabilities(logits):
            best = int(row.argmax())
            shares = dict(zip(spec.classes, row.tolist(), strict=True))
            yield Answer(id="", label=spec.classes[best], confidence=float(row[best]), probabilities=shares)
        return
    for said in zip(*task_answers(logits, spec, thresholds), strict=True):
        tasks = {task.name: one.value for task, one in zip(spec.tasks, said, strict=True)}
        sure = [one.confidence for one in said]
        yield Answer(
            id="",
            label=", ".join(one.words for one in said),
            confidence=None if None in sure else math.prod(one for one in sure if one is not None),
            probabilities={name: share for one in said for name, share in one.probabilities.items()},
            tasks=tasks,
        )


def _unread(name: str, error: UnreadableError) -> Answer:
    return Answer(id=name, label=None, confidence=None, probabilities={}, error=str(error))
