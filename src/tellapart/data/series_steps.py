"""Steps of many series, as they come in the rows of a table, brought together series by series and sorted by time."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tellapart.data.labelled_rows import Said, said_in
from tellapart.data.sources.columns import SaidColumns
from tellapart.data.tasks import worded

Series = np.ndarray[Any, np.dtype[np.float32]]


class Steps:
    """Rows of series, each with its time and its values, and what they say of the series that they belong to."""

    def __init__(self, columns: SaidColumns) -> None:
        """columns  of the class, part and so on, in the words that `add` is given."""
        self._columns = columns
        self._numbers: dict[str, int] = {}
        self._said: list[Said] = []
        self._lines: list[int] = []
        self._odd: set[int] = set()
        self._understood: dict[tuple[str, ...], Said | tuple[str, str]] = {}
        self._of, self._times = array("q"), array("d")
        self._values: list[Series] = []

    def add(self, line: int, words: tuple[str, ...]) -> tuple[str, str] | None:
        """Take in a row whose first words are its series and its time; or the kind and detail of what is wrong with it.

        A series that says two things of itself is left out, whatever follows.
        """
        said = self._understood.get(words[2:])
        if said is None:
            said = self._understood[words[2:]] = said_in(words, self._columns)
        if not isinstance(said, Said):
            return said
        time = seconds_of(words[1])
        if time is None:
            return "no-time", f"time {words[1][:40]!r}; must be a number, or as in 2024-12-31T23:59:59"
        if not words[0]:
            return "no-id", "it does not say which series it is of"
        number = self._numbers.setdefault(words[0], len(self._numbers))
        if number == len(self._said):
            self._said.append(said)
            self._lines.append(line)
        elif said is not self._said[number] and said != self._said[number] and number not in self._odd:
            return self._conflict(number, words[0], said)
        self._of.append(number)
        self._times.append(time)
        return None

    def add_values(self, values: Series) -> None:
        """(rows, C), of the rows that were taken in since it was called last."""
        self._values.append(values)

    def series(self) -> Iterator[tuple[int, str, Series, Said]]:
        """First line, name, values (T, C) by time, and what is said, of each series that does not contradict itself."""
        if not self._of:
            return
        of = np.asarray(self._of)
        order = np.lexsort((np.asarray(self._times), of))
        values = np.concatenate(self._values)[order]
        ends = np.cumsum(np.bincount(of, minlength=len(self._said))).tolist()
        begin = 0
        for number, (name, end) in enumerate(zip(self._numbers, ends, strict=True)):
            if number not in self._odd:
                yield self._lines[number], name, values[begin:end], self._said[number]
            begin = end

    def _conflict(self, number: int, name: str, said: Said) -> tuple[str, str]:
        self._odd.add(number)
        before, line = self._said[number], self._lines[number]
        if said.label != before.label:
            both = f"{worded(said.label)!r} here, but {worded(before.label)!r} in line {line:,}"
        else:
            both = f"another part, group or weight than in line {line:,}"
        return "conflict", f"series {name[:60]!r}: {both}; the series is left out"


def seconds_of(text: str) -> float | None:
    """A time as a number: as it is, or a date of ISO 8601 in seconds since 1970, of UTC where it says no zone."""
    try:
        number = float(text)
        return number if math.isfinite(number) else None
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
