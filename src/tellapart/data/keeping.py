"""Where decoded samples are kept: in memory, in a file on the disk that later runs find, or nowhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from tellapart.config import Cache, DataConfig
from tellapart.data.download import cache_home
from tellapart.data.pixels import FOLDER, pixels_of
from tellapart.data.ragged import Ragged
from tellapart.data.resize import Form, fit_picture
from tellapart.data.room import room_bytes
from tellapart.data.source import Entry, Source, Value
from tellapart.data.stored import Stored
from tellapart.errors import DataError, SettingError, UnreadableError
from tellapart.names import counted
from tellapart.types import Issue
from tellapart.world import available_cpus, free_memory_bytes

if TYPE_CHECKING:
    from torch import Tensor

MEMORY_SHARE = 0.6
"""Share of the free memory that decoded data may fill."""
CHUNK, AHEAD = 16, 16
"""Pictures that a thread is given at a time, and chunks that are begun before the first is asked for."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The samples of a source that could be decoded, and where their values are."""

    way: Literal["ram", "disk", "none"]
    readable: list[Entry]
    inputs: Callable[[Sequence[Entry]], Tensor | Stored | Ragged]
    """Some of them -> their values (N, H, W, C) or (N, F), or sequences, in that order."""
    issues: list[Issue]
    """One for each that could not be decoded."""

    def pictures(self, entries: Sequence[Entry]) -> Tensor | Stored:
        """The inputs of some where they are no sequences, as pictures never are."""
        found = self.inputs(entries)
        assert not isinstance(found, Ragged)
        return found

    def sequences(self, entries: Sequence[Entry]) -> Ragged:
        """The inputs of some where they are sequences."""
        found = self.inputs(entries)
        assert isinstance(found, Ragged)
        return found


def kept(source: Source, entries: Sequence[Entry], shape: tuple[int, ...], config: DataConfig) -> Kept:
    """The decoded samples, all of one shape, (H, W, C) or (F,), kept as the settings ask for."""
    way = way_of(source, len(entries), shape, config.cache)
    if way == "ram":
        return _in_memory(source, entries, shape, config)
    return (_on_disk if way == "disk" else _nowhere)(source, entries, shape, config)


def way_of(source: Source, count: int, shape: tuple[int, ...], asked: Cache) -> Literal["ram", "disk", "none"]:
    """Where the values are kept. Left open: in memory where they fit, else on the disk where they do, else nowhere."""
    decoded = count * int(np.prod(shape)) * (1 if source.kind == "image" else 4)
    need, free = 2 * decoded, free_memory_bytes()  # once as they are decoded, once in the order of the parts
    fits = free is None or need <= MEMORY_SHARE * free
    if source.in_memory or source.kind == "vector":
        if asked in ("disk", "none"):
            raise SettingError(f"cache is {asked!r}, but {source.name} lies in memory as it is: leave it out.")
        asked = "ram"
    if asked == "auto":
        return "ram" if fits else "disk" if decoded <= room_bytes(cache_home() / FOLDER) else "none"
    if asked == "ram" and not fits:
        ways = "a smaller --size or fewer of them" if source.in_memory else "--cache disk, a smaller --size or fewer"
        raise DataError(
            f"{counted(count, 'sample')} of {'x'.join(map(str, shape))} need {need / 1e9:.1f} GB of memory; "
            f"{(free or 0) / 1e9:.1f} GB are free. Take {ways}."
        )
    return asked


def _in_memory(source: Source, entries: Sequence[Entry], shape: tuple[int, ...], config: DataConfig) -> Kept:
    import torch

    whole = torch.empty((len(entries), *shape), dtype=torch.uint8 if source.kind == "image" else torch.float32)
    rows: dict[str, int] = {}
    readable: list[Entry] = []
    issues: list[Issue] = []
    filled = whole.numpy()
    for entry, value in decoded(source, entries, shape, config):
        if isinstance(value, UnreadableError):
            issues.append(unreadable(entry, value))
        else:
            filled[len(rows)] = value
            rows[entry.id] = len(rows)
            readable.append(entry)

    def inputs(chosen: Sequence[Entry]) -> Tensor:
        places = [rows[entry.id] for entry in chosen]
        if places == list(range(places[0], places[0] + len(places))):
            return whole[places[0] : places[-1] + 1]  # a part as it lies is not copied
        return whole[torch.tensor(places)]

    return Kept(way="ram", readable=readable, inputs=inputs, issues=issues)


