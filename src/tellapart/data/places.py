"""Picture files that are not opened yet, and what is said about each."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import overload

import numpy as np

from tellapart.data.texts import Codes, Rows, Texts, given, given_numbers
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
    """Places in columns; a source that says no more than path, label and part leaves the others None."""

    def __init__(self, paths: Texts, labels: Codes[str], parts: Codes[Part | None]) -> None:
        self.paths, self.labels, self.parts = paths, labels, parts
        self.groups: Texts | None = None
        self.weights: array[float] | None = None
        self.said_at: Texts | None = None

    @staticmethod
    def of(places: Iterable[Place]) -> "Places":
        """The places as they come."""
        made = Places(Texts(), Codes(), Codes())
        groups, weights, said_at = Texts(), array("d"), Texts()
        for place in places:
            made.paths.append(place.path)
            made.labels.append(place.label)
            made.parts.append(place.part)
            groups.append(place.group or "")
            weights.append(nan if place.weight is None else place.weight)
            said_at.append(place.said_at or "")
        made.groups, made.weights, made.said_at = given(groups), given_numbers(weights), given(said_at)
        return made

    def taken(self, rows: Rows) -> "Places":
        """The places of these rows, in their order."""
        taken = Places(self.paths.taken(rows), self.labels.taken(rows), self.parts.taken(rows))
        taken.groups = self.groups and self.groups.taken(rows)
        taken.weights = self.weights and array("d", np.asarray(self.weights)[rows].tobytes())
        taken.said_at = self.said_at and self.said_at.taken(rows)
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
        weight = self.weights[rows] if self.weights else nan
        return Place(
            path=self.paths[rows],
            label=self.labels[rows],
            part=self.parts[rows],
            group=(self.groups[rows] or None) if self.groups else None,
            weight=None if isnan(weight) else weight,
            said_at=(self.said_at[rows] or None) if self.said_at else None,
        )
