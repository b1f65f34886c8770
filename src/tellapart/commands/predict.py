"""tellapart predict: things to classify -> the one decoder -> the one path to logits -> answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from tellapart.data.batches import unlabelled
from tellapart.data.items import named, values_of
from tellapart.errors import UnreadableError
from tellapart.evaluation.measures import probabilities
from tellapart.evaluation.predict import BATCH
from tellapart.evaluation.predict import predict as predictions_of
from tellapart.types import DataSpec


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says about one item."""

    id: str
    """Its path, or its number."""
    label: str | None
    """The most probable class; None where the item can't be read."""
    confidence: float | None
    """Probability of that class, in [0, 1]."""
    probabilities: dict[str, float]
    """Of every class, in the model's order; they sum to 1."""
    error: str | None = None
    """What is wrong with the item; None for one that was read."""


def answered(module: nn.Module, spec: DataSpec, items: Sequence[Any]) -> Iterator[Answer]:
    """An answer for each item, in order; memory is bounded by one batch."""
    for start in range(0, len(items), BATCH):
        chosen = items[start : start + BATCH]
        names = [named(item, start + i) for i, item in enumerate(chosen)]
        values = list(values_of(chosen, spec))
        readable = [value for value in values if not isinstance(value, UnreadableError)]
        rows = iter(probabilities(_logits(module, spec, readable)) if readable else ())
        for name, value in zip(names, values, strict=True):
            yield (
                _unread(name, value) if isinstance(value, UnreadableError) else _answer(name, next(rows), spec.classes)
            )


def _logits(module: nn.Module, spec: DataSpec, values: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    batch = unlabelled(np.stack(values))
    return predictions_of(module, [batch], ids=[""] * len(values), classes=spec.classes).logits


def _answer(name: str, row: np.ndarray[Any, Any], classes: tuple[str, ...]) -> Answer:
    best = int(row.argmax())
    shares = dict(zip(classes, row.tolist(), strict=True))
    return Answer(id=name, label=classes[best], confidence=float(row[best]), probabilities=shares)


def _unread(name: str, error: UnreadableError) -> Answer:
    return Answer(id=name, label=None, confidence=None, probabilities={}, error=str(error))
