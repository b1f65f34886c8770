"""A picture in a few numbers that light and small shifts hardly change, and the search for near ones."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tellapart.data.thumbnails import SIDE

if TYPE_CHECKING:
    from torch import Tensor

WINDOW = 28
"""Pixels a side of the part of a thumbnail that a sketch is made of; so it can be moved."""
LIGHT, COLOUR = 5, 2
"""Waves of the sketch: of the light and of each of two colour differences; the sum of both directions, at most."""
OPPONENTS = np.array([[1, 1, 1], [1, -1, 0], [0.5, 0.5, -1]]) / 3
"""Rows: light, red against green, yellow against blue."""
AT_ONCE = 512
"""Pictures sketched, or compared with others, in one go."""
EXACT = 8_000
"""Up to so many pictures each is compared with each; of more, with those in the same cells."""
IN_A_CELL = 250
"""Pictures for each cell that there is; so the work grows with their number, not with its square."""
CELLS_EACH = 4
"""Cells that a sketch is put into: those of the nearest centres."""


@dataclass(frozen=True, kw_only=True)
class View:
    """How a thumbnail is looked at before it is compared."""

    mirrored: bool = False
    zoom: tuple[int, int] | None = None
    """Top and left of the 28 pixels a side that are enlarged to 32; None looks at all of it."""
    shift: tuple[int, int] = (0, 0)
    """Down and right, by which the part that is sketched lies off the middle."""


def sketches(pictures: Tensor, view: View) -> Tensor:
    """float32 (N, D), each of length 1: the slow waves of each picture in a view, and its colour against grey.

    pictures  uint8 (N, 32, 32, C)
    A wave of the discrete cosine transform counts by the square root of its frequency, for in photos the slow ones are
    the strongest. The mean light does not count. The sketch of a grey picture of one tone is next to zero.
    """
    import torch

    waves = _waves(pictures.shape[3], view.shift)
    drawn = torch.empty(len(pictures), waves.shape[1])
    for start in range(0, len(pictures), AT_ONCE):
        seen = viewed(pictures[start : start + AT_ONCE], view)
        drawn[start : start + AT_ONCE] = seen.flatten(1) @ waves
    return torch.nn.functional.normalize(drawn, dim=1, eps=1)


def viewed(pictures: Tensor, view: View) -> Tensor:
    """float32 (N, C, 32, 32): thumbnails uint8 (N, 32, 32, C) mirrored and enlarged as the view says."""
    planes = pictures.permute(0, 3, 1, 2).float()
    if view.mirrored:
        planes = planes.flip(3)
    if view.zoom is None:
        return planes.contiguous()
    top, left = view.zoom
    enlarging = _enlarging()
    return enlarging @ planes[:, :, top : top + WINDOW, left : left + WINDOW] @ enlarging.T


def nearest(seen: Tensor, plain: Tensor, centres: Tensor | None, count: int) -> tuple[Tensor, Tensor]:
    """The `count` likeliest others of each sketch: cosines float32 (N, count) and rows int64 (N, count).

    seen     float32 (N, D), the sketches in a view
    plain    float32 (N, D), those of the same pictures as they are; no row is its own neighbour
    centres  float32 (K, D), of the cells; None compares each with each
    Where fewer are compared, cosines of -1 fill the rest.
    """
    import torch

    per = 1 if centres is None else min(CELLS_EACH, len(centres))
    values, rows = torch.full((len(seen), per * count), -1.0), torch.zeros((len(seen), per * count), dtype=torch.int64)
    for members, slots, others in _compared(seen, plain, centres):
        cosines = seen[members] @ plain[others].T
        cosines[members[:, None] == others] = -1
        value, place = cosines.topk(min(count, len(others)), dim=1)
        columns = slots[:, None] * count + torch.arange(value.shape[1])
        values[members[:, None], columns], rows[members[:, None], columns] = value, others[place]
    value, column = largest(values, rows, count)
    return value, rows.gather(1, column)


def largest(values: Tensor, rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest values of each line and their columns; of several that stand for one row, the largest.

    values  float32 (N, M)
    rows    int64 (N, M), what each value stands for
    """
    import torch

    by_value, column = values.sort(dim=1, descending=True, stable=True)
    by_row, place = rows.gather(1, column).sort(dim=1, stable=True)
    again = torch.zeros_like(rows, dtype=torch.bool)
    again[:, 1:] = by_row[:, 1:] == by_row[:, :-1]
    kept = by_value.masked_fill(torch.zeros_like(again).scatter_(1, place, again), -1)
    value, chosen = kept.topk(min(count, kept.shape[1]), dim=1)
    return value, column.gather(1, chosen)


