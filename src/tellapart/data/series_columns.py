"""Which columns of a table hold series: a row each (wide), or a row for each step of them (long)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tellapart.config import Reading
from tellapart.data.labelled_rows import names_pictures, said_columns
from tellapart.data.sources.columns import SaidColumns, column_called, label_columns
from tellapart.data.unlabelled import Unlabelled
from tellapart.errors import DataError
from tellapart.names import counted, listed

SERIES = (
    *("seriesid", "caseid", "sampleid", "sequenceid", "recordingid", "sessionid", "series", "case", "sample"),
    *("sequence", "recording", "session", "id"),
)
"""What the column is called that says which series a step is of, in small letters and digits alone."""
TIMES = ("time", "timestamp", "timestep", "t", "step", "datetime", "date", "seconds", "frame", "tick", "index")
"""Likewise the column that its steps are sorted by."""
STEPS = re.compile(r"(?i)(t|time|step|timestep|ts|value|val|att|)[ _-]?(\d+)")
"""Names of columns that are steps of a series, counted from 0 or 1."""
ROW_NAMES = (*SERIES, "index", "row", "unnamed0", "")
"""What in a wide table names the sample and is no value of it."""
LEAST_STEPS = 8
"""Columns of steps that a wide table has at least."""
MISSING = frozenset({"", "?", "nan", "na", "n/a", "null", "none", "-nan", "<na>"})
"""Cells that hold no value, in small letters."""


@dataclass(frozen=True, kw_only=True)
class SeriesColumns:
    """Places of the columns in a row."""

    said: SaidColumns
    series: int | None
    """Names the sample; None where a wide table names none."""
    time: int | None
    """Of a long table."""
    values: tuple[int, ...]
    """Steps of a wide table, channels of a long one."""

    @property
    def long(self) -> bool:
        return self.time is not None


def looks_long(header: Sequence[str], reading: Reading) -> bool:
    """Whether a table has a row for each step: columns of series, time and class, and others; none of pictures."""
    if names_pictures(header, reading) or not _has_labels(header, reading):
        return False
    series, time = column_called(header, SERIES), column_called(header, TIMES)
    taken = {series, time, *said_columns(header, reading, "the table").places}
    if not reading.labelled:  # what is called a label may be a channel
        taken = {series, time}
    return series is not None and time is not None and series != time and len(header) > len(taken)


def looks_wide(header: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading) -> bool:
    """Whether a table has a row for each series: a column of classes and many of steps, t0 to t99 or 0 to 99.

    rows  the first of them: what stands under the steps must be numbers, or missing
    Columns of other names are not taken for steps: they may be features, or pixels.
    """
    if names_pictures(header, reading) or not _has_labels(header, reading):
        return False
    steps = steps_among(header, said_columns(header, reading, "the table"))
    return bool(rows) and len(steps) >= LEAST_STEPS and all(_numeric(rows, place) is not False for place in steps)


def long_columns(header: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading, where: str) -> SeriesColumns:
    """The columns of a long table: of the others those are channels under which the first rows have numbers."""
    said = said_columns(header, reading, where)
    series, time = column_called(header, SERIES), column_called(header, TIMES)
    if series is None or time is None:
        missing = "id" if series is None else "time"
        raise DataError(f"{where}: no column {missing}. {counted(len(header), 'column')}: {listed(header)}.")
    others = [place for place in range(len(header)) if place not in (series, time, *said.places)]
    values = tuple(place for place in others if _numeric(rows, place))
    if isinstance(reading, Unlabelled):
        said, values = _of_channels(header, rows, reading, where, (series, time), values)
    if not values:
        raise DataError(f"{where}: no column of numbers beside id, time and label: {listed(header)}.")
    return SeriesColumns(said=said, series=series, time=time, values=values)


def _has_labels(header: Sequence[str], reading: Reading) -> bool:
    return not reading.labelled or bool(label_columns(header, reading, "the table"))


def _of_channels(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    reading: Unlabelled,
    where: str,
    taken: tuple[int, int],
    values: tuple[int, ...],
) -> tuple[SaidColumns, tuple[int, ...]]:
    """The same for a model of so many channels: one that is called `y`, as labels are, may be one of them."""
    said = said_columns(header, reading, where)
    if len(values) < reading.channels:
        said = replace(said, labels=())
        others = [place for place in range(len(header)) if place not in (*taken, *said.places)]
        values = tuple(place for place in others if _numeric(rows, place))
    if len(values) != reading.channels:
        there = listed(header[place] for place in values) or "none"
        raise DataError(
            f"{where}: columns of numbers beside id, time and label: {there}; the model takes "
            f"{counted(reading.channels, 'channel')}. Give the columns that it was trained on."
        )
    return said, values


def wide_columns(header: Sequence[str], reading: Reading, where: str) -> SeriesColumns:
    """The columns of a wide table: those that are named as steps, else all that are not called otherwise."""
    said = said_columns(header, reading, where)
    series = column_called(header, ROW_NAMES)
    series = None if series in said.places else series
    steps = steps_among(header, said)
    if len(steps) < LEAST_STEPS:
        steps = tuple(place for place in range(len(header)) if place != series and place not in said.places)
    if not steps:
        raise DataError(f"{where}: no column of values beside those of the label: {listed(header)}.")
    return SeriesColumns(said=said, series=None if series in steps else series, time=None, values=steps)


def steps_among(header: Sequence[str], said: SaidColumns) -> tuple[int, ...]:
    """The columns that are named as steps one after the other; none where their numbers do not follow on."""
    named = [(place, STEPS.fullmatch(word.strip())) for place, word in enumerate(header) if place not in said.places]
    found = [(place, match[1].lower(), int(match[2][:18])) for place, match in named if match]
    prefixes, numbers = {prefix for _, prefix, _ in found}, [number for _, _, number in found]
    follow = len(prefixes) == 1 and numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(found)))
    return tuple(place for place, _, _ in found) if follow else ()


def _numeric(rows: Sequence[Sequence[str]], place: int) -> bool | None:
    """Whether a column holds numbers, by what most of its cells are; None where all of it is missing."""
    cells = [row[place].strip() for row in rows if place < len(row)]
    there = [cell for cell in cells if not is_missing(cell)]
    return sum(map(is_number, there)) * 2 > len(there) if there else None


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell is a number, be it none that is finite."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
