"""Series as sources: a `.ts` file with the other part beside it, and arrays (N, C, T)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tellapart.config import Reading
from tellapart.data.source import Value
from tellapart.data.sources.manifest import opened
from tellapart.data.sources.sequences import SequenceSource, of_lines
from tellapart.data.ts_file import TsFile, bare_name, pair_of, part_of_name, read_ts
from tellapart.errors import DataError, UnreadableError
from tellapart.types import Part

Array = np.ndarray[Any, Any]


def open_ts(path: Path, reading: Reading) -> SequenceSource:  # noqa: ARG001  (every opener of the table takes it)
    """The series of a file of the UCR and UEA archives; of `X_TRAIN.ts` those of `X_TEST.ts` beside it, too."""
    other = pair_of(path)
    paths = sorted([path, *([other] if other else [])], key=lambda file: part_of_name(file.name) != "train")
    files = {file.name: _read(file) for file in paths}
    cases = [
        (f"{name}:{row}", values, label, part_of_name(name) if other else None)
        for name, file in files.items()
        for row, (values, label) in enumerate(zip(file.series, file.labels, strict=True), 1)
    ]
    issues = [issue for name, file in files.items() for issue in of_lines(name, file.issues)]
    return SequenceSource(
        bare_name(path),
        "series",
        [values for _, values, _, _ in cases],
        [label for _, _, label, _ in cases],
        place=str(path.resolve()),
        ids=[name for name, _, _, _ in cases],
        parts=[part for _, _, _, part in cases],
        issues=issues,
    )


def _read(path: Path) -> TsFile:
    with opened(path) as file:
        try:
            return read_ts(file)
        except UnreadableError as error:
            raise DataError(f"{path}: {error}.") from None


def series_of(
    name: str,
    values: Array,
    labels: Sequence[str],
    parts: Sequence[Part] | None = None,
    ids: Sequence[str] | None = None,
    lengths: Array | None = None,
) -> SequenceSource:
    """The series of an array (N, C, T), each as long as `lengths` (N,) says, by default T; NaN is a missing value."""
    if lengths is not None and (lengths.shape != values.shape[:1] or not _are_lengths(lengths, values.shape[2])):
        raise DataError(
            f"{name}: lengths of shape {lengths.shape}; there must be a whole number from 1 to {values.shape[2]} for "
            f"each of {len(values):,} series."
        )
    with np.errstate(over="ignore"):
        steps = values.astype(np.float32).transpose(0, 2, 1)
    wrong = np.argwhere(np.isinf(steps))
    if len(wrong):
        raise DataError(
            f"{name}: {len(wrong):,} values are infinite or beyond float32; the first is in row {wrong[0][0]}."
        )
    ends = [steps.shape[1]] * len(steps) if lengths is None else lengths.astype(int).tolist()
    each: list[Value] = [np.ascontiguousarray(one[:end]) for one, end in zip(steps, ends, strict=True)]
    return SequenceSource(name, "series", each, labels, parts=parts, ids=ids)


def are_series(values: Array) -> bool:
    """Whether an array holds series: numbers (N, C, T), and no bytes, which are pictures."""
    return values.ndim == 3 and 0 not in values.shape and values.dtype.kind in "fi" and values.dtype != np.uint8


def _are_lengths(lengths: Array, most: int) -> bool:
    return bool(lengths.dtype.kind in "iu" and lengths.min() >= 1 and lengths.max() <= most)
