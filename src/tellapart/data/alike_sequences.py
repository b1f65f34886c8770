"""Sequences that look like copies of one, so that no carved part is judged by what the others were learned from."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tellapart.data.gist import StepGist, WordGist, gist_of
from tellapart.data.near_sequences import MOST, near_sequences
from tellapart.data.source import Entry
from tellapart.data.units import Pair, units_of
from tellapart.names import listed, natural_key
from tellapart.types import PARTS, Kind

if TYPE_CHECKING:
    from tellapart.data.ragged import Ragged

AT_ONCE = 256
"""Sequences that are asked for in one go."""
ALL = ""
"""Stands for all classes together; a class has a name."""

log = logging.getLogger("tellapart")


def alike_sequences(inputs: Callable[[Sequence[Entry]], Ragged], kind: Kind, entries: Sequence[Entry]) -> list[Pair]:
    """The contents of each two that look like copies of one: see `near_series` and `near_texts` for which do.

    inputs  some of the entries -> their values, (T, C) or (T,) each
    Of more than 50,000 sequences there are none, and a warning says so. Nor are there of a class that is alike by
    nature, as forms are, or what a machine sends while all is well: kept together, it would miss from val or test.
    """
    distinct = sorted({entry.digest: entry for entry in entries}.values(), key=lambda entry: entry.digest)
    if len(distinct) < 2:
        return []
    if len(distinct) > MOST:
        log.warning(
            "Near copies are not looked for among more than %s sequences: val and test may hold some.", f"{MOST:,}"
        )
        return []
    pairs = near_sequences(list(_gists(inputs, distinct)), loudness=kind == "audio")
    found = [(distinct[pair.first].digest, distinct[pair.second].digest) for pair in pairs]
    alike = _alike_by_nature(entries, found)
    if alike:
        log.warning(
            "Near copies of %s are not kept together, so val and test may hold some: too many of them are alike.",
            "all classes" if ALL in alike else listed(sorted(alike, key=natural_key)),
        )
    labels = defaultdict[bytes, set[str]](lambda: {ALL})
    for entry in entries:
        labels[entry.digest].add(entry.label)
    return [pair for pair in found if not alike & (labels[pair[0]] | labels[pair[1]])]


def _gists(inputs: Callable[[Sequence[Entry]], Ragged], entries: Sequence[Entry]) -> Iterator[StepGist | WordGist]:
    for start in range(0, len(entries), AT_ONCE):
        values = inputs(entries[start : start + AT_ONCE])
        yield from (gist_of(values.one(row).numpy()) for row in range(len(values)))


def _alike_by_nature(entries: Sequence[Entry], pairs: Sequence[Pair]) -> set[str]:
    """Classes of which less than a unit for each part would be left, or of which more than half would lie in one.

    `ALL` is among them where that holds of all samples. Classes of fewer contents than parts have nothing to lose.
    """
    contents = {(label, entry.digest): entry for entry in entries for label in (ALL, entry.label)}
    units = units_of([replace(entry, group=None) for entry in contents.values()], pairs)
    sizes = defaultdict[str, Counter[bytes]](Counter)
    for (label, _), unit in zip(contents, units, strict=True):
        sizes[label][unit] += 1
    return {
        label
        for label, counts in sizes.items()
        if counts.total() >= len(PARTS) and (len(counts) < len(PARTS) or 2 * max(counts.values()) > counts.total())
    }
