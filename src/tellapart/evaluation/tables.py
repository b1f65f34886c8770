"""Measures and predictions as text: JSON shapes and CSV, in RFC 4180 form (lines end in CR LF).

Read such a file with `Path.read_bytes().decode("utf-8", "surrogateescape")`: text mode would change the line ends
inside of odd file names. `files.write_text` writes them as they are.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.errors import DamagedError
from tellapart.evaluation.measures import ClassRow, answers, probabilities
from tellapart.evaluation.sections import TaskSection
from tellapart.evaluation.tasks import answer_words, limits_of, stretches
from tellapart.types import DataSpec, Measure, Predictions, Task

PREDICTION_COLUMNS = ["id", "true", "predicted", "confidence"]
LOGIT = "logit:"
"""Stands before a class name in the header, so that a class may be called `id` or `true`."""


def measures_json(measures: Mapping[str, Measure]) -> dict[str, dict[str, Any]]:
    """`{"accuracy": {"value": 0.987, "low": 0.985, "high": 0.989, "unit": "share"}, ...}`."""
    return {
        key: {"value": each.value, "low": each.low, "high": each.high, "unit": each.unit}
        for key, each in measures.items()
    }


def read_measures(content: Mapping[str, Mapping[str, Any]]) -> dict[str, Measure]:
    """The measures that `measures_json` gave."""
    return {key: Measure(name=key, **values) for key, values in content.items()}


def per_class_csv(rows: Iterable[ClassRow]) -> str:
    """CSV, one line a class; a share that is not defined is an empty cell."""
    names = [field.name for field in fields(ClassRow)]
    return _csv([["class", *names[1:]], *(asdict(row).values() for row in rows)])


def confusion_csv(matrix: NDArray[np.int64], classes: Iterable[str]) -> str:
    r"""CSV of counts, one line a true class, one column a predicted class; the corner says `true \ predicted`."""
    classes = list(classes)
    lines = ([name, *counts] for name, counts in zip(classes, matrix.tolist(), strict=True))
    return _csv([["true \\ predicted", *classes], *lines])


def predictions_csv(predictions: Predictions) -> str:
    """CSV, one line a sample: id, true class (empty where unknown), answer, its probability, and every logit exactly.

    Nine significant digits tell any two float32 numbers apart, so that `read_predictions_csv` gives the same bits
    and every measure can be computed again from the file.
    """
    names = np.array(predictions.classes, dtype=object)
    called = answers(predictions)
    known = predictions.targets >= 0
    true = np.where(known, names[np.where(known, predictions.targets, 0)], "")
    chosen = np.take_along_axis(probabilities(predictions.logits), called[:, None], axis=1)[:, 0]
    lines = zip(predictions.ids, true, names[called], chosen.tolist(), predictions.logits.tolist(), strict=True)
    header = [*PREDICTION_COLUMNS, *(LOGIT + name for name in predictions.classes)]
    return _csv([header, *([id_, t, p, f"{c:.6f}", *(f"{z:.9g}" for z in logits)] for id_, t, p, c, logits in lines)])


def _true_words(task: Task, targets: NDArray[Any], separator: str | None) -> list[str]:
    known = ~np.isnan(targets).any(axis=1)
    if task.kind == "class":
        names = np.array(task.classes, dtype=object)
        return np.where(known, names[np.where(known, targets[:, 0], 0).astype(int)], "").tolist()  # type: ignore[no-any-return]
    if task.kind == "number":
        return [f"{value:.9g}" if there else "" for value, there in zip(targets[:, 0].tolist(), known, strict=True)]
    gap = separator or ";"
    said = [gap.join(n for n, one in zip(task.classes, row, strict=True) if one > 0.5) for row in targets.tolist()]
    return [(words or gap) if there else "" for words, there in zip(said, known, strict=True)]


def sections_csv(sections: Iterable[TaskSection]) -> str:
    """CSV, one line for each class or label of each task."""
    found: list[dict[str, Any]] = [
        {"task": section.name, "class": row["name"], **row}
        for section in sections
        for row in (*map(asdict, section.rows), *map(asdict, section.label_rows))
    ]
    columns = list(dict.fromkeys(key for row in found for key in row if key != "name"))
    return _csv([columns, *([row.get(key) for key in columns] for row in found)])


def task_predictions_csv(predictions: Predictions, spec: DataSpec, thresholds: Sequence[float] = ()) -> str:
    """CSV, one line a sample: id, then of each task what is true (empty where unknown) and what was answered, then
    every logit exactly: of a class or a label before softmax or sigmoid, of a number the number itself.
    """
    columns: list[list[str]] = []
    for (task, own, wanted), limits in zip(
        stretches(predictions, spec.tasks), limits_of(spec.tasks, thresholds), strict=True
    ):
        columns += [_true_words(task, wanted, spec.separator), answer_words(task, own, limits, spec.separator)]
    header = ["id", *(f"{word}:{task.name}" for task in spec.tasks for word in ("true", "predicted"))]
    header += [LOGIT + name for name in predictions.classes]
    logits = ([f"{z:.9g}" for z in row] for row in predictions.logits.tolist())
    lines = zip(predictions.ids, *columns, logits, strict=True)
    return _csv([header, *([name, *words, *row] for name, *words, row in lines)])


def read_predictions_csv(text: str) -> Predictions:
    """The predictions that `predictions_csv` wrote, bit for bit; DamagedError names the row that is not whole."""
    header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    start = len(PREDICTION_COLUMNS)
    if header[:start] != PREDICTION_COLUMNS or not all(name.startswith(LOGIT) for name in header[start:]):
        raise DamagedError(f"No file of predictions: its first line begins {','.join(header[:start])!r}.")
    classes = tuple(name.removeprefix(LOGIT) for name in header[start:])
    logits, targets = np.empty((len(rows), len(classes)), dtype=np.float32), np.empty(len(rows), dtype=np.int64)
    index = {"": -1} | {name: number for number, name in enumerate(classes)}
    for place, row in enumerate(rows):
        try:
            targets[place] = index[row[1]]
            logits[place] = np.array([float(cell) for cell in row[start:]]).reshape(len(classes))
        except (IndexError, KeyError, ValueError):
            raise DamagedError(f"Row {place + 1} of the predictions is damaged; write the file again.") from None
    return Predictions(ids=tuple(row[0] for row in rows), logits=logits, targets=targets, classes=classes)


def _csv(lines: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue()
