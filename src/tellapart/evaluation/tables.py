"""Measures and predictions as text: JSON shapes and CSV, in RFC 4180 form (lines end in CR LF).

Read such a file with `Path.read_bytes().decode("utf-8", "surrogateescape")`: text mode would change the line ends
inside of odd file names. `files.write_text` writes them as they are.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.errors import DamagedError
from tellapart.evaluation.measures import ClassRow, answers, probabilities
from tellapart.types import Measure, Predictions

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
