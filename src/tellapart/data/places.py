"""Picture files that are not opened yet, and what is said about each."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import overload

import numpy as np

from tellapart.data.texts import Codes, Rows, Texts
from tellapart.types import Part


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A picture file that is not opened yet, and what is said about it."""

    path: str
    """Its name within the source, which becomes the id."""
    label: str
    part: Part | None
    group: str | None = None
    weight: float | None = None
    said_at: str | None = None
    """Where a table says so, as in `labels.csv:7`; an issue with the file is told there."""


class Places(Sequence[Place]):
    """Places in columns: a million of them take about 60 MB."""

    def __init__(self) -> None:
        self.paths, self.groups, self.said_at = Texts(), Texts(), Texts()
        self.labels, self.parts = Codes[str](), Codes[Part | None]()
        self.weights = array("d")

    def add(self, place: Place) -> None:
        self.paths.append(place.path)
        self.labels.append(place.label)
        self.parts.append(place.part)
        self.groups.append(place.group or "")
        self.weights.append(nan if place.weight is None else place.weight)
        self.said_at.append(place.said_at or "")

    def taken(self, rows: Rows) -> "Places":
        """The places of these rows, in their order."""
        taken = Places()
        taken.paths, taken.groups = self.paths.taken(rows), self.groups.taken(rows)
        taken.labels, taken.parts = self.labels.taken(rows), self.parts.taken(rows)
        taken.weights.frombytes(np.asarray(self.weights)[rows].tobytes())
        taken.said_at = self.said_at.taken(rows)
        return taken

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, rows: int) -> Place: ...
    @overload
    def __getitem__(self, rows: slice) -> list[Place]: ...
    def __getitem__(self, rows: int | slice) -> Place | list[Place]:
        if isinstance(rows, slice):
            return [self[row] for row in range(*rows.indices(len(self)))]
        return Place(
            path=self.paths[rows],
            label=self.labels[rows],
            part=self.parts[rows],
            group=self.groups[rows] or None,
            weight=None if isnan(self.weights[rows]) else self.weights[rows],
            said_at=self.said_at[rows] or None,
        )
