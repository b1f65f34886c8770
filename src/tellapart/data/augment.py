"""Random changes to whole batches of training pictures; each picture's draw is a function of (seed, epoch, sample)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tellapart.seeds import uniform
from tellapart.types import Order

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may happen to a training picture."""

    crop_padding: int | None = None
    """Pixels of mirrored padding on each side before a random crop."""
    flip: bool = False
    """Whether half of the pictures are mirrored, left to right."""

    def __bool__(self) -> bool:
        return bool(self.crop_padding or self.flip)


def augmented(pictures: Tensor, rows: Tensor, keys: Tensor, order: Order, augmentation: Augmentation) -> Tensor:
    """The chosen pictures, each shifted and mirrored by its own draw: one gather, no padded copy.

    pictures  uint8 (N, H, W, C)
    rows      int64 (B,), which of them
    keys      int64 (B,), what their draws are a function of
    ->        uint8 (B, H, W, C)
    """
    height, width = pictures.shape[1:3]
    y = _shifted(height, keys, order, "crop-y", augmentation.crop_padding)
    x = _shifted(width, keys, order, "crop-x", augmentation.crop_padding)
    if augmentation.flip:
        mirrored = uniform(keys, order.seed, order.epoch, "flip") < 0.5
        x = x.where(~mirrored[:, None], x.flip(1))
    return pictures[rows[:, None, None], y[:, :, None], x[:, None, :]]


def _shifted(size: int, keys: Tensor, order: Order, name: str, padding: int | None) -> Tensor:
    """Positions (B, size) that a crop out of the mirrored padding reads."""
    import torch

    places = torch.arange(size, device=keys.device).expand(len(keys), size)
    if not padding or size == 1:
        return places
    shift = (uniform(keys, order.seed, order.epoch, name) * (2 * padding + 1)).long() - padding
    period = 2 * (size - 1)
    turned = (places + shift[:, None]) % period  # torch's % is never negative
    return torch.minimum(turned, period - turned)
