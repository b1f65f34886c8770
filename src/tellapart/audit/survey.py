"""One look at every sample: what all findings are made from, in a few kilobytes each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tellapart.audit.look import Look, look_at
from tellapart.data.agreement import agreeing
from tellapart.data.decode import described
from tellapart.data.source import Entry, Source, Value
from tellapart.data.tasks import apart
from tellapart.data.thumbnails import SIDE, thumbnail
from tellapart.data.traits import Traits
from tellapart.errors import DataError, UnreadableError
from tellapart.names import natural_key
from tellapart.types import SEQUENCES, Issue, Kind, Task
from tellapart.world import available_cpus

Array = np.ndarray[Any, Any]

CHUNK = 16
"""Pictures that a thread is given at a time."""
LARGEST_SIDE = 512
"""Pixels a side above which every second, third, ... pixel alone is looked at for sharpness."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is known of a source after each of its samples was decoded once."""

    name: str
    entries: tuple[Entry, ...]
    """Those that can be decoded (N,)."""
    lost: tuple[str, ...]
    """Classes of which none can."""
    issues: tuple[Issue, ...]
    """What is no sample, or can't be decoded."""
    thumbnails: Array | None
    """uint8 (N, 32, 32, C); None where the samples are no pictures."""
    sharpness: Array
    """float64 (N,), the variance of the Laplacian over that of the grey values; NaN for a picture of one colour."""
    traits: Mapping[Traits, int] = field(default_factory=Counter)
    """How many of the files are such; empty where the samples are no files."""
    vectors: Array | None = None
    """float32 (N, F); None where the samples are no vectors."""
    kind: Kind = "image"
    looks: tuple[Look, ...] = ()
    """Of sequences, what was seen of each (N,)."""
    tasks: tuple[Task, ...] = ()
    """What the labels answer, where that is not one class out of all."""
    separator: str | None = None
    """What stands between the labels of a sample, where it may have several."""

    @cached_property
    def by_class(self) -> tuple[Entry, ...]:
        """The entries, each once for each of its classes."""
        return tuple(apart(self.entries, self.tasks, self.separator))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(entry.label for entry in self.entries)

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the samples that can be decoded, naturally sorted."""
        return tuple(sorted({entry.label for entry in self.entries}, key=natural_key))


def surveyed(source: Source) -> Survey:
    """Decode every sample once; memory is 3 KB for each picture. DataError where none can be read."""
    if source.kind in SEQUENCES:
        return _of_sequences(source)
    entries, issues = source.entries()
    channels = 3 if any(len(entry.shape) == 3 and entry.shape[2] >= 3 for entry in entries) else 1
    shape, dtype = ((SIDE, SIDE, channels), np.uint8) if source.kind == "image" else (entries[0].shape, np.float32)
    values, sharp = np.empty((len(entries), *shape), dtype), np.empty(len(entries))
    traits: Counter[Traits] = Counter()
    kept: list[Entry] = []
    unreadable = list(issues)
    for entry, look in zip(entries, _looks(source, entries, channels), strict=True):
        if isinstance(look, UnreadableError):
            suggestion = "It is left out; replace or delete it."
            unreadable.append(Issue(path=entry.id, kind="unreadable", detail=str(look), suggestion=suggestion))
        else:
            values[len(kept)], sharp[len(kept)], said = look
            traits.update([said] if said else [])
            kept.append(entry)
    if not kept:
        raise DataError(f"{source.name}: none of the samples can be read. {unreadable[0].detail if unreadable else ''}")
    values, sharp = values[: len(kept)], sharp[: len(kept)]
    return Survey(
        name=source.name,
        entries=tuple(kept),
        lost=_lost(entries, kept, unreadable),
        issues=tuple(unreadable),
        thumbnails=values if source.kind == "image" else None,
        vectors=values if source.kind == "vector" else None,
        sharpness=sharp,
        traits=traits,
        kind=source.kind,
    )


def _of_sequences(source: Source) -> Survey:
    """The same of series, recordings and texts, one after the other."""
    given, issues = source.entries()
    entries, strangers = agreeing(source.kind, given)
    kept: list[Entry] = []
    looks: list[Look] = []
    unreadable = [*issues, *strangers]
    for entry in entries:
        try:
            looks.append(look_at(source.value(entry)))
            kept.append(entry)
        except UnreadableError as error:
            suggestion = "It is left out; replace or delete it."
            unreadable.append(Issue(path=entry.id, kind="unreadable", detail=str(error), suggestion=suggestion))
    if not kept:
        raise DataError(f"{source.name}: none of the samples can be read. {unreadable[0].detail if unreadable else ''}")
    return Survey(
        name=source.name,
        entries=tuple(kept),
        lost=_lost(entries, kept, unreadable),
        issues=tuple(unreadable),
        thumbnails=None,
        sharpness=np.full(len(kept), np.nan),
        kind=source.kind,
        looks=tuple(looks),
    )


def _lost(entries: Sequence[Entry], kept: Sequence[Entry], issues: Sequence[Issue]) -> tuple[str, ...]:
    """Classes without a sample that can be decoded, naturally sorted.

    Of a file whose header can't be read the class is known where the folders of all others are named like theirs.
    """
    depth = 1 if any(entry.part for entry in entries) else 0
    known = {entry.label for entry in entries}
    if all(entry.id.split("/")[depth : depth + 1] == [entry.label] for entry in entries):
        unread = (issue.path.split("/") for issue in issues if issue.kind == "unreadable")
        known |= {folders[depth] for folders in unread if len(folders) > depth + 1}
    return tuple(sorted(known - {entry.label for entry in kept}, key=natural_key))


def _looks(
    source: Source, entries: Sequence[Entry], channels: int
) -> Iterator[tuple[Value, float, Traits | None] | UnreadableError]:
    """Thumbnail, sharpness and traits of each picture, or what is wrong with it; in order, decoded in parallel."""

    def look(entry: Entry) -> tuple[Value, float, Traits | None] | UnreadableError:
        try:
            content = source.content(entry)
            value, traits = (source.value(entry), None) if content is None else described(content)
        except UnreadableError as error:
            return error
        return (
            *((thumbnail(value, channels), sharpness(value)) if source.kind == "image" else (value, np.nan)),
            traits,
        )

    if source.in_memory:
        yield from map(look, entries)
        return
    with ThreadPoolExecutor(len(available_cpus())) as pool:
        chunks = [entries[start : start + CHUNK] for start in range(0, len(entries), CHUNK)]
        for looks in pool.map(lambda chunk: [look(entry) for entry in chunk], chunks):
            yield from looks


def sharpness(picture: Value) -> float:
    """How much neighbouring pixels differ, for how much all of them do; NaN for a picture of one colour.

    The variance of the Laplacian is the measure of Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
    microscopy"; over the variance of the grey values it does not follow the contrast.
    """
    step = -(-max(picture.shape[:2]) // LARGEST_SIDE)
    grey = picture[::step, ::step, 1 if picture.shape[2] >= 3 else 0].astype(np.float32)
    spread = float(grey.var())
    if spread == 0 or min(grey.shape) < 3:
        return float("nan")
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(edges.var()) / spread
