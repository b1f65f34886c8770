"""Tables of series that begin without a header, as the UCR archive of 2018 has them: a class, then a value a column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

from tellapart.config import Reading
from tellapart.data.series_columns import LEAST_STEPS, is_missing, is_number
from tellapart.data.sources.delimited import Table

LOOKED_AT = 100
"""Rows by which it is told."""


def headed(table: Table, reading: Reading) -> Table:
    """The table with the header `label,0,1,...` where its first line is a series; else as it is.

    So it is where that line is numbers throughout, whole ones first in each row, and some of them are alike: classes.
    """
    if reading.asked_columns or not _is_series(table.header):
        return table
    first = list(islice(table.rows, LOOKED_AT))
    rows = [cells for _, cells in first if isinstance(cells, list)]
    classes = [cells[0].strip() for cells in (table.header, *rows) if cells]
    whole = all(is_number(name) and float(name).is_integer() for name in classes)
    back = Table(header=table.header, rows=chain(first, table.rows))
    if not whole or len(set(classes)) == len(classes):
        return back
    header = ["label", *map(str, range(len(table.header) - 1))]
    return Table(header=header, rows=chain([(1, table.header)], back.rows))


def _is_series(cells: Sequence[str]) -> bool:
    """Whether a line is a whole number and some numbers, or missing ones, after it."""
    return len(cells) > LEAST_STEPS and all(is_number(cell) or is_missing(cell) for cell in cells)
