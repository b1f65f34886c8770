"""Convolution blocks with a dense head: LeNet's plan with 3x3 filters."""

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
    The pool comes before the non-linearity: for one that rises throughout, as relu, the result is the same at a
    quarter of the work.
    """
    channels, height, width = spec.shape
    layers: list[nn.Module] = [Normalise(spec)]
    for filters in widths:
        pool = (min(2, height), min(2, width))
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.MaxPool2d(pool), ACTIVATIONS[activation]()]
        channels, height, width = filters, height // pool[0], width // pool[1]
    layers += [nn.Flatten(), nn.Linear(channels * height * width, dense), ACTIVATIONS[activation]()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(dense, spec.outputs))
