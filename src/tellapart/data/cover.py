"""Rectangles of training pictures that are covered: the square of cutout, and random erasing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

AREAS = (0.02, 0.4)
"""Least and largest share of a picture that is erased."""
ASPECTS = (0.3, 1 / 0.3)
"""Least and largest width by height of what is erased."""


def cut_out(pictures: Tensor, side: int, fill: Sequence[int], draw: Callable[[str], Tensor]) -> None:
    """Fill a square in each picture, in place; its middle is anywhere on the picture, so a part may hang over the edge.

    pictures  uint8 (B, H, W, C)
    fill      one value for each channel
    Source: DeVries & Taylor 2017, "Improved Regularization of CNNs with Cutout", section 3.2 (arXiv:1708.04552).
    """
    import torch

    height, width = pictures.shape[1:3]
    top, left = ((draw(f"cutout-{axis}") * size).long() - side // 2 for axis, size in (("y", height), ("x", width)))
    sides = torch.full_like(top, side)
    _cover(pictures, within(pictures, top, left, sides, sides), fill)


def erase(pictures: Tensor, share: float, fill: Sequence[int], draw: Callable[[str], Tensor]) -> None:
    """Fill a rectangle in a share of the pictures, in place; it lies inside of the picture.

    pictures  uint8 (B, H, W, C)
    fill      one value for each channel
    Its area is drawn evenly and its aspect evenly in logarithms; a side that would not fit is cut to the picture's.
    Source: Zhong et al. 2017, "Random Erasing Data Augmentation", algorithm 1, with the mean in the place of noise
    (arXiv:1708.04896).
    """
    import torch

    height, width = pictures.shape[1:3]
    area = (AREAS[0] + (AREAS[1] - AREAS[0]) * draw("erasing-area").double()) * height * width
    low, high = (math.log(aspect) for aspect in ASPECTS)
    aspect = torch.exp(low + (high - low) * draw("erasing-aspect").double())
    tall = (area / aspect).sqrt().round().long().clamp(1, height)
    wide = (area * aspect).sqrt().round().long().clamp(1, width)
    top = (draw("erasing-y").double() * (height - tall + 1)).long()
    left = (draw("erasing-x").double() * (width - wide + 1)).long()
    _cover(pictures, within(pictures, top, left, tall * (draw("erasing") < share), wide), fill)


def within(pictures: Tensor, top: Tensor, left: Tensor, tall: Tensor, wide: Tensor) -> Tensor:
    """Which pixels lie in a rectangle, bool (B, H, W); each of the four is int64 (B,), in pixels."""
    import torch

    inside = []
    for size, first, length in zip(pictures.shape[1:3], (top, left), (tall, wide), strict=True):
        place = torch.arange(size, device=pictures.device) - first[:, None]
        inside.append((place >= 0) & (place < length[:, None]))
    return inside[0][:, :, None] & inside[1][:, None, :]


def _cover(pictures: Tensor, inside: Tensor, fill: Sequence[int]) -> None:
    """Fill what lies inside (B, H, W), in place."""
    for channel, value in zip(pictures.unbind(3), fill, strict=True):
        channel.masked_fill_(inside, value)  # a number, not a tensor, which a GPU would have to wait for
