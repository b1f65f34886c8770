"""Convolutions over tokens, and where each filter fits best."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tellapart.config import Activation
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.fronts import Tokens
from tellapart.models.sequences import Max, Mean, SequenceNetwork
from tellapart.types import DataSpec

SHORTEST = 3
"""Tokens that the first filters see; each next width sees one more."""


class Windows(nn.Module):
    """(B, F, T), lengths -> (B, sum of widths): filters of 3, 4, 5 tokens and so on, each where it fits best.

    A window may begin before the text and end past it, with silence there.
    """

    def __init__(self, features: int, widths: Sequence[int], activation: Activation) -> None:
        super().__init__()
        spans = range(SHORTEST, SHORTEST + len(widths))
        self.convs = nn.ModuleList(
            nn.Conv1d(features, width, span, padding=span - 1) for width, span in zip(widths, spans, strict=True)
        )
        self.activation = ACTIVATIONS[activation]()
        self.pool = Max()

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        found = [self.pool(conv(x), lengths + SHORTEST + more - 1) for more, conv in enumerate(self.convs)]
        activated: Tensor = self.activation(torch.cat(found, 1))
        return activated


class Untouched(nn.Module):
    """Values and lengths as they are."""

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return x, lengths


def textcnn(
    spec: DataSpec,
    *,
    widths: Sequence[int] = (100, 100, 100),
    hidden: int = 128,
    activation: Activation = "relu",
    dropout: float = 0.5,
) -> nn.Module:
    """A vector for each token, filters of 3, 4 and 5 tokens, their maximum over the text, and one layer.

    tokens (B, T), lengths (B,)  ->  logits (B, K)
    widths  filters of 3 tokens, of 4, and so on; none gives the mean of the vectors, as fastText (arXiv:1607.01759)
    hidden  of each token's vector
    Source: Kim 2014, "Convolutional Neural Networks for Sentence Classification" (arXiv:1408.5882). The maximum comes
    before the non-linearity: for one that rises throughout, as relu, the result is the same.
    """
    pool = Windows(hidden, widths, activation) if widths else Mean()
    width = sum(widths) or hidden
    return SequenceNetwork(Tokens(spec, hidden), Untouched(), pool, width, spec.outputs, dropout)
