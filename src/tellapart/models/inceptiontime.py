"""Convolutions of several spans side by side, in residual blocks of three."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.config import Pooling
from tellapart.models.conv1d import Shortcut, conv_over_time
from tellapart.models.fronts import front_of
from tellapart.models.sequences import STEP_POOLINGS, MaskedNorm, SequenceNetwork, within
from tellapart.types import DataSpec

SPANS = (39, 19, 9)
"""Steps that the convolutions of a module see: odd, so that each is around its step."""
EVERY = 3
"""Modules that a residual goes around."""


class Inception(nn.Module):
    """(B, F, T) -> (B, 4 hidden, T): three convolutions on a bottleneck, and the peak of three steps, side by side."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.bottleneck = conv_over_time(features, hidden, 1) if features > 1 else nn.Identity()
        inputs = hidden if features > 1 else features
        self.convs = nn.ModuleList(conv_over_time(inputs, hidden, span) for span in SPANS)
        self.peak = conv_over_time(features, hidden, 1)
        self.norm = MaskedNorm(4 * hidden)

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        narrow = self.bottleneck(x)
        peaks = functional.max_pool2d(x.masked_fill(~own, -torch.inf)[:, :, None], (1, 3), 1, padding=(0, 1))[:, :, 0]
        sides = [*(conv(narrow) for conv in self.convs), self.peak(peaks.masked_fill(~own, 0))]
        return functional.relu(self.norm(torch.cat(sides, 1), own))


class Inceptions(nn.Module):
    """(B, F, T), lengths -> (B, 4 hidden, T), lengths."""

    def __init__(self, features: int, hidden: int, layers: int) -> None:
        super().__init__()
        width = 4 * hidden
        self.inceptions = nn.ModuleList(Inception(width if number else features, hidden) for number in range(layers))
        self.shortcuts = nn.ModuleList(Shortcut(width if n else features, width) for n in range(layers // EVERY))

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        own = within(lengths, x.shape[2])
        before = x
        for number, module in enumerate(self.inceptions):
            x = module(x, own)
            if number % EVERY == EVERY - 1:
                x = functional.relu(x + self.shortcuts[number // EVERY](before, own))
                before = x
        return x, lengths


def inceptiontime(
    spec: DataSpec, *, layers: int = 6, hidden: int = 32, dropout: float = 0.0, pooling: Pooling = "mean"
) -> nn.Module:
    """One of the five networks of InceptionTime.

    raw (B, C, T), lengths (B,)  ->  logits (B, K)
    layers  modules of inception; a residual goes around every three
    hidden  filters of each of the four branches of a module
    Source: Ismail Fawaz et al. 2020, "InceptionTime", section 3 (arXiv:1909.04939).
    """
    front, features = front_of(spec, 0)
    body = Inceptions(features, hidden, layers)
    return SequenceNetwork(front, body, STEP_POOLINGS[pooling](4 * hidden), 4 * hidden, spec.outputs, dropout)
