"""Convolutions, each with a max-pool, and a dense head: LeNet's plan."""

from collections.abc import Sequence

from torch import nn

from tellapart.config import Activation
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.normalise import Normalise
from tellapart.types import DataSpec


def cnn(
    spec: DataSpec,
    *,
    widths: Sequence[int] = (16, 32),
    dense: int = 128,
    activation: Activation = "relu",
    dropout: float = 0.0,
) -> nn.Module:
    """3x3 convolution, 2x2 max-pool and non-linearity per width; then a dense layer and one to the classes.

    raw (B, C, H, W)  ->  logits (B, K). A side that is down to 1 pixel is not pooled further.
    """
    return _network(spec, widths, dense, activation, dropout, side=3, least=1)


def convnet5(
    spec: DataSpec,
    *,
    widths: Sequence[int] = (16, 32, 64, 128, 256),
    dense: int = 128,
    activation: Activation = "relu",
    dropout: float = 0.0,
) -> nn.Module:
    """`cnn` with five convolutions: 32 pixels a side are 1 after them, 28 after four."""
    return _network(spec, widths, dense, activation, dropout, side=3, least=1)


def deepcnn5x5(
    spec: DataSpec,
    *,
    widths: Sequence[int] = (64, 64, 128, 128, 128),
    dense: int = 512,
    activation: Activation = "relu",
    dropout: float = 0.5,
) -> nn.Module:
    """Five 5x5 convolutions, then a dense layer under dropout and one to the classes.

    raw (B, C, H, W)  ->  logits (B, K). A pool comes where a side has more pixels than the filters, which
    would see more padding than picture after it: 32 pixels a side become 4, and 28 become 3.
    """
    return _network(spec, widths, dense, activation, dropout, side=5, least=5)


def _network(
    spec: DataSpec,
    widths: Sequence[int],
    dense: int,
    activation: Activation,
    dropout: float,
    *,
    side: int,
    least: int,
) -> nn.Module:
    """Convolution, pool and non-linearity per width, then the dense head.

    side   pixels a side of the filters
    least  pixels a side that are not pooled further
    The pool comes before the non-linearity: for one that rises throughout, as relu, the result is the same at a
    quarter of the work.
    """
    channels, height, width = spec.shape
    layers: list[nn.Module] = [Normalise(spec)]
    for filters in widths:
        pool = (2 if height > least else 1, 2 if width > least else 1)
        layers += [nn.Conv2d(channels, filters, side, padding=side // 2), nn.MaxPool2d(pool), ACTIVATIONS[activation]()]
        channels, height, width = filters, height // pool[0], width // pool[1]
    layers += [nn.Flatten(), nn.Linear(channels * height * width, dense), ACTIVATIONS[activation]()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(dense, spec.outputs))
