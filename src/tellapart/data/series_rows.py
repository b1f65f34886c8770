"""The rows of a table of series as they come, many at a time: words of some columns, numbers of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

import numpy as np

from tellapart.config import Reading
from tellapart.data.headerless import headed
from tellapart.data.series_columns import is_missing, is_number
from tellapart.data.sources.delimited import Row, read_table
from tellapart.names import counted

FIRST_ROWS = 100
"""By which it is told which columns hold numbers."""
CELLS_AT_ONCE = 400_000

Numbers = np.ndarray[Any, np.dtype[np.float32]]
Wrong = tuple[int, str, str]
"""Line, kind and detail."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some rows that can be used."""

    lines: Sequence[int]
    words: list[tuple[str, ...]]
    """Of each row the cells of the columns of words."""
    numbers: Numbers
    """float32 (rows, columns of numbers), NaN where a cell is empty."""


@dataclass(frozen=True, kw_only=True)
class SeriesRows:
    """An open table."""

    header: list[str]
    first: list[list[str]]
    """Its first rows, as text."""
    chunks: Callable[[Sequence[int], Sequence[int], Callable[[int, str, str], None]], Iterator[Chunk]]
    """Called with the places of words and of numbers, and with what is told of each row that can't be used: all rows
    from the first on."""


def rows_of(file: BinaryIO, name: str, where: str, reading: Reading) -> SeriesRows:
    """The table in an open file, Parquet by its suffix, else text; DataError where it can't be read."""
    if name.lower().endswith(".parquet"):
        return _parquet(file, where)
    table = headed(read_table(file, where, reading), reading)
    first = list(islice(table.rows, FIRST_ROWS))
    whole = [cells for _, cells in first if isinstance(cells, list) and len(cells) >= len(table.header)]

    def chunks(words: Sequence[int], numbers: Sequence[int], tell: Callable[[int, str, str], None]) -> Iterator[Chunk]:
        rows = chain(first, table.rows)
        at_once = max(1, CELLS_AT_ONCE // (len(words) + len(numbers) + 1))
        while some := list(islice(rows, at_once)):
            yield _chunk(some, len(table.header), words, numbers, tell)

    return SeriesRows(header=table.header, first=whole, chunks=chunks)


def _chunk(
    rows: list[Row], count: int, words: Sequence[int], numbers: Sequence[int], tell: Callable[[int, str, str], None]
) -> Chunk:
    kept: list[tuple[int, list[str]]] = []
    for line, cells in rows:
        if isinstance(cells, str):
            tell(line, "ragged", cells)
        elif len(cells) != count and (len(cells) < count or "".join(cells[count:]).strip()):
            tell(line, "ragged", f"{len(cells)} fields under {counted(count, 'column')}")
        else:
            kept.append((line, cells))
    try:
        values = np.array([[cells[place] for place in numbers] for _, cells in kept], np.float64)
        lines = [line for line, _ in kept]
    except ValueError:  # a cell is empty, or no number
        lines, some = [], []
        for line, cells in kept:
            row = _row([cells[place] for place in numbers], line, tell)
            if row is not None:
                lines.append(line)
                some.append(row)
        values = np.array(some, np.float64)
    of_line = dict(kept)
    cells_kept = [tuple(of_line[line][place].strip() for place in words) for line in lines]
    return _finite(lines, cells_kept, values.reshape(len(lines), len(numbers)), tell)


def _row(cells: list[str], line: int, tell: Callable[[int, str, str], None]) -> Numbers | None:
    """The numbers of a row; None where one is none, which is told."""
    plain = ["nan" if is_missing(cell) else cell for cell in cells]
    try:
        return np.array(plain, np.float64)
    except ValueError:
        odd = next(cell for cell in plain if not is_number(cell))
        tell(line, "no-number", f"{odd.strip()[:30]!r}; must be a number, or empty where it is missing")
        return None


def _finite(
    lines: Sequence[int],
    words: list[tuple[str, ...]],
    values: np.ndarray[Any, np.dtype[np.float64]],
    tell: Callable[[int, str, str], None],
) -> Chunk:
    """The rows without an infinite number, or one that float32 can't hold."""
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32)
    odd = np.isinf(numbers).any(1)
    if odd.any():
        for row in np.flatnonzero(odd).tolist():
            tell(lines[row], "infinite", "a number that is not finite, or above 3.4e38")
        rows = np.flatnonzero(~odd).tolist()
        lines, words, numbers = [lines[row] for row in rows], [words[row] for row in rows], numbers[rows]
    return Chunk(lines=lines, words=words, numbers=numbers)


def _parquet(file: BinaryIO, where: str) -> SeriesRows:
    import pyarrow as pa

    from tellapart.data.sources.parquet_table import opened, said, text_of

    table = opened(file, where)

    def texts(column: pa.Array) -> list[str]:
        if pa.types.is_timestamp(column.type):  # of nanoseconds no Python value can be made
            column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        return [text_of(cell) for cell in column.to_pylist()]

    def chunks(words: Sequence[int], numbers: Sequence[int], tell: Callable[[int, str, str], None]) -> Iterator[Chunk]:
        begin = 1
        with said(where):
            at_once = max(1, CELLS_AT_ONCE // (len(words) + len(numbers) + 1))
            for batch in table.iter_batches(batch_size=at_once):
                columns = [batch.column(place) for place in numbers]
                values = [column.cast(pa.float64()).to_numpy(zero_copy_only=False) for column in columns]
                cells = [[text.strip() for text in texts(batch.column(place))] for place in words]
                lines = range(begin, begin + batch.num_rows)
                begin += batch.num_rows
                yield _finite(lines, list(zip(*cells, strict=True)), np.stack(values, 1), tell)

    with said(where):
        first = next(table.iter_batches(batch_size=FIRST_ROWS), None)
        columns = [] if first is None else [texts(first.column(place)) for place in range(first.num_columns)]
        header = list(table.schema_arrow.names)
    return SeriesRows(header=header, first=[list(row) for row in zip(*columns, strict=True)], chunks=chunks)
