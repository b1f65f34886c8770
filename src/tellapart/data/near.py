"""Near copies: pairs of pictures that differ by no more than a small crop or shift, light, compression or a mirror."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tellapart.data.sketch import View, centres_of, largest, nearest, sketches, viewed
from tellapart.data.thumbnails import SIDE, flat

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray[Any, Any]

NEAREST = 8
"""Candidates that each picture is held against."""
CANDIDATE = 0.8
"""Least likeness of two sketches, a cosine, for their pictures to be held against each other."""
SHIFT = 4
"""Pixels of a thumbnail by which two copies may lie apart, each way."""
COPY = 0.85
"""Least correlation of the pixels of a copy, once it lies where it fits best."""
DETAIL, DETAIL_OF_LITTLE = 0.8, 0.9
"""Least correlation of its details: of what is left when the mean of the 7x7 pixels around each is taken off.

The larger one holds where they lie in few places, as those of a ship on the sea: there is less to tell by. Both were
chosen on CIFAR-10's training pictures, by how many pairs are in two classes, and by eye.
"""
LITTLE, PLENTY = 0.25, 0.5
"""Share of the picture that its details fill, up to which the one and from which on the other holds."""
STANDS_OUT = 0.5
"""Most that a copy may lack of a correlation of 1, as a share of what the last candidate lacks."""
NO_COPY = COPY - 1e-3
"""What a pair counts for whose details differ, however near the rest is."""
CROWDED = 0.75
"""Correlation of the typical picture with the fifth of its candidates from which on likeness is the nature of a set."""
COPY_IN_CROWD = 0.998
"""Least correlation of the pixels of a copy in such a set."""
PAIRS = 1024
"""Pairs whose pixels are compared in one go."""

SHIFTS = ((0, 0), (2, 0), (0, 2), (2, 2), (2, -2))
"""The other way round they are found from the other side."""
ZOOMS = ((2, 2), (0, 0), (0, 4), (4, 0), (4, 4))
VIEWS = tuple(
    view
    for mirrored in (False, True)
    for view in (
        *(View(mirrored=mirrored, shift=shift) for shift in SHIFTS),
        *(View(mirrored=mirrored, zoom=zoom) for zoom in ZOOMS),
    )
)
"""The ways each picture is looked at to find what it may be a copy of."""


@dataclass(frozen=True, kw_only=True)
class NearPair:
    """Two pictures that look like copies of one."""

    first: int
    """Row of the thumbnails; below `second`."""
    second: int
    likeness: float
    """Correlation of their pixels where they fit best, in [-1, 1]."""
    mirrored: bool
    """Whether one is the mirror image of the other."""


def near_pairs(thumbnails: np.ndarray[Any, Any]) -> list[NearPair]:
    """The pairs among pictures that look like copies, by first and second row.

    thumbnails  uint8 (N, 32, 32, C)
    Each picture is held against the 8 whose sketches are nearest to its own in any of 20 views: shifted, enlarged and
    mirrored ones. A pair is one where the pixels correlate by 0.85 at the best of 81 small shifts and their details by
    0.8 to 0.9, which tells two ships on the sea from one ship twice; and where that stands out: it lacks at most half
    of what the last of the 8 lacks. Where the typical picture correlates by 0.75 with five others, they are alike by
    nature, as handwritten digits or the frames of a film, and 0.998 is asked for. Light and contrast do not count: a
    correlation does not see them. A picture of one colour is a copy of none. Of more than 8,000 pictures each is
    compared with those in the same cells alone (see `sketch`).
    """
    import torch

    if len(thumbnails) < 2:
        return []
    with torch.inference_mode():
        pictures = torch.from_numpy(thumbnails)
        others, views = candidates(pictures)
        likeness = _likenesses(pictures, others, views).numpy()
    likeness[flat(thumbnails)] = -1
    return _standing_out(others.numpy(), views.numpy(), likeness)


def candidates(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the nearest others of each picture, and in which view it is near: int64 (N, 8), view -1 for none."""
    import torch

    plain = sketches(pictures, View())
    centres = centres_of(plain)
    values = torch.full((len(plain), NEAREST), -1.0)
    others, views = torch.zeros((2, len(plain), NEAREST), dtype=torch.int64)
    for number, view in enumerate(VIEWS):
        value, other = nearest(sketches(pictures, view), plain, centres, NEAREST)
        value, other = torch.cat([values, value], 1), torch.cat([others, other], 1)
        values, column = largest(value, other, NEAREST)
        others = other.gather(1, column)
        views = torch.cat([views, torch.full_like(views, number)], 1).gather(1, column)
    return others, views.masked_fill(values < CANDIDATE, -1)


