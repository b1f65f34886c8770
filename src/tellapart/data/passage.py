"""The order of a pass over a part: a function of (seed, epoch) alone, whoever reads it and in how many batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tellapart.seeds import seed_of
from tellapart.types import Order

if TYPE_CHECKING:
    from torch import Tensor

WINDOW = 16
"""Blocks that samples are drawn from at a time: the more, the better mixed; the fewer, the less is read at once."""


def share(start: int, stop: int, order: Order) -> tuple[int, int]:
    """The places of a batch that are this rank's: in order of the ranks they make the batch, none larger by two."""
    count = stop - start
    return start + count * order.rank // order.world, start + count * (order.rank + 1) // order.world


def passage(count: int, blocks: Tensor | None, order: Order) -> Tensor:
    """Rows in the order of the pass, int64 (count,), or as many as `order.among` has.

    blocks  int64 (count,), the block that each row is read from; None where each row costs the same
    With blocks it is shuffled at two levels: the blocks, and the rows of each `WINDOW` of them together. So a reader
    has so many blocks open and no more.
    """
    import torch

    generator = torch.Generator().manual_seed(seed_of(order.seed, "order", order.epoch))
    rows = torch.randperm(count, generator=generator)
    if blocks is not None:
        numbers = torch.unique(blocks, return_inverse=True)[1]
        places = torch.randperm(int(numbers.max()) + 1, generator=generator)
        rows = rows[(places[numbers] // WINDOW)[rows].argsort(stable=True)]
    if order.among is None:
        return rows
    return rows[torch.isin(rows, order.among.to(rows.device))]