def centres_of(plain: Tensor) -> Tensor | None:
    """Sketches that cells form around, one for 250; None where each is compared with each.

    They are drawn by a hash of the sketch, so that the order of the pictures has no say.
    """
    import torch

    if len(plain) <= EXACT:
        return None
    hashes = [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in plain.numpy()]
    order = sorted(range(len(hashes)), key=hashes.__getitem__)
    return plain[torch.tensor(order[: max(CELLS_EACH, len(plain) // IN_A_CELL)])]


def _compared(seen: Tensor, plain: Tensor, centres: Tensor | None) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Rows of `seen`, which of its cells each is in, and the rows of `plain` that they are compared with."""
    import torch

    if centres is None:
        everyone = torch.arange(len(plain))
        for start in range(0, len(seen), AT_ONCE):
            members = everyone[start : start + AT_ONCE]
            yield members, torch.zeros_like(members), everyone
        return
    homes, cells = _cells(plain, centres), _cells(seen, centres)
    for (members, slots), (others, _) in zip(cells, homes, strict=True):
        for start in range(0, len(members) if len(others) else 0, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            yield members[part], slots[part], others


def _cells(points: Tensor, centres: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Of each cell the rows of the points in it, and the how-manieth of its cells it is for each."""
    import torch

    count = min(CELLS_EACH, len(centres))
    blocks = (points[start : start + AT_ONCE] for start in range(0, len(points), AT_ONCE))
    chosen = torch.cat([(block @ centres.T).topk(count, dim=1).indices for block in blocks]).flatten()
    order = chosen.argsort(stable=True)
    ends = chosen.bincount(minlength=len(centres)).cumsum(0)[:-1]
    return list(zip((order // count).tensor_split(ends), (order % count).tensor_split(ends), strict=True))


@cache
def _waves(channels: int, shift: tuple[int, int]) -> Tensor:
    """float32 (C * 32 * 32, D): what the planes of a thumbnail are multiplied by."""
    import torch

    light = _window(LIGHT, shift)[1:]
    if channels == 1:
        return torch.from_numpy(light.reshape(len(light), -1).T.copy()).float()
    colour = _window(COLOUR, shift)
    made = [np.multiply.outer(OPPONENTS[0], wave) for wave in light]
    made += [np.multiply.outer(row, wave) for row in OPPONENTS[1:] for wave in colour]
    return torch.from_numpy(np.stack(made).reshape(len(made), -1).T.copy()).float()


def _window(most: int, shift: tuple[int, int]) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    """Waves (D, 32, 32) of a window, each weighed by the square root of its frequency; the first is the mean."""
    margin = (SIDE - WINDOW) // 2
    top, left = margin + shift[0], margin + shift[1]
    x = (np.arange(WINDOW) + 0.5) * math.pi / WINDOW
    pairs = [(down, across) for down in range(most + 1) for across in range(most + 1 - down)]
    made = np.zeros((len(pairs), SIDE, SIDE))
    for wave, (down, across) in zip(made, pairs, strict=True):
        core = np.outer(np.cos(down * x), np.cos(across * x))
        weight = math.sqrt(max(1, down + across)) / np.linalg.norm(core)
        wave[top : top + WINDOW, left : left + WINDOW] = core * weight
    return made


@cache
def _enlarging() -> Tensor:
    """float32 (32, 28): what a line of 28 pixels is multiplied by to be one of 32, bilinear."""
    import torch

    place = (np.arange(SIDE) + 0.5) * WINDOW / SIDE - 0.5
    below = np.clip(np.floor(place).astype(int), 0, WINDOW - 2)
    share = np.clip(place - below, 0, 1)
    made = np.zeros((SIDE, WINDOW))
    made[np.arange(SIDE), below], made[np.arange(SIDE), below + 1] = 1 - share, share
    return torch.from_numpy(made).float()
