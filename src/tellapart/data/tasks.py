"""What is asked about the samples: which class, which labels, how much; and what a sample's label answers to that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tellapart.config import TASK_GAP, Reading
from tellapart.data.source import Entry
from tellapart.errors import DataError
from tellapart.names import counted, listed, natural_key
from tellapart.types import DataSpec, Task

if TYPE_CHECKING:
    from torch import Tensor

ALONE = "label"
"""What a task is called that no column names."""
ENOUGH_LABELS = 1
"""Labels that a task of several labels needs; one of classes needs two."""


def asked(name: str, entries: Sequence[Entry], reading: Reading) -> tuple[Task, ...]:
    """What the settings ask about samples of these labels, without classes yet; nothing for one class out of all.

    name  of the source, for messages
    A column is of several labels where the separator stands in any of its cells. DataError where labels are not of
    as many columns as the settings name, or where the separator stands in none.
    """
    columns, separator = reading.asked_columns, reading.label_separator
    if len(columns) < 2 and not reading.number_columns and separator is None:
        return ()
    names = columns or (ALONE,)
    several = [False] * len(names)
    numbers = len(names) - len(reading.number_columns)
    for label in {entry.label for entry in entries}:
        cells = label.split(TASK_GAP)
        if len(cells) != len(names):
            raise DataError(
                f"{name}: labels of {counted(len(cells), 'column')}, but label_columns and number_columns name "
                f"{len(names)}: that is of tables, which have such columns."
            )
        odd = next((cell for cell in cells[numbers:] if cell and not _is_number(cell)), None)
        if odd is not None:
            raise DataError(f"{name}: a label is {odd!r}, but number_columns asks for finite numbers.")
        several = [found or bool(separator and separator in cell) for found, cell in zip(several, cells, strict=True)]
    if separator is not None and not any(several[:numbers]):
        raise DataError(f"{name}: no label holds the label_separator {separator!r}. Give the one that they hold.")
    return tuple(
        Task(name=word, kind="number" if place >= numbers else "labels" if several[place] else "class")
        for place, word in enumerate(names)
    )


def read_for(spec: DataSpec, reading: Reading) -> Reading:
    """The settings with the columns and the separator of what a model was trained on, where they leave them open."""
    if not spec.tasks or reading.asked_columns:
        return reading
    alone = len(spec.tasks) == 1 and spec.tasks[0].name == ALONE
    return replace(
        reading,
        label_columns=() if alone else tuple(task.name for task in spec.tasks if task.kind != "number"),
        number_columns=tuple(task.name for task in spec.tasks if task.kind == "number"),
        label_separator=reading.label_separator or spec.separator,
    )


def check_answers(name: str, entries: Sequence[Entry], spec: DataSpec) -> None:
    """Raise DataError where the labels do not answer what a model is asked."""
    for entry in entries:
        cells = entry.label.split(TASK_GAP)
        if spec.tasks and len(cells) != len(spec.tasks):
            asks = listed(task.name for task in spec.tasks)
            raise DataError(
                f"{name}: labels of {counted(len(cells), 'column')}, but the model answers {len(spec.tasks)}: {asks}. "
                "Name their columns with label_columns and number_columns."
            )
        for task, cell in zip(spec.tasks, cells, strict=False):
            if task.kind == "number" and cell and not _is_number(cell):
                raise DataError(f"{name}: {entry.id!r}: {task.name} is {cell!r}; must be a finite number.")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def settled(tasks: Sequence[Task], entries: Sequence[Entry], separator: str | None) -> tuple[Task, ...]:
    """The tasks with the classes, and the scale of the numbers, that training samples have.

    DataError where a task has nothing to tell apart.
    """
    return tuple(_settled(task, list(_cells(entries, place)), separator) for place, task in enumerate(tasks))


def _settled(task: Task, cells: list[str], separator: str | None) -> Task:
    if task.kind == "number":
        values = np.array([float(cell) for cell in cells if cell])
        if len(set(values.tolist())) < 2:
            raise DataError(f"{task.name}: all training samples have the same number; there is nothing to find.")
        return replace(task, mean=float(values.mean()), std=float(values.std()))
    words = {word for cell in cells for word in said(cell, task, separator)}
    if len(words) < (ENOUGH_LABELS if task.kind == "labels" else 2):
        many = counted(len(words), "class")
        raise DataError(f"{task.name}: the training samples have {many} of it; there is nothing to tell apart.")
    return replace(task, classes=tuple(sorted(words, key=natural_key)))


def said(cell: str, task: Task, separator: str | None) -> tuple[str, ...]:
    """The classes that a cell names; none where it is not known, and none of a number."""
    if task.kind == "number" or not cell:
        return ()
    if task.kind == "class" or separator is None:
        return (cell,)
    return tuple(dict.fromkeys(word.strip() for word in cell.split(separator) if word.strip()))


def logit_names(tasks: Sequence[Task]) -> tuple[str, ...]:
    """The name of each logit: that of its class; of several tasks as in `colour=red`, of a number its task's."""
    return tuple(named(task, word, tasks) for task in tasks for word in task.classes or ("",))


