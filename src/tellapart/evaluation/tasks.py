"""Predictions and measures where several things are asked, or something else than one class out of all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.config import Metric
from tellapart.errors import SettingError
from tellapart.evaluation.measures import METRICS, measure, probabilities, scores
from tellapart.evaluation.multilabel import USUAL, best_thresholds, label_probabilities, label_scores, measure_labels
from tellapart.evaluation.numbers import measure_numbers, number_scores
from tellapart.names import listed
from tellapart.types import DataSpec, Measure, Predictions, Task

Array = NDArray[Any]

FITTING: dict[str, tuple[Metric, ...]] = {
    "class": ("accuracy", "balanced-accuracy", "macro-f1", "log-loss"),
    "labels": ("average-precision", "macro-f1", "log-loss"),
    "number": ("r2", "mae", "rmse"),
    "several": ("score",),
}
"""Kind of task -> the measures that may pick the best epoch; the first does, unless the settings name another. Of
several tasks it is the mean of the first measures of each."""
FEWEST = 100
"""Samples of val below which a share of right answers picks no epoch: its standard error is five points and more."""
SCORES: dict[str, Callable[[Predictions], dict[str, float]]] = {
    "class": scores,
    "labels": label_scores,
    "number": number_scores,
}


def metric_of(asked: Metric | None, tasks: Sequence[Task], balanced: bool = False, val: int = FEWEST) -> Metric:
    """The measure that picks the best epoch; SettingError where the one asked for is of something else.

    balanced  whether classes are made to count alike in training: then they do so here too
    val       samples that it is measured on: of fewer than `FEWEST` the log-loss picks, which heeds how sure each is
    """
    fitting = FITTING["several" if len(tasks) > 1 else tasks[0].kind if tasks else "class"]
    if asked is None:
        if "log-loss" in fitting and 0 < val < FEWEST:
            return "log-loss"
        return "balanced-accuracy" if balanced and not tasks else fitting[0]
    if asked not in fitting:
        raise SettingError(
            f"metric is {asked!r}, which is not measured of what is asked here. There are: {listed(fitting)}."
        )
    return asked


def by_task(predictions: Predictions, tasks: Sequence[Task]) -> Iterator[tuple[Task, Predictions]]:
    """The predictions of each task, without the samples of which its answer is not known.

    Targets of a class int64 (N,), of labels float32 (N, K of the task), of a number float32 (N, 1).
    """
    for task, logits, targets in stretches(predictions, tasks):
        known = known_rows(targets)
        targets = targets[known]
        yield (
            task,
            Predictions(
                ids=tuple(predictions.ids[row] for row in known.tolist()),
                logits=logits[known],
                targets=targets[:, 0].astype(np.int64) if task.kind == "class" else targets,
                classes=task.classes or (task.name,),
            ),
        )


def known_rows(targets: Array) -> Array:
    """Rows of the targets of a task (N, columns of it) whose answer is known, rising."""
    return np.flatnonzero(~np.isnan(targets).all(axis=1))


def task_scores(predictions: Predictions, spec: DataSpec) -> dict[str, float]:
    """The values by key, fast enough for every epoch; of several tasks as in `colour.accuracy`, with their `score`."""
    if not spec.tasks:
        return scores(predictions)
    found: dict[str, float] = {}
    mains = []
    for task, own in by_task(predictions, spec.tasks):
        if not own.ids:
            continue
        values = SCORES[task.kind](own)
        mains.append(values[METRICS[FITTING[task.kind][0]][0]])
        found |= {keyed(task, key, spec.tasks): value for key, value in values.items()}
    return found | ({"score": float(np.mean(mains))} if len(spec.tasks) > 1 else {})


def task_measures(
    predictions: Predictions, spec: DataSpec, counts: Sequence[int], thresholds: Sequence[float] | None
) -> dict[str, Measure]:
    """The measures with 95 % intervals, keyed likewise.

    counts      training samples of each logit (K,), for the baselines
    thresholds  (K,), from which on a label is said; None is a half
    """
    found: dict[str, Measure] = {}
    at = 0
    for task, own in by_task(predictions, spec.tasks):
        stretch = slice(at, at + task.outputs)
        at += task.outputs
        if not own.ids:
            continue
        for key, one in _measures(
            task, own, counts[stretch], None if thresholds is None else thresholds[stretch]
        ).items():
            name = keyed(task, key, spec.tasks)
            found[name] = Measure(name=name, value=one.value, low=one.low, high=one.high, unit=one.unit)
    return found


def _measures(
    task: Task, own: Predictions, counts: Sequence[int], thresholds: Sequence[float] | None
) -> Mapping[str, Measure]:
    if task.kind == "class":
        return measure(own, majority=max(range(len(counts)), key=counts.__getitem__))
    return measure_labels(own, thresholds) if task.kind == "labels" else measure_numbers(own, mean=task.mean)


def task_thresholds(predictions: Predictions, spec: DataSpec) -> tuple[float, ...]:
    """From which probability on each label is said (K,), as is best on these predictions, those of val.

    Of logits that are no labels a half, which nothing goes by; nothing where no task is of labels.
    """
    if all(task.kind != "labels" for task in spec.tasks):
        return ()
    return tuple(
        limit
        for task, own in by_task(predictions, spec.tasks)
        for limit in (best_thresholds(own) if task.kind == "labels" else [0.5] * task.outputs)
    )


def stretches(predictions: Predictions, tasks: Sequence[Task]) -> Iterator[tuple[Task, Array, Array]]:
    """Each task with its logits (N, K of it) and its targets (N, columns of it)."""
    at = column = 0
    for task in tasks:
        targets = predictions.targets[:, column : column + task.columns]
        yield task, predictions.logits[:, at : at + task.outputs], targets
        at, column = at + task.outputs, column + task.columns


def limits_of(tasks: Sequence[Task], thresholds: Sequence[float]) -> list[Sequence[float]]:
    """The thresholds of each task, a half where there are none."""
    ends = [*itertools.accumulate(task.outputs for task in tasks)]
    limits = thresholds or [USUAL] * ends[-1]
    return [limits[end - task.outputs : end] for task, end in zip(tasks, ends, strict=True)]


def answer_words(task: Task, logits: Array, thresholds: Sequence[float], separator: str | None) -> list[str]:
    """What was answered to a task (N,), in words; labels with the separator between."""
    if task.kind == "number":
        return [f"{value:.6g}" for value in logits[:, 0].tolist()]
    if task.kind == "class":
        return [task.classes[k] for k in logits.argmax(axis=1).tolist()]
    said = label_probabilities(logits) >= np.asarray(thresholds)
    return [
        (separator or ";").join(n for n, one in zip(task.classes, row, strict=True) if one) for row in said.tolist()
    ]


@dataclass(frozen=True, kw_only=True)
class TaskAnswer:
    """What is said of one task about one sample."""

    words: str
    value: str | list[str] | float
    """Its class, its labels or its number."""
    confidence: float | None
    """Probability of the class, or of all labels together; None of a number."""
    probabilities: dict[str, float]
    """Of its classes, by the names of their logits; nothing of a number."""


def task_answers(logits: Array, spec: DataSpec, thresholds: Sequence[float]) -> list[list[TaskAnswer]]:
    """For each task an answer for each row of logits (N, K)."""
    found, at = [], 0
    for task, limits in zip(spec.tasks, limits_of(spec.tasks, thresholds), strict=True):
        own, names = logits[:, at : at + task.outputs], spec.classes[at : at + task.outputs]
        at += task.outputs
        words = answer_words(task, own, limits, spec.separator)
        if task.kind == "number":
            found.append(
                [
                    TaskAnswer(words=text, value=value, confidence=None, probabilities={})
                    for text, value in zip(words, own[:, 0].tolist(), strict=True)
                ]
            )
            continue
        shares = probabilities(own) if task.kind == "class" else label_probabilities(own)
        said = shares >= np.asarray(limits)
        sure = shares.max(1) if task.kind == "class" else np.where(said, shares, 1 - shares).prod(1)
        values: list[str | list[str]] = (
            [*words]
            if task.kind == "class"
            else [[n for n, one in zip(task.classes, row, strict=True) if one] for row in said.tolist()]
        )
        found.append(
            [
                TaskAnswer(
                    words=text, value=value, confidence=confidence, probabilities=dict(zip(names, row, strict=True))
                )
                for text, value, confidence, row in zip(words, values, sure.tolist(), shares.tolist(), strict=True)
            ]
        )
    return found


def keyed(task: Task, key: str, tasks: Sequence[Task]) -> str:
    """What a measure is called: of several tasks with the task before it."""
    return key if len(tasks) == 1 else f"{task.name}.{key}"
