"""Progressive resizing: the same training part at another picture size, for epochs that cost a fraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tellapart.data.augment import Augmentation
from tellapart.data.resident import Resident
from tellapart.data.stored import Stored

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 1000
"""Pictures resized in one go."""


def at_size(part: Resident, side: int) -> Resident:
    """The part with its pictures brought to `side` pixels at their shorter side, smoothed; itself where they are so."""
    pictures = part.pictures
    shape = pictures.shape[1:3]
    if min(shape) == side:
        return part
    height, width = at_share(shape, side / min(shape))
    if isinstance(pictures, Stored):
        return replace(part, inputs=pictures.changed(lambda read: _resized(read, height, width), height, width))
    return replace(part, inputs=_resized(pictures, height, width))


def side_of(shape: Sequence[int], share: float) -> int:
    """Pixels of the shorter side at a share of the full size, 1 at least."""
    return max(1, round(min(shape) * share))


def at_share(shape: Sequence[int], share: float) -> tuple[int, int]:
    """Height and width at a share of the full size; the shorter side is a whole number, and the other follows it."""
    height, width = shape
    scale = side_of(shape, share) / min(shape)
    return round(height * scale), round(width * scale)


def at_scale(augmentation: Augmentation, scale: float) -> Augmentation:
    """What is counted in pixels, for pictures `scale` times as large."""
    return replace(
        augmentation, crop_padding=_scaled(augmentation.crop_padding, scale), cutout=_scaled(augmentation.cutout, scale)
    )


def _scaled(pixels: int | None, scale: float) -> int | None:
    return pixels and max(1, round(pixels * scale))


def _resized(pictures: Tensor, height: int, width: int) -> Tensor:
    """uint8 (N, H, W, C) -> (N, height, width, C), bilinear with the support that keeps it from aliasing."""
    import torch
    from torch.nn.functional import interpolate

    resized = torch.empty((len(pictures), height, width, pictures.shape[3]), dtype=torch.uint8, device=pictures.device)
    for start in range(0, len(pictures), AT_ONCE):
        raw = pictures[start : start + AT_ONCE].permute(0, 3, 1, 2)
        if raw.device.type != "cpu":  # the kernel for bytes is the CPU's alone
            smooth = interpolate(raw.float(), (height, width), mode="bilinear", antialias=True).round()
        else:
            smooth = interpolate(raw, (height, width), mode="bilinear", antialias=True)
        resized[start : start + AT_ONCE] = smooth.permute(0, 2, 3, 1).to(torch.uint8)
    return resized