def named(task: Task, word: str, tasks: Sequence[Task]) -> str:
    """What the logit of a class is called."""
    if not word:
        return task.name
    return word if len(tasks) == 1 else f"{task.name}={word}"


def names_in(label: str, tasks: Sequence[Task], separator: str | None = None) -> tuple[str, ...]:
    """The names of the logits that the label of a sample says yes to; without tasks the label itself."""
    if not tasks:
        return (label,)
    cells = zip(tasks, label.split(TASK_GAP), strict=True)
    return tuple(named(task, word, tasks) for task, cell in cells for word in said(cell, task, separator))


def apart(entries: Iterable[Entry], tasks: Sequence[Task], separator: str | None) -> list[Entry]:
    """Each entry once for each of its classes, labelled so; without tasks the entries as they are."""
    if not tasks:
        return list(entries)
    return [replace(e, label=name) for e in entries for name in names_in(e.label, tasks, separator)]


def targets_of(entries: Sequence[Entry], spec: DataSpec) -> Tensor:
    """int64 (N,), the class index of each; where there are tasks float32 (N, W), NaN where an answer is not known."""
    import torch

    if not spec.tasks:
        number = {name: k for k, name in enumerate(spec.classes)}
        return torch.tensor([number[entry.label] for entry in entries], dtype=torch.int64)
    columns = [_columns(task, _cells(entries, place), spec.separator) for place, task in enumerate(spec.tasks)]
    return torch.from_numpy(np.concatenate(columns, axis=1).reshape(len(entries), -1))


def _columns(
    task: Task, cells: Iterable[str], separator: str | None
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """float32 (N, columns of the task)."""
    if task.kind == "number":
        return np.array([[float(cell) if cell else math.nan] for cell in cells], np.float32).reshape(-1, 1)
    number = {name: k for k, name in enumerate(task.classes)}
    if task.kind == "class":
        return np.array([[number[cell] if cell else math.nan] for cell in cells], np.float32).reshape(-1, 1)
    cells = list(cells)
    found = np.zeros((len(cells), len(task.classes)), np.float32)
    for row, cell in enumerate(cells):
        if not cell:
            found[row] = math.nan
        found[row, [number[word] for word in said(cell, task, separator)]] = 1
    return found


def _cells(entries: Iterable[Entry], place: int) -> Iterable[str]:
    return (entry.label.split(TASK_GAP)[place] for entry in entries)


def worded_targets(row: Sequence[float], spec: DataSpec) -> str:
    """A row of targets (W,) as a person reads it: `red, cat;dog, 3.2`; a dash where an answer is not known."""
    words, at = [], 0
    for task in spec.tasks:
        own = row[at : at + task.columns]
        at += task.columns
        if any(map(math.isnan, own)):
            words.append("–")
        elif task.kind == "labels":
            words.append(
                (spec.separator or ";").join(n for n, value in zip(task.classes, own, strict=True) if value > 0.5)
            )
        else:
            words.append(task.classes[int(own[0])] if task.kind == "class" else f"{own[0]:.4g}")
    return ", ".join(words)


def worded(label: str) -> str:
    """The label of a sample as a person reads it."""
    return label.replace(TASK_GAP, ", ")
