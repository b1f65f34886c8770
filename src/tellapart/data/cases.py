"""Files that hold many things to classify, each answered by itself: series of a file, texts of a table."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.data.items import ARRAYS, TABLES, named
from tellapart.data.line_issue import LineIssue
from tellapart.data.series_table import read_series_table
from tellapart.data.sources.manifest import opened
from tellapart.data.sources.npz import LENGTHS, MORE_ERRORS, VALUES
from tellapart.data.text_table import read_text_table
from tellapart.data.ts_file import read_ts
from tellapart.data.unlabelled import Unlabelled
from tellapart.errors import DataError, UnreadableError
from tellapart.types import DataSpec

Row = tuple[str, Any]
"""What follows the name of its file, and what it is, or why it can't be read."""
Case = tuple[str, Any]
"""What it is called in the answers, and what it is, or why it can't be read."""


def cases(items: Sequence[Any], spec: DataSpec, columns: Mapping[str, Any] | None = None) -> list[Case]:
    """The items under their names, a file of many as many, each under `file:row`, counted from 1.

    columns  those that were named for the training data, as `unlabelled.columns_of` gives them
    No class is needed in a file, nor heeded; a line that can't be used is a case too, under `file, line 17`.
    """
    reading = Unlabelled.of(columns or {}, spec)
    found: list[Case] = []
    for number, item in enumerate(items):
        path = Path(item) if isinstance(item, Path) or (spec.kind == "series" and isinstance(item, str)) else None
        reader = None if path is None else _reader(path, spec, reading)
        if path is None or reader is None:
            found.append((named(item, number), item))
            continue
        try:
            found += [(f"{path}{row}", value) for row, value in reader]
        except (DataError, UnreadableError) as error:
            found.append((str(path), UnreadableError(str(error).removeprefix(f"{path}: "))))
        except OSError as error:
            found.append((str(path), UnreadableError(error.strerror or str(error))))
    return found


def _reader(path: Path, spec: DataSpec, reading: Unlabelled) -> Iterator[Row] | None:
    """What gives the cases of a file; None where it is one thing by itself."""
    name = path.name.lower()
    if spec.kind == "series":
        if name.endswith((".ts", ".ts.gz")):
            return _of_ts(path, spec.channels)
        if name.endswith(ARRAYS):
            return _of_arrays(path)
        return _of_series(path, reading) if name.endswith(TABLES) else None
    return _of_texts(path, reading) if spec.kind == "text" and name.endswith(TABLES) else None


def _of_ts(path: Path, channels: int) -> Iterator[Row]:
    with path.open("rb") as file:
        found = read_ts(file, channels)
    names = map(str, range(1, len(found.series) + 1))
    yield from _by_line(found.lines, names, (steps.T for steps in found.series), found.issues)


def _of_arrays(path: Path) -> Iterator[Row]:
    """The series of an array (N, C, T), or (N, T) of one channel; labels beside it are not looked at."""
    with path.open("rb") as file:
        try:
            loaded = np.load(file, allow_pickle=False)
            arrays = {"x": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
        except MORE_ERRORS as error:
            raise UnreadableError(f"damaged: {error}") from None
    whole = next((array for name, array in arrays.items() if name.lower() in VALUES), None)
    if whole is None or whole.ndim not in (2, 3):
        raise UnreadableError("no array x of series (N, C, T)")
    lengths = next((array for name, array in arrays.items() if name.lower() in LENGTHS), None)
    for row, series in enumerate(whole):
        yield f":{row + 1}", series if lengths is None or row >= len(lengths) else series[..., : int(lengths[row])]


def _of_series(path: Path, reading: Unlabelled) -> Iterator[Row]:
    with opened(path) as file:
        table = read_series_table(file, path.name, str(path), reading)
    yield from _by_line(table.lines, table.ids, (steps.T for steps in table.series), table.issues)


def _of_texts(path: Path, reading: Unlabelled) -> Iterator[Row]:
    with opened(path) as file:
        table = read_text_table(file, path.name, str(path), reading, reading.text_column)
    yield from _by_line(table.lines, map(str, table.lines), table.texts, table.issues)


def _by_line(
    lines: Sequence[int], names: Iterable[str], values: Iterable[Any], issues: Sequence[LineIssue]
) -> Iterator[Row]:
    """The samples of a file and what is wrong with its other lines, in the order of the lines."""
    good = ((line, (f":{name}", value)) for line, name, value in zip(lines, names, values, strict=True))
    bad = ((issue.line, (f", line {issue.line}", UnreadableError(issue.detail))) for issue in issues)
    for _, row in heapq.merge(good, sorted(bad, key=itemgetter(0)), key=itemgetter(0)):
        yield row
