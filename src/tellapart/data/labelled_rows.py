"""What a row of a table says of its sample beside the sample itself: class, part, group and weight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tellapart.config import TASK_GAP, Reading
from tellapart.data.sources.columns import (
    GROUPS,
    PATHS,
    SPLITS,
    WEIGHTS,
    column_called,
    group_column,
    label_columns,
)
from tellapart.data.sources.placing import PART_NAMES
from tellapart.errors import DataError
from tellapart.names import counted, listed
from tellapart.types import Part

PICTURE_PATHS = tuple(word for word in PATHS if word != "id")
"""Columns that name pictures for certain; texts and series have an `id` too."""


@dataclass(frozen=True, kw_only=True)
class SaidColumns:
    """Places of the columns in a row; None where the table has none of that kind."""

    labels: tuple[int, ...]
    """One, or those of several tasks."""
    numbers: int
    """How many of them, the last ones, hold numbers."""
    part: int | None
    group: int | None
    weight: int | None

    @property
    def places(self) -> tuple[int, ...]:
        """All of them, each once."""
        every = (*self.labels, self.part, self.group, self.weight)
        return tuple(dict.fromkeys(place for place in every if place is not None))

    def within(self, places: Sequence[int]) -> "SaidColumns":
        """Where the same columns are in rows that hold those of `places` alone."""
        part, group, weight = (
            None if place is None else places.index(place) for place in (self.part, self.group, self.weight)
        )
        labels = tuple(map(places.index, self.labels))
        return SaidColumns(labels=labels, numbers=self.numbers, part=part, group=group, weight=weight)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a row says of its sample."""

    label: str
    """Of several tasks, all of them with a gap between."""
    part: Part | None
    group: str | None
    weight: float | None


def names_pictures(header: Sequence[str], reading: Reading) -> bool:
    """Whether a column holds paths: what is in the table is then said of files."""
    return reading.path_column is not None or column_called(header, PICTURE_PATHS) is not None


def said_columns(header: Sequence[str], reading: Reading, where: str) -> SaidColumns:
    """Which column is which; DataError lists the columns where no label is among them."""
    labels = label_columns(header, reading, where)
    if not labels:
        raise DataError(
            f"{where}: no column label. {counted(len(header), 'column')}: {listed(header)}. "
            "Name it with --label-columns."
        )
    return SaidColumns(
        labels=labels,
        numbers=len(reading.number_columns),
        part=column_called(header, SPLITS),
        group=group_column(header, reading, where) if reading.group_column else column_called(header, GROUPS),
        weight=column_called(header, WEIGHTS),
    )


def said_in(cells: Sequence[str], columns: SaidColumns) -> Said | tuple[str, str]:
    """What a row says, or the kind and the detail of what is wrong with it."""
    labels = [cells[place].strip() for place in columns.labels]
    if not any(labels):
        return "empty-label", "no label"
    odd = next((text for text in labels[len(labels) - columns.numbers :] if text and not _is_finite(text)), None)
    if odd is not None:
        return "no-number", f"{odd[:60]!r}; must be a finite number"
    word = _cell(cells, columns.part)
    if word and word.lower() not in PART_NAMES:
        return "unknown-part", f"part {word[:60]!r}; known are {listed(PART_NAMES)}"
    weight = _cell(cells, columns.weight)
    if weight and not (_is_finite(weight) and float(weight) >= 0):
        return "weight", f"weight {weight[:60]!r}; must be a finite number, 0 or more"
    return Said(
        label=TASK_GAP.join(labels),
        part=PART_NAMES[word.lower()] if word else None,
        group=_cell(cells, columns.group) or None,
        weight=float(weight) if weight else None,
    )


def _cell(cells: Sequence[str], place: int | None) -> str:
    return "" if place is None else cells[place].strip()


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