def _likenesses(pictures: Tensor, others: Tensor, views: Tensor) -> Tensor:
    """Correlation of the pixels of each picture with each of its candidates, float32 (N, 8); -1 for none."""
    import torch

    found = torch.full(others.shape, -1.0)
    for mirrored, zoom in sorted({(view.mirrored, view.zoom) for view in VIEWS}, key=str):
        numbers = torch.tensor([n for n, v in enumerate(VIEWS) if (v.mirrored, v.zoom) == (mirrored, zoom)])
        asked = torch.isin(views, numbers).nonzero()
        for start in range(0, len(asked), PAIRS):
            rows, places = asked[start : start + PAIRS].unbind(1)
            seen = viewed(pictures[rows], View(mirrored=mirrored, zoom=zoom))
            whole = viewed(pictures[others[rows, places]], View())
            alike = correlation(seen, whole)
            near = alike >= COPY
            alike[near] = alike[near].where(_same_details(seen[near], whole[near]), NO_COPY)
            found[rows, places] = alike
    return found


def _same_details(seen: Tensor, whole: Tensor) -> Tensor:
    """Whether the details of two pictures are the same, bool (B,): the surer, the fewer there are."""
    import torch

    one, other = _details(seen), _details(whole)
    filled = torch.minimum(_filled(one), _filled(other))
    scarcity = ((PLENTY - filled) / (PLENTY - LITTLE)).clamp(0, 1)
    return correlation(one, other) >= DETAIL + (DETAIL_OF_LITTLE - DETAIL) * scarcity


def _filled(details: Tensor) -> Tensor:
    """Share of the picture that details fill (B,): (sum e)^2 / (n sum e^2) of the energies e of its n inner cells."""
    from torch.nn.functional import avg_pool2d

    energy = avg_pool2d((details**2).sum(1, keepdim=True), 4)[:, 0, 1:-1, 1:-1].flatten(1)
    return energy.sum(1) ** 2 / (energy.shape[1] * (energy**2).sum(1)).clamp_min(1e-9)


def _details(planes: Tensor) -> Tensor:
    """Each pixel (B, C, 32, 32) without the mean of the 7x7 around it; softened, so that half a pixel is not far."""
    from torch.nn.functional import avg_pool2d, pad

    fine = pad(planes - avg_pool2d(pad(planes, (3, 3, 3, 3), mode="replicate"), 7, 1), (1, 1, 1, 1), mode="replicate")
    fine = fine[..., :-2] + 2 * fine[..., 1:-1] + fine[..., 2:]
    return fine[..., :-2, :] + 2 * fine[..., 1:-1, :] + fine[..., 2:, :]


def correlation(seen: Tensor, whole: Tensor) -> Tensor:
    """The largest correlation of the middle of one picture with a part of the other, over all small shifts, (B,).

    seen, whole  float32 (B, C, 32, 32); each channel's mean is taken off the middle, so light does not count
    All shifts are tried at once: products with a shifted picture are a product of their Fourier transforms.
    """
    import torch

    inner, places = SIDE - 2 * SHIFT, 2 * SHIFT + 1
    middle = seen[:, :, SHIFT : SHIFT + inner, SHIFT : SHIFT + inner]
    middle = middle - middle.mean((2, 3), keepdim=True)
    size = (SIDE, SIDE)
    product = torch.fft.rfft2(middle, size).conj() * torch.fft.rfft2(whole)
    dots = torch.fft.irfft2(product.sum(1), size)[:, :places, :places]
    whole = whole - whole.mean((2, 3), keepdim=True)  # small numbers keep the difference of squares exact
    spread = _window_means(whole**2, inner) - _window_means(whole, inner) ** 2
    energy = (spread.sum(1).clamp_min(0) * inner**2) * (middle**2).sum((1, 2, 3))[:, None, None]
    alike = torch.where(energy > 1, dots / energy.clamp_min(1).sqrt(), -1)
    return alike.flatten(1).amax(1).clamp(-1, 1)


def _window_means(planes: Tensor, side: int) -> Tensor:
    """Mean of each square of `side` pixels in (B, C, H, W); of lines first, since pooling squares at once is slow."""
    from torch.nn.functional import avg_pool2d

    return avg_pool2d(avg_pool2d(planes, (side, 1), 1), (1, side), 1)


def _standing_out(others: Array, views: Array, likeness: Array) -> list[NearPair]:
    """The candidates that are copies, each pair once with the larger of its two likenesses."""
    lacks = 1 - likeness.min(axis=1, keepdims=True)
    copies = (likeness >= COPY) & (1 - likeness <= STANDS_OUT * lacks)
    if np.median(np.sort(likeness, axis=1)[:, -min(5, likeness.shape[1])]) >= CROWDED:
        copies &= likeness >= COPY_IN_CROWD
    found: dict[tuple[int, int], NearPair] = {}
    for row, place in np.argwhere(copies).tolist():
        first, second = sorted((row, int(others[row, place])))
        known, alike = found.get((first, second)), float(likeness[row, place])
        if known is None or known.likeness < alike:
            mirrored = VIEWS[views[row, place]].mirrored
            found[first, second] = NearPair(first=first, second=second, likeness=alike, mirrored=mirrored)
    return [found[pair] for pair in sorted(found)]