def _on_disk(source: Source, entries: Sequence[Entry], shape: tuple[int, ...], config: DataConfig) -> Kept:
    import torch

    pixels = pixels_of(cache_home(), source.place, shape, config.fit_taken, len(entries))
    wrong: dict[str, UnreadableError] = {}

    def new(some: Sequence[Entry]) -> Iterator[tuple[bytes, Value]]:
        for entry, value in decoded(source, some, shape, config):
            if isinstance(value, UnreadableError):
                wrong[entry.id] = value
            else:
                yield entry.digest, value

    # one of each content; where that can't be read, the next of its copies
    while missing := {e.digest: e for e in entries if e.digest not in pixels.rows and e.id not in wrong}:
        pixels.add(new(list(missing.values())))
    whole = pixels.tensor()

    def inputs(chosen: Sequence[Entry]) -> Stored:
        places = torch.tensor([pixels.rows[entry.digest] for entry in chosen], dtype=torch.int64)
        return Stored(lambda rows: whole[places[rows]], (len(chosen), *shape))

    readable = [entry for entry in entries if entry.digest in pixels.rows]
    issues = [unreadable(entry, wrong[entry.id]) for entry in entries if entry.id in wrong]
    return Kept(way="disk", readable=readable, inputs=inputs, issues=issues)


def _nowhere(source: Source, entries: Sequence[Entry], shape: tuple[int, ...], config: DataConfig) -> Kept:
    """Decoded each time they are asked for; and once before, to find those that can't be."""
    import torch

    readable: list[Entry] = []
    issues: list[Issue] = []
    for entry, value in decoded(source, entries, shape, config):
        if isinstance(value, UnreadableError):
            issues.append(unreadable(entry, value))
        else:
            readable.append(entry)

    def inputs(chosen: Sequence[Entry]) -> Stored:
        def read(rows: Tensor) -> Tensor:
            asked = [chosen[row] for row in rows.tolist()]
            return torch.from_numpy(np.stack([_again(entry, v) for entry, v in decoded(source, asked, shape, config)]))

        return Stored(read, (len(chosen), *shape))

    return Kept(way="none", readable=readable, inputs=inputs, issues=issues)


def decoded(
    source: Source, entries: Sequence[Entry], shape: tuple[int, ...], config: DataConfig
) -> Iterator[tuple[Entry, Value | UnreadableError]]:
    """Each entry with its value, or with what is wrong with it; in order, decoded in parallel and not far ahead."""
    value = partial(_value, source, shape, config)
    if source.in_memory:
        yield from ((entry, value(entry)) for entry in entries)
        return
    begun: deque[tuple[Sequence[Entry], Future[list[Value | UnreadableError]]]] = deque()
    with ThreadPoolExecutor(len(available_cpus())) as pool:
        for start in range(0, len(entries), CHUNK):
            some = entries[start : start + CHUNK]
            begun.append((some, pool.submit(lambda some: [value(entry) for entry in some], some)))
            if len(begun) > AHEAD:
                yield from _done(*begun.popleft())
        for chunk in begun:
            yield from _done(*chunk)


def _done(
    entries: Sequence[Entry], values: Future[list[Value | UnreadableError]]
) -> Iterator[tuple[Entry, Value | UnreadableError]]:
    yield from zip(entries, values.result(), strict=True)


def _value(source: Source, shape: tuple[int, ...], config: DataConfig, entry: Entry) -> Value | UnreadableError:
    try:
        if source.kind != "image":
            return source.value(entry)
        height, width, channels = shape
        form = Form(height=height, width=width, channels=channels, fit=config.fit_taken)
        return fit_picture(source.value(entry, form), height, width, channels, config.fit_taken)
    except UnreadableError as error:
        return error


def _again(entry: Entry, value: Value | UnreadableError) -> Value:
    """A value that was readable before."""
    if isinstance(value, UnreadableError):
        raise DataError(f"{entry.id}: could be read when training began, and now: {value}. Bring it back, and resume.")
    return value


def unreadable(entry: Entry, error: UnreadableError) -> Issue:
    return Issue(path=entry.id, kind="unreadable", detail=str(error), suggestion="replace or remove the file")
