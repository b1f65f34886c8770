"""Convolutions over time and frequency of sound."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.config import Activation, Pooling
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.filters import conv
from tellapart.models.log_mel import Hidden, LogMel
from tellapart.models.sequences import STEP_POOLINGS, MaskedNorm, SequenceNetwork, halved, within
from tellapart.types import DataSpec


class Stage(nn.Module):
    """(B, C, M, T) -> (B, width, M / 2, T / 2): 3x3 convolution, 2x2 max-pool, norm, non-linearity.

    An odd last band or step has a half window. The pool comes first, where the rest is a quarter of the work.
    """

    def __init__(self, channels: int, width: int, activation: Activation) -> None:
        super().__init__()
        self.conv = conv(channels, width, 3)
        self.norm = MaskedNorm(width)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(x).masked_fill(~within(lengths, x.shape[3])[:, None], -torch.inf)
        x = functional.max_pool2d(x, 2, ceil_mode=True)
        lengths = halved(lengths)
        own = within(lengths, x.shape[3])[:, None]
        return self.activation(self.norm(x.masked_fill(~own, 0), own)) * own, lengths


class Stages(nn.Module):
    """(B, M, T), lengths -> (B, width * bands, steps), lengths: a stage for each width."""

    def __init__(self, widths: Sequence[int], activation: Activation, hidden: float) -> None:
        super().__init__()
        self.hidden = Hidden(hidden)
        inputs = (1, *widths)
        self.stages = nn.ModuleList(Stage(n, width, activation) for n, width in zip(inputs, widths, strict=False))

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        x = self.hidden(x, lengths)[:, None]
        for stage in self.stages:
            x, lengths = stage(x, lengths)
        return x.flatten(1, 2), lengths


def spectrogram_cnn(
    spec: DataSpec,
    *,
    widths: Sequence[int] = (16, 32, 64, 128),
    activation: Activation = "relu",
    dropout: float = 0.2,
    pooling: Pooling = "mean",
    spec_augment: float = 0.0,
) -> nn.Module:
    """A log-mel picture, a convolution and a 2x2 max-pool for each width, a pool over time, and one layer.

    samples (B, 1, T), lengths (B,)  ->  logits (B, K). The bands that are left stay apart: where in the spectrum
    something is matters as what it is does.
    """
    front = LogMel(spec)
    bands = front.bands
    for _ in widths:
        bands = (bands + 1) // 2
    features = (1, *widths)[-1] * bands
    pool = STEP_POOLINGS[pooling](features)
    return SequenceNetwork(front, Stages(widths, activation, spec_augment), pool, features, spec.outputs, dropout)
