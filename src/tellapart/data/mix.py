"""Mixup and cutmix: training pictures that are partly another one, and learned as both by their shares."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tellapart.data.cover import within

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LEVELS = 4096
"""Equally likely shares that the beta distribution is drawn from."""
WHOLE = 1 << 16
"""A share of one, where shares are whole numbers: a byte times it is exact in float32, whatever the device."""


def mixed(
    own: Tensor, partners: Tensor, mixup: float | None, cutmix: float | None, draw: Callable[[str], Tensor]
) -> tuple[Tensor, Tensor]:
    """Each picture with a part of its partner, and the share of it that is its own.

    own, partners  uint8 (B, H, W, C)
    mixup, cutmix  alpha of the beta distribution that the shares of each are drawn from; None or 0 is off, of which
                   one is not. Where both are on, half of the pictures are changed either way. Of a blend the larger
                   share is the own one: else a picture that is next to nothing in its own place would be missed, and
                   be twice in its epoch where it is the partner.
    ->             uint8 (B, H, W, C), and float32 (B,) in [0, 1]
    Sources: Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization", section 2 (arXiv:1710.09412);
    Yun et al. 2019, "CutMix", section 3.1 (arXiv:1905.04899).
    """
    import torch

    blends = draw("mix") < (0.5 if mixup and cutmix else 1.0 if mixup else 0.0)
    weights = torch.full((len(own),), WHOLE, device=own.device)
    if mixup:
        drawn = beta(mixup, draw("mixup"))
        weights = torch.where(blends, (drawn.maximum(1 - drawn) * WHOLE).round().long(), weights)
        blended = _blended(own, partners, weights.float()[:, None, None, None])
    else:
        blended = own
    shares = weights.float() / WHOLE
    if not cutmix:
        return blended, shares
    inside = _rectangles(own, beta(cutmix, draw("cutmix")), draw) & ~blends[:, None, None]
    pixels = own.shape[1] * own.shape[2]
    left = (pixels - inside.flatten(1).sum(1)).float() / pixels
    return torch.where(inside[..., None], partners, blended), shares.where(blends, left)


def beta(alpha: float, drawn: Tensor) -> Tensor:
    """Draws from [0, 1) as draws from Beta(alpha, alpha), float64: the middle of the 4,096th part that each is in."""
    return _quantiles(alpha, drawn.device)[(drawn * LEVELS).long()]


@lru_cache(maxsize=8)
def _quantiles(alpha: float, device: torch.device) -> Tensor:
    import torch
    from scipy.special import betaincinv

    return torch.from_numpy(betaincinv(alpha, alpha, (np.arange(LEVELS) + 0.5) / LEVELS)).to(device)


def _blended(own: Tensor, partners: Tensor, weights: Tensor) -> Tensor:
    """`weights`, whole numbers up to WHOLE, of the own and the rest of the partner; rounded half up."""
    import torch

    total = (own * weights).add_(partners * (WHOLE - weights)).add_(WHOLE // 2)
    return total.div_(WHOLE).to(torch.uint8)


def _rectangles(pictures: Tensor, shares: Tensor, draw: Callable[[str], Tensor]) -> Tensor:
    """What the partner covers, bool (B, H, W): around any pixel, of the picture's aspect, cut at its edges."""
    inside = []
    for axis, size in zip("yx", pictures.shape[1:3], strict=True):
        length = ((1 - shares).sqrt() * size).long()
        inside += [(draw(f"cutmix-{axis}").double() * size).long() - length // 2, length]
    return within(pictures, inside[0], inside[2], inside[1], inside[3])
