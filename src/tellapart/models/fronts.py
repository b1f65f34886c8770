"""What each step of a sequence says, as numbers around zero: the first layer of every model of sequences."""

import torch
from torch import Tensor, nn

from tellapart.models.log_mel import LogMel
from tellapart.models.normalise import Normalise
from tellapart.models.sequences import within
from tellapart.types import DataSpec


class Series(nn.Module):
    """Raw (B, C, T), NaN where a value is missing -> (B, C, T) around zero; 0, the mean, what is missing."""

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        self.normalise = Normalise(spec)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        known = within(lengths, x.shape[2]) & torch.isfinite(x)
        return self.normalise(x).masked_fill(~known, 0), lengths


class Tokens(nn.Module):
    """Token numbers (B, T) -> (B, width, T), a learned vector for each."""

    def __init__(self, spec: DataSpec, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(spec.token_count, width, padding_idx=0)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        own = within(lengths, x.shape[1])
        vectors = self.embed(x.masked_fill(~own[:, 0], 0))
        return vectors.transpose(1, 2) * own, lengths


class Rows(nn.Module):
    """Raw pictures (B, C, H, W) -> (B, C * W, H): the rows from top to bottom, each a step."""

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        self.normalise = Normalise(spec)

    def forward(self, x: Tensor, _: Tensor | None = None) -> tuple[Tensor, Tensor]:
        rows = self.normalise(x).transpose(2, 3).flatten(1, 2)
        return rows, torch.full((x.shape[0],), x.shape[2], device=x.device)


def front_of(spec: DataSpec, width: int) -> tuple[nn.Module, int]:
    """The first layer for such data, and how many numbers it gives a step; those of a token are `width`."""
    if spec.kind == "text":
        return Tokens(spec, width), width
    if spec.kind == "audio":
        mel = LogMel(spec)
        return mel, mel.bands
    if spec.kind == "image":
        return Rows(spec), spec.channels * spec.shape[2]
    return Series(spec), spec.channels
