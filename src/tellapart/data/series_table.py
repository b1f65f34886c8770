"""Series out of tables: a row each, with its steps in columns, or a row for each step, with its channels in columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

import numpy as np

from tellapart.config import Reading
from tellapart.data.labelled_rows import LabelledRows, Said, said_in
from tellapart.data.line_issue import noted
from tellapart.data.series_columns import SeriesColumns, long_columns, looks_long, wide_columns
from tellapart.data.series_rows import SeriesRows, rows_of
from tellapart.data.series_steps import Series, Steps
from tellapart.errors import DataError, UnreadableError

MOST_VALUES = 500_000_000
"""Steps times channels, of a table."""
EMPTY = ("empty", "no values")


@dataclass(frozen=True, kw_only=True)
class SeriesTable(LabelledRows):
    """The series of a table."""

    channels: tuple[str, ...]
    """Names of the columns of a long table; of a wide one it is one without a name."""
    series: list[Series] = field(default_factory=list)
    """float32 (T, C), NaN where a value is missing."""
    ids: list[str] = field(default_factory=list)
    """What the table calls it; of a wide table without names its line."""

    def add(self, line: int, name: str, series: Series, said: Said) -> None:
        self.ids.append(name)
        self.series.append(series)
        self.note(line, said)


def read_series_table(file: BinaryIO, name: str, where: str, reading: Reading) -> SeriesTable:
    """The series of a table, long where it has columns of series and time, else wide; in the order of their first rows.

    file  open, and one that can be gone back in
    name  of the file, whose suffix says whether it is Parquet
    A row that can't be used is an issue, and so is a series that says two things of itself. DataError where none is
    left, or where it is no such table.
    """
    try:
        rows = rows_of(file, name, where, reading)
        if looks_long(rows.header, reading):
            table = _long(rows, long_columns(rows.header, rows.first, reading, where))
        else:
            table = _wide(rows, wide_columns(rows.header, reading, where))
    except UnreadableError as error:
        raise DataError(f"{where}: {error}.") from None
    if not table.series:
        issues = table.issues
        cause = f"no series can be used; line {issues[0].line:,}: {issues[0].detail}" if issues else "no rows"
        raise DataError(f"{where}: {cause}.")
    return table


def _wide(rows: SeriesRows, columns: SeriesColumns) -> SeriesTable:
    """A series a row, (T, 1), up to its last value."""
    table, total, seen = SeriesTable(channels=("",)), 0, set[str]()
    tell = partial(noted, table.issues)
    named = () if columns.series is None else (columns.series,)
    places = (*columns.said.places, *named)
    local = columns.said.within(places)
    for chunk in rows.chunks(places, columns.values, tell):
        total = _checked(total + chunk.numbers.size)
        there = ~np.isnan(chunk.numbers)
        lengths = np.where(there.any(1), there.shape[1] - there[:, ::-1].argmax(1), 0).tolist()
        for line, words, numbers, steps in zip(chunk.lines, chunk.words, chunk.numbers, lengths, strict=True):
            said = said_in(words, local) if steps else EMPTY
            if isinstance(said, Said):
                name = (words[-1] if named else "") or str(line)
                table.add(line, f"{name} (line {line})" if name in seen else name, numbers[:steps, None], said)
                seen.add(name)
            else:
                tell(line, *said)
    return table


def _long(rows: SeriesRows, columns: SeriesColumns) -> SeriesTable:
    """The steps of each series, sorted by time; steps of the same time stay in their order."""
    table, total = SeriesTable(channels=tuple(rows.header[place] for place in columns.values)), 0
    tell = partial(noted, table.issues)
    places = (columns.series or 0, columns.time or 0, *columns.said.places)
    steps = Steps(columns.said.within(places))
    for chunk in rows.chunks(places, columns.values, tell):
        total = _checked(total + chunk.numbers.size)
        kept = []
        for row, (line, words) in enumerate(zip(chunk.lines, chunk.words, strict=True)):
            wrong = steps.add(line, words)
            if wrong is None:
                kept.append(row)
            else:
                tell(line, *wrong)
        steps.add_values(chunk.numbers[kept])
    for line, name, series, said in steps.series():
        if np.isnan(series).all():
            tell(line, *EMPTY)
        else:
            table.add(line, name, series, said)
    return table


def _checked(total: int) -> int:
    if total > MOST_VALUES:
        raise UnreadableError(f"more than {MOST_VALUES:,} values; no more are read. Give each series a file of its own")
    return total
