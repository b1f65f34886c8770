"""Many random features of a series, and a linear layer on them."""

import torch
from torch import Tensor, nn

from tellapart.models.fronts import Series
from tellapart.models.hydra import Hydra
from tellapart.models.minirocket import MiniRocket
from tellapart.types import DataSpec

AT_ONCE = 1 << 19
"""Steps of samples, padded, whose features are computed together: half a gigabyte passes through Hydra for so many."""
AT_ONCE_CPU = 1 << 11
"""Likewise on a processor: of so many, what passes stays near its cores, which is three times as fast."""
RARE = 4
"""Power of a feature's share of zeros that is added to its deviation: what hardly ever wins is not blown up."""


class RandomKernels(nn.Module):
    """Features of MiniRocket and of Hydra, each around zero and of deviation 1 in the training part; then linear.

    raw (B, C, T), lengths (B,)  ->  logits (B, K). The head alone is learned; the rest needs `look`.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, spec: DataSpec, features: int) -> None:
        super().__init__()
        self.front = Series(spec)
        self.exceeding = MiniRocket(spec.channels, spec.shape[1], features)
        self.competing = Hydra(spec.channels, spec.shape[1])
        count = self.exceeding.features + self.competing.features
        self.register_buffer("feature_mean", torch.zeros(count))
        self.register_buffer("feature_scale", torch.ones(count))
        self.head = nn.Linear(count, spec.outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        values, lengths = self.front(x, lengths)
        features = self._features(values, lengths)
        logits: Tensor = self.head((features - self.feature_mean) * self.feature_scale)
        return logits

    @torch.no_grad()
    def look(self, x: Tensor, lengths: Tensor) -> None:
        """Take the thresholds, and the mean and deviation of the features, from raw training samples (N, C, T)."""
        values, lengths = self.front(x, lengths)
        self.exceeding.look(values, lengths)
        features = self._features(values, lengths)
        self.feature_mean.copy_(features.mean(0))
        rare = (features == 0).float().mean(0) ** RARE
        deviation = features.std(0, correction=0)
        self.feature_scale.copy_(torch.where(deviation > 1e-6, 1 / (deviation + rare), 0.0))

    def _features(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(B, C, T), 0 past the end -> (B, features), a few samples after the others where they are many or long.

        So many are cut to the longest among them: one of a million steps leaves those of a hundred quick.
        """
        each = max(1, (AT_ONCE_CPU if x.is_cpu else AT_ONCE) // x.shape[2])
        if torch.compiler.is_exporting() or len(x) <= each:
            return torch.cat([self.exceeding(x, lengths), self.competing(x, lengths)], 1)
        pieces = zip(torch.split(x, each), torch.split(lengths, each), strict=True)
        return torch.cat([self._features(some[:, :, : int(own.max())], own) for some, own in pieces])


def random_kernels(spec: DataSpec, *, features: int = 10_000) -> nn.Module:
    """`features` of MiniRocket, about, beside the 1,024 of Hydra for each dilation."""
    return RandomKernels(spec, features)
