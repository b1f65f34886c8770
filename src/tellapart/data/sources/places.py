"""Picture files that are not opened yet, and what is said about each."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import overload

import numpy as np

from tellapart.data.sources.known import NO_STAMP, Stamp, Stamps, stamps_in
from tellapart.data.texts import Codes, Hashes, Rows, Texts, grown, grown_numbers, hashes_of
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
    stamp: Stamp | None = None
    """What changes with the file, where it lies on the disk."""
    said_at: str | None = None
    """Where a table says so, as in `labels.csv:7`; an issue with the file is told there."""


class Places(Sequence[Place]):
    """Places in columns; a source that says no more than path, label and part leaves the others None."""

    def __init__(self, paths: Texts, labels: Codes[str], parts: Codes[Part | None]) -> None:
        self.paths, self.labels, self.parts = paths, labels, parts
        self.groups: Texts | None = None
        self.weights: array[float] | None = None
        self.said_at: Texts | None = None
        self.stamps: Stamps | None = None

    @cached_property
    def hashes(self) -> Hashes:
        """(N,), of the paths."""
        return hashes_of(self.paths)

    @staticmethod
    def of(places: Iterable[Place]) -> "Places":
        """The places as they come."""
        made = Places(Texts(), Codes(), Codes())
        said_at, stamps = Texts(), array("q")
        for row, place in enumerate(places):
            made.paths.append(place.path)
            made.labels.append(place.label)
            made.parts.append(place.part)
            made.groups = grown(made.groups, place.group, row)
            made.weights = grown_numbers(made.weights, place.weight, row)
            said_at.append(place.said_at or "")
            stamps.extend(place.stamp or NO_STAMP)
        made.said_at, made.stamps = said_at, stamps_in(stamps)
        return made

    def taken(self, rows: Rows) -> "Places":
        """The places of these rows, in their order."""
        taken = Places(self.paths.taken(rows), self.labels.taken(rows), self.parts.taken(rows))
        taken.groups = self.groups and self.groups.taken(rows)
        taken.weights = self.weights and array("d", np.asarray(self.weights)[rows].tobytes())
        taken.said_at = self.said_at and self.said_at.taken(rows)
        taken.stamps = None if self.stamps is None else self.stamps[rows]
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
            stamp=None if self.stamps is None else (int(self.stamps[rows, 0]), int(self.stamps[rows, 1])),
            said_at=(self.said_at[rows] or None) if self.said_at else None,
        )
