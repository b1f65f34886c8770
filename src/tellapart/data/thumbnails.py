"""Every picture of a source as a small square: what near copies are looked for in, and what a page can show."""

from __future__ import annotations

from typing import Any

import numpy as np

from tellapart.data.decode import Picture
from tellapart.data.resize import fit_picture, visible

SIDE = 32
"""Pixels a side of a thumbnail."""


def thumbnail(picture: Picture, channels: int) -> Picture:
    """uint8 (32, 32, C) of what can be seen of a picture of any size, smoothed; its aspect is not kept.

    channels  1 or 3
    """
    return fit_picture(visible(picture), SIDE, SIDE, channels, "stretch")


def flat(pictures: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which pictures are of one colour, bool (N,); uint8 (N, H, W, C)."""
    rows = pictures.reshape(len(pictures), -1, pictures.shape[-1])
    alike: np.ndarray[Any, Any] = (rows.max(axis=1) == rows.min(axis=1)).all(axis=1)
    return alike
