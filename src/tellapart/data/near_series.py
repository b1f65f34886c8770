"""Near copies among series and recordings: the same steps but for rounding or a little noise, or how loud they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tellapart.data.gist import StepGist
from tellapart.data.sketch import centres_of, nearest

Array = np.ndarray[Any, Any]

NEAREST = 8
"""Others that each is held against."""
COPY = 0.02
"""Largest difference of two copies, as a share of how much they themselves vary."""
CROWDED = 0.1
"""Difference of the typical one from the fifth of its nearest up to which being alike is the nature of a set."""
COPY_IN_CROWD = 1e-4
"""Largest difference of two copies in such a set: that of rounding."""
MASKS_APART = 0.01
"""Share of the steps that may be missing in one alone."""
ROUNDING = 1e-4
"""How much of the deviation of all of them one varies at most by rounding alone."""
AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class NearSequence:
    """Two sequences that look like copies of one."""

    first: int
    """Row; below `second`."""
    second: int
    said: str
    """How alike they are, in words."""


def near_series(gists: Sequence[StepGist], *, loudness: bool) -> list[NearSequence]:
    """The pairs that are of one length and differ by at most 2 % of how much they vary, by first and second row.

    loudness  whether each is brought to the same mean and deviation before, as recordings are
    Where the typical one differs by less than a tenth from five others of its length, they are alike by nature, and
    two are copies up to rounding alone. What never changes is a copy of none.
    """
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, gist in enumerate(gists):
        groups[gist.shape].append(row)
    found: dict[tuple[int, int], float] = {}
    fifth: list[float] = []
    for rows in (rows for shape, rows in groups.items() if len(rows) > 1 and 0 not in shape):
        for row, others, apart in _compared(np.stack([gists[row].steps for row in rows]), loudness):
            if len(others) >= 5:
                fifth.append(float(np.sort(apart)[4]))
            for other, share in zip(others.tolist(), apart.tolist(), strict=True):
                if share <= COPY:
                    found[(rows[min(row, other)], rows[max(row, other)])] = share
    most = COPY_IN_CROWD if fifth and np.median(fifth) < CROWDED else COPY
    return [
        NearSequence(first=first, second=second, said=f"they differ by {100 * share:.2g} % of how much they vary")
        for (first, second), share in sorted(found.items())
        if share <= most
    ]


def _compared(steps: Array, loudness: bool) -> Iterator[tuple[int, Array, Array]]:
    """Row, its nearest others, and how far each is from it, as a share of how much they vary; infinite for none.

    steps  float32 (n, t, C)
    """
    values, vary = _evened(steps, loudness)
    others, missing = _nearest(values), np.isnan(values)
    for start in range(0, len(values), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        gaps = values[rows, None] - values[others[rows]]
        masks = (missing[rows, None] ^ missing[others[rows]]).mean(2)
        with np.errstate(invalid="ignore", divide="ignore"):
            distance = np.sqrt(np.nansum(gaps**2, 2) / np.maximum(1, (~np.isnan(gaps)).sum(2)))
            apart = distance / np.minimum(vary[rows, None], vary[others[rows]])
        apart[(masks > MASKS_APART) | ~np.isfinite(apart)] = np.inf
        for row, (near, shares) in enumerate(zip(others[rows], apart, strict=True), start):
            yield row, near, shares


def _evened(steps: Array, loudness: bool) -> tuple[Array, Array]:
    """Values (n, t * C) on one scale for all channels, and how much each of the series varies (n,), 0 for one level."""
    there = ~np.isnan(steps)
    axes = (1, 2) if loudness else (0, 1)
    mean, std = _moments(steps, there, axes)
    values = (steps - mean) / np.where(std > 0, std, 1)
    own = _moments(values, there, (1,))[1][:, 0]
    vary = np.sqrt((own**2).mean(1))
    return values.reshape(len(values), -1), np.where(vary > ROUNDING, vary, 0)


def _moments(values: Array, there: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and deviation over the axes, which are kept, float32; of no value both are 0."""
    count = np.maximum(1, there.sum(axes, keepdims=True))
    mean = np.where(there, values, 0).sum(axes, keepdims=True, dtype=np.float64) / count
    square = (np.where(there, values - mean, 0) ** 2).sum(axes, keepdims=True) / count
    return mean.astype(np.float32), np.sqrt(square).astype(np.float32)


def _nearest(values: Array) -> Array:
    """Rows (n, at most 8) of the nearest others of each, by the cosine of what sets it apart from the mean of all."""
    import torch

    rows = np.arange(len(values))
    if len(values) <= NEAREST + 1:  # all of them
        return (rows[:, None] + rows[None, 1:]) % len(values)
    there = ~np.isnan(values)
    apart = np.where(there, values - _moments(values, there, (0,))[0], 0)
    sketches = torch.nn.functional.normalize(torch.from_numpy(apart).float(), dim=1)
    others: Array = nearest(sketches, sketches, centres_of(sketches), NEAREST)[1].numpy()
    return np.where(others == rows[:, None], (rows[:, None] + 1) % len(values), others)
