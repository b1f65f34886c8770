"""Random-resized-crop: a part of each training picture, of its own size and shape, brought to the full size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ASPECTS = (3 / 4, 4 / 3)
"""Least and largest width by height of a part, in units of the picture's own."""


def resized_crops(
    pictures: Tensor, rows: Tensor, draw: Callable[[str], Tensor], least: float, mirrored: Tensor | None = None
) -> Tensor:
    """A random part of each chosen picture, enlarged to the size of the whole, bilinear.

    pictures  uint8 (N, H, W, C)
    rows      int64 (B,), which of them
    least     share of the area that a part covers at least; shares are even between it and 1
    mirrored  bool (B,), whether it is turned left to right
    ->        uint8 (B, H, W, C)
    Source: Szegedy et al. 2015, "Going Deeper with Convolutions", section 6 (arXiv:1409.4842).
    """
    import torch

    boxes = _boxes(pictures.shape[1], pictures.shape[2], draw, least)
    if mirrored is None:
        mirrored = torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
    return (_one_by_one if pictures.device.type == "cpu" else _all_at_once)(pictures, rows, boxes, mirrored)


def _boxes(height: int, width: int, draw: Callable[[str], Tensor], least: float) -> Tensor:
    """Top, left, height and width of each part in pixels, int64 (B, 4)."""
    import torch

    area = least + (1 - least) * draw("resized-crop-area").double()
    low, high = (area.log() if aspect < 1 else -area.log() for aspect in ASPECTS)  # beyond, a side would not fit
    low, high = low.clamp(min=math.log(ASPECTS[0])), high.clamp(max=math.log(ASPECTS[1]))
    aspect = torch.exp(low + (high - low) * draw("resized-crop-aspect").double())
    sides = []
    for size, share in ((height, (area / aspect).sqrt()), (width, (area * aspect).sqrt())):
        sides.append((share * size).round().long().clamp(1, size))
    tall, wide = sides
    top = (draw("resized-crop-y").double() * (height - tall + 1)).long()
    left = (draw("resized-crop-x").double() * (width - wide + 1)).long()
    return torch.stack([top, left, tall, wide], 1)


def _one_by_one(pictures: Tensor, rows: Tensor, boxes: Tensor, mirrored: Tensor) -> Tensor:
    """On the CPU, whose kernel for bytes is several times as fast as reading floats from a grid, one part at a time.

    It is called by its own name, for `interpolate` lets nobody say where the result goes, and copies it twice.
    """
    import torch

    enlarged = torch.ops.aten._upsample_bilinear2d_aa.out

    height, width, channels = pictures.shape[1:]
    out = torch.empty((len(rows), height, width, channels), dtype=torch.uint8)
    asked = list(zip(out, rows.tolist(), boxes.tolist(), mirrored.tolist(), strict=True))

    def fill(some: Sequence[tuple[Tensor, int, list[int], bool]]) -> None:
        for place, row, (top, left, tall, wide), turned in some:
            part = pictures[row, top : top + tall, left : left + wide]
            part = part.flip(1) if turned else part.contiguous()
            enlarged(part.permute(2, 0, 1)[None], (height, width), False, out=place.permute(2, 0, 1)[None])

    threads = torch.get_num_threads()
    if threads == 1:
        fill(asked)
    else:
        list(_pool(threads).map(fill, (asked[first::threads] for first in range(threads))))
    return out


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay: starting them for each batch takes a quarter of its time."""
    return ThreadPoolExecutor(threads)


def _all_at_once(pictures: Tensor, rows: Tensor, boxes: Tensor, mirrored: Tensor) -> Tensor:
    """On a GPU, read from a grid."""
    import torch
    from torch.nn.functional import grid_sample

    height, width = pictures.shape[1:3]
    top, left, tall, wide = (part[:, None] for part in boxes.float().unbind(1))
    down = top + (torch.arange(height, device=boxes.device) + 0.5) * tall / height
    right = left + (torch.arange(width, device=boxes.device) + 0.5) * wide / width
    # no further than the middle of the part's outer pixels, as where it stands alone
    down, right = down.clamp(top + 0.5, top + tall - 0.5), right.clamp(left + 0.5, left + wide - 0.5)
    right = right.where(~mirrored[:, None], right.flip(1))
    y, x = 2 * down / height - 1, 2 * right / width - 1
    grid = torch.stack([x[:, None, :].expand(-1, height, -1), y[:, :, None].expand(-1, -1, width)], 3)
    read = grid_sample(pictures[rows].permute(0, 3, 1, 2).float(), grid, mode="bilinear", align_corners=False)
    return read.round_().to(torch.uint8, memory_format=torch.channels_last).permute(0, 2, 3, 1)
