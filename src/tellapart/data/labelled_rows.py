"""What a row of a table says of its sample beside the sample itself: class, part, group and weight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tellapart.config import TASK_GAP, Reading
from tellapart.data.line_issue import LineIssue
from tellapart.data.sources.columns import (
    GROUPS,
    PATHS,
    SPLITS,
    WEIGHTS,
    SaidColumns,
    column_called,
    column_named,
    group_column,
    label_columns,
)
from tellapart.data.sources.placing import PART_NAMES
from tellapart.errors import DataError
from tellapart.names import counted, listed
from tellapart.types import Part

PICTURE_PATHS = tuple(word for word in PATHS if word != "id")
"""Columns that name pictures for certain; texts and series have an `id` too."""


class Said(NamedTuple):
    """What a row says of its sample."""

    label: str
    """Of several tasks, all of them with a gap between."""
    part: Part | None
    group: str | None
    weight: float | None


NOTHING_SAID = Said(label="", part=None, group=None, weight=None)


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """The samples of a table that can be used, in its order; each list but `issues` has one item a sample."""

    labels: list[str] = field(default_factory=list)
    parts: list[Part | None] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    weights: list[float | None] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Where each begins, counted from 1; of Parquet its row."""
    issues: list[LineIssue] = field(default_factory=list)

    def note(self, line: int, said: Said) -> None:
        """Add what is said of a sample."""
        self.lines.append(line)
        self.labels.append(said.label)
        self.parts.append(said.part)
        self.groups.append(said.group)
        self.weights.append(said.weight)


def names_pictures(header: Sequence[str], reading: Reading) -> bool:
    """Whether a column holds paths: what is in the table is then said of files."""
    return reading.path_column is not None or column_called(header, PICTURE_PATHS) is not None


def said_columns(header: Sequence[str], reading: Reading, where: str) -> SaidColumns:
    """Which column is which; DataError lists the columns where no label is among them."""
    labels = label_columns(header, reading, where)
    if not labels and reading.labelled:
        raise DataError(
            f"{where}: no column label. {counted(len(header), 'column')}: {listed(header)}. "
            "Name it with --label-columns."
        )
    return SaidColumns(
        labels=labels,
        numbers=len(reading.number_columns),
        part=column_called(header, SPLITS),
        group=_group(header, reading, where),
        weight=column_called(header, WEIGHTS),
        read=reading.labelled,
    )


def _group(header: Sequence[str], reading: Reading, where: str) -> int | None:
    """The column of the groups; the one that is named may be missing where no labels are needed."""
    if reading.group_column is None:
        return column_called(header, GROUPS)
    return group_column(header, reading, where) if reading.labelled else column_named(header, reading.group_column)


def said_in(cells: Sequence[str], columns: SaidColumns) -> Said | tuple[str, str]:
    """What a row says, or the kind and the detail of what is wrong with it; nothing where it does not count."""
    if not columns.read:
        return NOTHING_SAID
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
