"""Entries in columns: a million of them take about 80 MB, and each is made when it is asked for."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import overload

from tellapart.data.source import Entry
from tellapart.data.texts import AT_ONCE, Codes, Texts, grown, grown_numbers
from tellapart.types import Part

DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Entries(Sequence[Entry]):
    """Like a tuple of entries."""

    ids: Texts
    labels: Codes[str]
    parts: Codes[Part | None]
    digests: bytes
    """16 bytes each."""
    shapes: Codes[tuple[int, ...]]
    groups: Texts | None = None
    """Empty where there is none."""
    weights: "array[float] | None" = None
    """NaN where there is none."""
    blocks: "array[int] | None" = None

    @staticmethod
    def of(entries: Iterable[Entry]) -> "Entries":
        """The entries as they come."""
        ids, labels, parts, shapes = Texts(), Codes[str](), Codes[Part | None](), Codes[tuple[int, ...]]()
        digests, blocks = bytearray(), array("i")
        groups: Texts | None = None
        weights: array[float] | None = None
        for row, entry in enumerate(entries):
            ids.append(entry.id)
            labels.append(entry.label)
            parts.append(entry.part)
            shapes.append(entry.shape)
            blocks.append(entry.block)
            digests += entry.digest
            groups = grown(groups, entry.group, row)
            weights = grown_numbers(weights, entry.weight, row)
        return Entries(
            ids=ids,
            labels=labels,
            parts=parts,
            digests=bytes(digests),
            shapes=shapes,
            groups=groups,
            weights=weights,
            blocks=blocks if any(blocks) else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, rows: int) -> Entry: ...
    @overload
    def __getitem__(self, rows: slice) -> list[Entry]: ...
    def __getitem__(self, rows: int | slice) -> Entry | list[Entry]:
        if isinstance(rows, int):
            row = range(len(self))[rows]
            return self[row : row + 1][0]
        start, stop, step = rows.indices(len(self))
        if step != 1:
            return [self[row] for row in range(start, stop, step)]
        columns = (self.ids, self.labels, self.parts, self.shapes)
        sparse = ((self.groups, ""), (self.weights, nan), (self.blocks, 0))
        rest = (column[rows] if column else [empty] * (stop - start) for column, empty in sparse)
        return [
            Entry(
                id=name,
                label=label,
                part=part,
                digest=self.digests[row * DIGEST_BYTES : (row + 1) * DIGEST_BYTES],
                shape=shape,
                group=group or None,
                weight=None if isnan(weight) else weight,
                block=block,
            )
            for row, (name, label, part, shape, group, weight, block) in enumerate(
                zip(*(column[rows] for column in columns), *rest, strict=True), start
            )
        ]

    def __iter__(self) -> Iterator[Entry]:
        for start in range(0, len(self), AT_ONCE):
            yield from self[start : start + AT_ONCE]

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds equal entries in the same order."""
        if not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
