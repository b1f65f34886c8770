"""A transformer's encoder over the steps of a sequence."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.config import Pooling
from tellapart.models.fronts import front_of
from tellapart.models.log_mel import LogMel
from tellapart.models.sequences import STEP_POOLINGS, SequenceNetwork, within
from tellapart.types import DataSpec

MOST_PATCHES = 256
"""Of the longest sequence: longer ones are seen in patches of several steps."""
HEAD_WIDTH = 32
WAVES = 10_000.0
"""Times that the slowest wave of the positions is longer than the fastest."""


class Attend(nn.Module):
    """(B, T, F) -> (B, T, F): multi-head attention of each step to all own ones."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.heads = math.gcd(width, max(1, width // HEAD_WIDTH))
        self.share = dropout
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        query, key, value = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        share = self.share if self.training else 0.0
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=own[:, None], dropout_p=share)
        given: Tensor = self.out(seen.transpose(1, 2).flatten(2))
        return given


class Layer(nn.Module):
    """(B, T, F) -> (B, T, F): attention, then two dense layers, each on a norm of what it is added to."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.attend = nn.LayerNorm(width), Attend(width, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        x = x + self.dropout(self.attend(self.norm1(x), own))
        added: Tensor = x + self.dropout(self.dense(self.norm2(x)))
        return added


class Encoder(nn.Module):
    """(B, F, T), lengths -> (B, hidden, patches), lengths in patches."""

    def __init__(self, features: int, hidden: int, layers: int, dropout: float, patch: int) -> None:
        """patch: steps that are seen as one."""
        super().__init__()
        self.patch = nn.Conv1d(features, hidden, patch, stride=patch)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.layers = nn.ModuleList(Layer(hidden, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = self.patch.stride[0]
        x = self.patch(functional.pad(x, (0, steps - 1))).transpose(1, 2)
        lengths = (lengths - 1) // steps + 1
        own = within(lengths, x.shape[1])
        x = self.dropout(x + positions(x.shape[1], x.shape[2], x.device).to(x.dtype))
        for layer in self.layers:
            x = layer(x, own)
        return self.norm(x).transpose(1, 2), lengths


def positions(steps: int, width: int, device: torch.device) -> Tensor:
    """(steps, width): sines and cosines of the step, from fast waves to slow ones."""
    half = (width + 1) // 2
    rates = WAVES ** (-torch.arange(half, device=device) / half)
    angles = torch.arange(steps, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width]


def transformer(
    spec: DataSpec, *, layers: int = 3, hidden: int = 128, dropout: float = 0.1, pooling: Pooling = "mean"
) -> nn.Module:
    """Steps or patches of them, positions as sines, layers of attention with the norm first; a pool, and one layer.

    raw sequences, lengths (B,)  ->  logits (B, K). There are up to 256 patches, of the longest training sequence.
    Source: Vaswani et al. 2017, "Attention Is All You Need" (arXiv:1706.03762); the norm's place: Xiong et al. 2020
    (arXiv:2002.04745); patches: Nie et al. 2023 (arXiv:2211.14730).
    """
    front, features = front_of(spec, hidden)
    steps = spec.shape[-1] // (front.hop if isinstance(front, LogMel) else 1) + 1
    body = Encoder(features, hidden, layers, dropout, -(-steps // MOST_PATCHES))
    return SequenceNetwork(front, body, STEP_POOLINGS[pooling](hidden), hidden, spec.outputs, dropout)
