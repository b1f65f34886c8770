"""Stacks of 3x3 convolutions: VGG with batch normalisation."""

from collections.abc import Sequence

from torch import nn

from tellapart.config import Activation, Pooling
from tellapart.models.activations import ACTIVATIONS, after_norm
from tellapart.models.filters import conv
from tellapart.models.norm import Norm
from tellapart.models.normalise import Normalise
from tellapart.models.pooling import POOLINGS
from tellapart.types import DataSpec

WIDTHS = (64, 128, 256, 512, 512)
"""Of the five stacks."""
DENSE = 512
"""Width of the layer before the classes."""


def vgg11(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    dense: int = DENSE,
    activation: Activation = "relu",
    dropout: float = 0.5,
    pooling: Pooling = "mean",
) -> nn.Module:
    """Column A of the paper's table 1: 1, 1, 2, 2 and 2 convolutions a stack."""
    return _network(spec, (1, 1, 2, 2, 2), widths, dense, activation, dropout, pooling)


def vgg13(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    dense: int = DENSE,
    activation: Activation = "relu",
    dropout: float = 0.5,
    pooling: Pooling = "mean",
) -> nn.Module:
    """Column B: 2 convolutions a stack."""
    return _network(spec, (2, 2, 2, 2, 2), widths, dense, activation, dropout, pooling)


def vgg16(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    dense: int = DENSE,
    activation: Activation = "relu",
    dropout: float = 0.5,
    pooling: Pooling = "mean",
) -> nn.Module:
    """Column D: 2, 2, 3, 3 and 3 convolutions a stack."""
    return _network(spec, (2, 2, 3, 3, 3), widths, dense, activation, dropout, pooling)


def vgg19(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    dense: int = DENSE,
    activation: Activation = "relu",
    dropout: float = 0.5,
    pooling: Pooling = "mean",
) -> nn.Module:
    """Column E: 2, 2, 4, 4 and 4 convolutions a stack."""
    return _network(spec, (2, 2, 4, 4, 4), widths, dense, activation, dropout, pooling)


def _network(
    spec: DataSpec,
    counts: Sequence[int],
    widths: Sequence[int],
    dense: int,
    activation: Activation,
    dropout: float,
    pooling: Pooling,
) -> nn.Module:
    """Stacks of convolutions with a 2x2 max-pool after each, a pool over what is left, a dense layer and the classes.

    raw (B, C, H, W)  ->  logits (B, K). A side that is down to 1 pixel is not pooled further; a stack past the last
    count has as many convolutions as that. The pool over all pixels and one dense layer stand for the paper's 7x7 map
    and its two layers of 4096, nine tenths of its weights: so the head is the same for small pictures and large.
    Source: Simonyan & Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition"
    (arXiv:1409.1556), table 1; batch normalisation came a year after it.
    """
    channels, height, width = spec.shape
    layers: list[nn.Module] = [Normalise(spec)]
    for stack, filters in enumerate(widths):
        for _ in range(counts[min(stack, len(counts) - 1)]):
            layers += [conv(channels, filters, 3), Norm(filters), after_norm(activation)]
            channels = filters
        pool = (min(2, height), min(2, width))
        layers.append(nn.MaxPool2d(pool))
        height, width = height // pool[0], width // pool[1]
    layers += [POOLINGS[pooling](), nn.Flatten(), nn.Linear(channels, dense), ACTIVATIONS[activation]()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(dense, spec.outputs))
