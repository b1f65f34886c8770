"""Columns of many short values that take next to no memory: a list of a million texts alone takes 90 MB."""

import hashlib
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from math import nan
from typing import Generic, TypeVar, overload

import numpy as np

T = TypeVar("T", bound=Hashable)
U = TypeVar("U", bound=Hashable)
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]
Hashes = np.ndarray[tuple[int], np.dtype[np.uint64]]
AT_ONCE = 1024
"""Texts that are made at a time, where all are gone through."""


class Texts(Sequence[str]):
    """Texts of any letters, in one run of bytes."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])
        for text in texts:
            self.append(text)

    def append(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, rows: int) -> str: ...
    @overload
    def __getitem__(self, rows: slice) -> list[str]: ...
    def __getitem__(self, rows: int | slice) -> str | list[str]:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                return [self[row] for row in range(start, stop, step)]
            ends = self._ends[start : max(start, stop) + 1]
            return [self._bytes[begin:end].decode("utf-8", "surrogatepass") for begin, end in pairwise(ends)]
        row = range(len(self))[rows]
        return self._bytes[self._ends[row] : self._ends[row + 1]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), AT_ONCE):
            yield from self[start : start + AT_ONCE]

    def taken(self, rows: Rows) -> "Texts":
        """The texts of these rows, in their order."""
        taken, ends = Texts(), np.asarray(self._ends)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            cuts = zip(ends[some].tolist(), ends[some + 1].tolist(), strict=True)
            taken._bytes += b"".join([self._bytes[begin:end] for begin, end in cuts])
        taken._ends.frombytes(np.cumsum(ends[rows + 1] - ends[rows]).tobytes())
        return taken


class Codes(Sequence[T], Generic[T]):
    """Values of which few differ, as a number each."""

    def __init__(self, values: Iterable[T] = ()) -> None:
        self.numbers = array("i")
        self._number: dict[T, int] = {}
        for value in values:
            self.append(value)

    def append(self, value: T) -> None:
        self.numbers.append(self._number.setdefault(value, len(self._number)))

    @property
    def values(self) -> list[T]:
        """The values that differ; one's place is its number."""
        return list(self._number)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, rows: int) -> T: ...
    @overload
    def __getitem__(self, rows: slice) -> list[T]: ...
    def __getitem__(self, rows: int | slice) -> T | list[T]:
        values = self.values
        if isinstance(rows, slice):
            return [values[number] for number in self.numbers[rows]]
        return values[self.numbers[rows]]

    def taken(self, rows: Rows) -> "Codes[T]":
        """The values of these rows, in their order."""
        taken: Codes[T] = Codes()
        taken._number = dict(self._number)
        taken.numbers.frombytes(np.asarray(self.numbers)[rows].tobytes())
        return taken

    def changed(self, change: Callable[[T], U]) -> "Codes[U]":
        """What becomes of each value; asked once for those that are equal."""
        changed: Codes[U] = Codes()
        new = np.array([changed._number.setdefault(value, len(changed._number)) for value in map(change, self.values)])
        changed.numbers.frombytes(new.astype(np.int32)[self.numbers].tobytes())
        return changed


def grown(texts: Texts | None, text: str | None, row: int) -> Texts | None:
    """The texts up to a row with the one in it, empty where there is none; None as long as no row has any."""
    if texts is None:
        if text is None:
            return None
        texts = Texts([""] * row)
    texts.append(text or "")
    return texts


def grown_numbers(numbers: "array[float] | None", number: float | None, row: int) -> "array[float] | None":
    """The same for numbers; NaN where there is none."""
    if numbers is None:
        if number is None:
            return None
        numbers = array("d", [nan]) * row
    numbers.append(nan if number is None else number)
    return numbers


def hashes_of(texts: Iterable[str]) -> Hashes:
    """A hash of 64 bits of each text, the same in every process."""
    digests = bytearray()
    for text in texts:
        digests += hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.frombuffer(digests, "<u8")
