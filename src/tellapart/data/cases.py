"""Files that hold many things to classify, each answered by itself: series of a file, texts of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.config import Reading
from tellapart.data.items import ARRAYS, TABLES, named
from tellapart.data.sources.npz import LENGTHS, MORE_ERRORS, VALUES
from tellapart.data.sources.tables import open_series, open_texts
from tellapart.data.ts_file import read_ts
from tellapart.errors import DataError, UnreadableError
from tellapart.types import DataSpec

Case = tuple[str, Any]
"""What it is called in the answers, and what it is, or why it can't be read."""


def cases(items: Sequence[Any], spec: DataSpec) -> list[Case]:
    """The items under their names, a file of many as many, each under `file:row`, counted from 1."""
    found: list[Case] = []
    for number, item in enumerate(items):
        path = Path(item) if isinstance(item, Path) or (spec.kind == "series" and isinstance(item, str)) else None
        reader = None if path is None else _reader(path, spec)
        if path is None or reader is None:
            found.append((named(item, number), item))
            continue
        try:
            found += [(f"{path}:{row}", value) for row, value in reader]
        except (DataError, UnreadableError) as error:
            found.append((str(path), UnreadableError(str(error).removeprefix(f"{path}: "))))
        except OSError as error:
            found.append((str(path), UnreadableError(error.strerror or str(error))))
    return found


def _reader(path: Path, spec: DataSpec) -> Iterator[tuple[int | str, Any]] | None:
    """What gives the cases of a file; None where it is one thing by itself."""
    name = path.name.lower()
    if spec.kind == "series":
        if name.endswith((".ts", ".ts.gz")):
            return _of_ts(path)
        if name.endswith(ARRAYS):
            return _of_arrays(path)
        return _of_table(path, spec) if name.endswith(TABLES) else None
    return _of_table(path, spec) if spec.kind == "text" and name.endswith(TABLES) else None


def _of_ts(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for row, steps in enumerate(read_ts(file).series, 1):
            yield row, steps.T


def _of_arrays(path: Path) -> Iterator[tuple[int, Any]]:
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
        yield row + 1, series if lengths is None or row >= len(lengths) else series[..., : int(lengths[row])]


def _of_table(path: Path, spec: DataSpec) -> Iterator[tuple[str, Any]]:
    """The rows of a table that names classes as those of training do."""
    source = (open_series if spec.kind == "series" else open_texts)(path, Reading())
    for entry in source.entries()[0]:
        value = source.value(entry)
        yield entry.id.removeprefix(f"{path.name}:"), value.T if spec.kind == "series" else value.tobytes()
