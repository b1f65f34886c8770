"""Fully connected layers."""

from collections.abc import Sequence

from torch import nn

from tellapart.config import Activation
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.normalise import Normalise
from tellapart.types import DataSpec


def mlp(
    spec: DataSpec, *, widths: Sequence[int] = (256, 128), activation: Activation = "relu", dropout: float = 0.0
) -> nn.Module:
    """Linear layers of the given widths with a non-linearity after each, then one to the classes.

    raw (B, C, H, W) or (B, F)  ->  logits (B, K); no widths at all gives softmax regression.
    """
    layers: list[nn.Module] = [Normalise(spec), nn.Flatten()]
    features = spec.features
    for width in widths:
        layers += [nn.Linear(features, width), ACTIVATIONS[activation]()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        features = width
    return nn.Sequential(*layers, nn.Linear(features, spec.outputs))
