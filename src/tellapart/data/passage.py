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
    """Rows in the order of the pass, int64 (count,), or as many as `order.among` has, in which a row may repeat.

    blocks  int64 (count,), the block that each row is read from; None where each row costs the same
    With blocks it is shuffled at two levels: the blocks, and the rows of each `WINDOW` of them together. So a reader
    has so many blocks open and no more.
    """
    import torch

    generator = torch.Generator().manual_seed(seed_of(order.seed, "order", order.epoch))
    rows = torch.randperm(count, generator=generator)
    if order.among is not None and repeats(order.among):
        among = order.among.to(rows.device)
        rows = among[torch.randperm(len(among), generator=generator)]
    if blocks is not None:
        numbers = torch.unique(blocks, return_inverse=True)[1]
        places = torch.randperm(int(numbers.max()) + 1, generator=generator)
        rows = rows[(places[numbers] // WINDOW)[rows].argsort(stable=True)]
    if order.among is None or repeats(order.among):
        return rows
    return rows[torch.isin(rows, order.among.to(rows.device))]


def repeats(rows: Tensor) -> bool:
    """Whether a row stands there more than once."""
    import torch

    return len(torch.unique(rows)) < len(rows)


def occurrences(rows: Tensor) -> Tensor:
    """For each place of a pass how often its row stood before it, int64 (count,): 0 the first time."""
    import torch

    order = rows.argsort(stable=True)
    ordered = rows[order]
    places = torch.arange(len(rows))
    first = torch.cat([torch.ones(1, dtype=torch.bool), ordered[1:] != ordered[:-1]])
    starts = torch.where(first, places, 0).cummax(0).values
    found = torch.empty_like(rows)
    found[order] = places - starts
    return found
