"""Convolutions over time, in residual blocks."""

from collections.abc import Sequence

from torch import Tensor, nn

from tellapart.config import Activation, Pooling
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.fronts import front_of
from tellapart.models.sequences import STEP_POOLINGS, MaskedNorm, SequenceNetwork, within
from tellapart.types import DataSpec

SPANS = (7, 5, 3)
"""Steps that the convolutions of a block see."""


def conv_over_time(inputs: int, outputs: int, span: int) -> nn.Conv1d:
    """A convolution that a MaskedNorm follows and that keeps the steps, with the first weights of He et al. 2015."""
    layer = nn.Conv1d(inputs, outputs, span, padding=span // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


class Shortcut(nn.Module):
    """(B, F, T) -> (B, width, T): what is added past a block, by a 1x1 convolution where the width changes."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.conv = conv_over_time(features, width, 1) if features != width else None
        self.norm = MaskedNorm(width)

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        found: Tensor = self.norm(x if self.conv is None else self.conv(x), own)
        return found


class Block(nn.Module):
    """(B, F, T) -> (B, width, T): three convolutions, each with its norm, added to their input, then activated."""

    def __init__(self, features: int, width: int, activation: Activation) -> None:
        super().__init__()
        inputs = (features, width, width)
        self.convs = nn.ModuleList(conv_over_time(n, width, span) for n, span in zip(inputs, SPANS, strict=True))
        self.norms = nn.ModuleList(MaskedNorm(width) for _ in SPANS)
        self.shortcut = Shortcut(features, width)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        out = x
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            out = norm(conv(self.activation(out) * own if number else out), own)
        added: Tensor = self.activation(out + self.shortcut(x, own)) * own
        return added


class Blocks(nn.Module):
    """(B, F, T), lengths -> (B, width, T), lengths: a block for each width."""

    def __init__(self, features: int, widths: Sequence[int], activation: Activation) -> None:
        super().__init__()
        inputs = (features, *widths)
        self.blocks = nn.ModuleList(Block(n, width, activation) for n, width in zip(inputs, widths, strict=False))

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        own = within(lengths, x.shape[2])
        for block in self.blocks:
            x = block(x, own)
        return x, lengths


def conv1d(
    spec: DataSpec,
    *,
    widths: Sequence[int] = (64, 128, 128),
    activation: Activation = "relu",
    dropout: float = 0.0,
    pooling: Pooling = "mean",
) -> nn.Module:
    """A residual block of three convolutions for each width, a pool over all steps, and one layer to the classes.

    raw (B, C, T), lengths (B,)  ->  logits (B, K)
    Source: Wang et al. 2017, "Time Series Classification from Scratch", section II-C (arXiv:1611.06455), with spans of
    7 steps for its 8.
    """
    front, features = front_of(spec, 0)
    width = (features, *widths)[-1]
    body = Blocks(features, widths, activation)
    return SequenceNetwork(front, body, STEP_POOLINGS[pooling](width), width, spec.outputs, dropout)
