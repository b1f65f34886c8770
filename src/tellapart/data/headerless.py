"""Tables of series that begin without a header, as the UCR archive of 2018 has them: a class, then a value a column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

from tellapart.config import Reading
from tellapart.data.series_columns import LEAST_STEPS, is_missing, is_number
from tellapart.data.sources.delimited import Table
from tellapart.data.unlabelled import Unlabelled

LOOKED_AT = 100
"""Rows by which it is told."""


def headed(table: Table, reading: Reading) -> Table:
    """The table with the header `label,0,1,...` where its first line is a series; else as it is.

    So it is where that line is numbers throughout, whole ones first in each row, and some of them are alike: classes.
    Of samples that are asked about no class is needed: there any line of numbers is a series, whose first value is its
    class where every row begins with one that the model knows.
    """
    if not _is_series(table.header) or (reading.labelled and reading.asked_columns):
        return table
    first = list(islice(table.rows, LOOKED_AT))
    rows = chain(first, table.rows)
    names = [cells[0].strip() for cells in (table.header, *(cells for _, cells in first)) if isinstance(cells, list)]
    steps = map(str, range(len(table.header)))
    if isinstance(reading, Unlabelled):
        header = ["label", *steps][: len(table.header)] if set(names) <= set(reading.classes) else list(steps)
    elif all(map(_is_whole, names)) and len(set(names)) < len(names):
        header = ["label", *steps][: len(table.header)]
    else:
        return Table(header=table.header, rows=rows)
    return Table(header=header, rows=chain([(1, table.header)], rows))


def _is_whole(cell: str) -> bool:
    return is_number(cell) and float(cell).is_integer()


def _is_series(cells: Sequence[str]) -> bool:
    """Whether a line is numbers throughout, of which some may be missing."""
    return len(cells) > LEAST_STEPS and all(is_number(cell) or is_missing(cell) for cell in cells)
