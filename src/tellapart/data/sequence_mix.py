"""Mixup and cutmix of series and recordings: step by step, over the steps that both of a pair have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tellapart.data.mix import WHOLE, beta

if TYPE_CHECKING:
    from torch import Tensor


def mixed_steps(
    own: tuple[Tensor, Tensor],
    partners: tuple[Tensor, Tensor],
    mixup: float | None,
    cutmix: float | None,
    draw: Callable[[str], Tensor],
) -> tuple[Tensor, Tensor]:
    """Each sequence with a part of its partner, and the share of its values that are its own.

    own, partners  float32 (B, C, T), NaN where a value is missing, with int64 (B,) lengths; T may differ, and what is
                   behind the end of each sequence is never read
    mixup, cutmix  alpha of the beta distribution that the shares of each are drawn from; None or 0 is off, of which
                   one is not. Where both are on, half of the sequences are changed either way. Of a blend the larger
                   share is the own one, as of pictures.
    ->             float32 (B, C, T) of the own T, whose lengths are the own ones; and float32 (B,) in [0, 1]

    A step is mixed with the same step of the partner, as far as both go: behind the end of a shorter partner the
    sequence is itself, and what a longer one has more is left out. So lengths stay, and with them what is padding.
    A blend needs both values: where either is missing the own one stays as it is, missing or not. What is pasted, a
    stretch of any place in the steps of both, is the partner's, gaps and all. The share counts the values that are
    there, so a pair with few steps in common is learned as what it mostly is. Recordings are as loud as they were.
    Sources: those of `data.mix`; on waveforms Tokozume et al. 2017, "Learning from Between-class Examples for Deep
    Sound Recognition", section 3.1 (arXiv:1711.10282).
    """
    import torch

    values, lengths = own
    steps = torch.arange(values.shape[-1], device=values.device)
    others = _as_long(partners[0], values.shape[-1])
    common = torch.minimum(lengths, partners[1])
    blends = draw("mix") < (0.5 if mixup and cutmix else 1.0 if mixup else 0.0)
    parts = torch.full((len(values),), WHOLE, device=values.device)  # of the partner, in each value that it is in
    shown = blends[:, None, None] & (steps < common[:, None])[:, None] & ~values.isnan() & ~others.isnan()
    made = values
    if mixup:
        drawn = beta(mixup, draw("mixup"))
        parts = torch.where(blends, (drawn.minimum(1 - drawn) * WHOLE).round().long(), parts)
        theirs = (parts.float() / WHOLE)[:, None, None]
        made = torch.where(shown, values * (1 - theirs) + others * theirs, values)
    if cutmix:
        pasted = ((1 - beta(cutmix, draw("cutmix"))) * common).long()
        starts = (draw("cutmix-start").double() * (common - pasted + 1)).long()
        inside = (steps >= starts[:, None]) & (steps < (starts + pasted)[:, None]) & ~blends[:, None]
        made = torch.where(inside[:, None], others, made)
        shown = shown | (inside[:, None] & ~others.isnan())
    there = ~made.isnan() & (steps < lengths[:, None])[:, None]
    of_partner, of_all = (each.flatten(1).sum(1).double() for each in (shown, there))
    return made, (1 - parts / WHOLE * of_partner / of_all.clamp(min=1)).float()


def _as_long(values: Tensor, steps: int) -> Tensor:
    """The first `steps` of each; 0 behind what they have."""
    import torch

    return torch.nn.functional.pad(values[..., :steps], (0, max(0, steps - values.shape[-1])))
