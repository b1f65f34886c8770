"""Pictures that look like copies of one, so that no carved part is judged by what the others were learned from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tellapart.data.near import near_pairs
from tellapart.data.source import Entry, Value
from tellapart.data.thumbnails import thumbnail
from tellapart.data.units import Pair

if TYPE_CHECKING:
    from torch import Tensor

    from tellapart.data.stored import Stored

AT_ONCE = 256
"""Pictures that are asked for in one go."""
MOST = 200_000
"""Contents beyond which nothing is looked for: 60,000 take a minute on two cores, and time grows faster than they."""

log = logging.getLogger("tellapart")


def look_alikes(inputs: Callable[[Sequence[Entry]], Tensor | Stored], entries: Sequence[Entry]) -> list[Pair]:
    """The contents of each two pictures that look like copies of one: cropped, brightened, compressed or mirrored.

    inputs  some of the entries -> their pictures, uint8 (N, H, W, C)
    Of more than 200,000 pictures there are none, and a warning says so.
    """
    distinct = sorted({entry.digest: entry for entry in entries}.values(), key=lambda entry: entry.digest)
    if len(distinct) < 2:
        return []
    if len(distinct) > MOST:
        log.warning(
            "Near copies are not looked for among more than %s pictures: val and test may hold some.", f"{MOST:,}"
        )
        return []
    pairs = near_pairs(np.stack(list(_thumbnails(inputs, distinct))))
    return [(distinct[pair.first].digest, distinct[pair.second].digest) for pair in pairs]


def _thumbnails(inputs: Callable[[Sequence[Entry]], Tensor | Stored], entries: Sequence[Entry]) -> Iterator[Value]:
    for start in range(0, len(entries), AT_ONCE):
        for picture in inputs(entries[start : start + AT_ONCE])[:].numpy():
            yield thumbnail(picture, 1 if picture.shape[2] < 3 else 3)
