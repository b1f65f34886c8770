"""All pixels of a map to one number a channel."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tellapart.config import Pooling

FIRST_POWER = 3.0
"""Of the generalised mean before training, as in its source."""
LEAST = 1e-6
"""What a pixel counts for at least, since only positive numbers have every power."""


class GeneralisedMean(nn.Module):
    """(B, C, H, W) -> (B, C, 1, 1): (mean of x^p)^(1/p) over the pixels, with a learned p that all channels share.

    p = 1 is the mean, and the larger p, the nearer it is to the maximum. What is below `LEAST` counts as that.
    Source: Radenovic et al. 2018, "Fine-tuning CNN Image Retrieval with No Human Annotation", eq. 3 (arXiv:1711.02512).
    """

    def __init__(self) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([FIRST_POWER]))

    def forward(self, x: Tensor) -> Tensor:
        powers = x.float().clamp(min=LEAST).pow(self.power)
        return powers.mean((2, 3), keepdim=True).pow(1 / self.power)


POOLINGS: dict[Pooling, Callable[[], nn.Module]] = {
    "mean": lambda: nn.AdaptiveAvgPool2d(1),
    "max": lambda: nn.AdaptiveMaxPool2d(1),
    "gem": GeneralisedMean,
}
