"""Sequences of differing lengths in one tensor, end to end; padded only where a batch is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tellapart.data.source import Value
from tellapart.seeds import seed_of
from tellapart.types import Order

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WINDOW = 32
"""Batches whose samples are sorted by length together: the more, the less padding; the fewer, the better mixed."""


class Ragged:
    """Indexed by rows, which gives the same of fewer; `padded` gives what a model takes.

    values   float32 (S, C) or int64 (S,), every step of all sequences, one after the other
    lengths  int64 (N,), each at least 1, on the CPU
    """

    ndim = 2

    def __init__(self, values: Tensor, lengths: Tensor) -> None:
        self.values, self.lengths = values, lengths
        self._starts = lengths.cumsum(0) - lengths
        self.device = values.device

    @staticmethod
    def of(sequences: Sequence[Value]) -> Ragged:
        """What arrays (T, C) or (T,) hold."""
        import torch

        lengths = torch.tensor([len(each) for each in sequences], dtype=torch.int64)
        return Ragged(torch.from_numpy(np.concatenate(sequences)), lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many, and the shape of the longest as a model takes it: (N, C, T) or (N, T)."""
        return (len(self), *self.values.shape[1:], int(self.lengths.max()))

    @property
    def even(self) -> bool:
        """Whether all are of one length."""
        return bool((self.lengths == self.lengths[0]).all())

    def __getitem__(self, rows: Tensor | slice) -> Ragged:
        import torch

        chosen = torch.arange(len(self))[rows.cpu() if not isinstance(rows, slice) else rows]
        lengths = self.lengths[chosen]
        places = torch.repeat_interleave(self._starts[chosen] - (lengths.cumsum(0) - lengths), lengths)
        return Ragged(self.values[(places + torch.arange(len(places))).to(self.device)], lengths)

    def one(self, row: int) -> Tensor:
        """A sequence by itself, (T, C) or (T,)."""
        start = int(self._starts[row])
        return self.values[start : start + int(self.lengths[row])]

    def padded(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Values (B, C, T) or (B, T), 0 behind the end of each, and lengths (B,); T is the longest of them."""
        import torch

        chosen = torch.arange(len(self))[rows.cpu() if not isinstance(rows, slice) else rows]
        lengths = self.lengths[chosen]
        steps = torch.arange(int(lengths.max()))
        places = (self._starts[chosen, None] + steps).clamp(max=len(self.values) - 1).to(self.device)
        outside = (steps >= lengths[:, None]).to(self.device)
        values = self.values[places]
        values = values.masked_fill(outside if values.ndim == 2 else outside[..., None], 0)
        return values.movedim(1, -1).contiguous(), lengths.to(self.device)

    def to(self, device: torch.device) -> Ragged:
        """The same on another device."""
        return Ragged(self.values.to(device), self.lengths)


def in_buckets(rows: Tensor, lengths: Tensor, batch: int, steps: int, order: Order) -> Tensor:
    """The rows of a pass such that each of its batches holds sequences of like length, in a shuffled order of batches.

    rows     int64 (count,), in the order of the pass
    lengths  int64 (N,), of every sequence of the part
    steps    batches of the pass: all but the last hold `batch` rows, and the last, whatever is left, stays as it is
    """
    import torch

    full = (steps - 1) * batch
    generator = torch.Generator().manual_seed(seed_of(order.seed, "buckets", order.epoch))
    pieces = []
    for start in range(0, full, WINDOW * batch):
        some = rows[start : min(start + WINDOW * batch, full)]
        batches = some[lengths[some].argsort(stable=True)].reshape(-1, batch)
        pieces.append(batches[torch.randperm(len(batches), generator=generator)].flatten())
    return torch.cat([*pieces, rows[full:]])
