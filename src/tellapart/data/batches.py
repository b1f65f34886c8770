"""Batches out of a resident part: shuffled by (seed, epoch) to train on, in order to predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tellapart.data.augment import Augmentation, augmented, in_pairs
from tellapart.data.passage import occurrences, passage, share
from tellapart.data.ragged import Ragged, in_buckets
from tellapart.data.resident import Resident
from tellapart.data.sequence_augment import SequenceAugmentation, changed
from tellapart.data.sequence_augment import in_pairs as sequences_in_pairs
from tellapart.data.stored import Stored, read_ahead
from tellapart.types import Batch, Order

if TYPE_CHECKING:
    from torch import Tensor


AGAIN = 0x632BE59BD9B4E019
"""What the key of a sample is moved by each time that it stands in a pass again: odd, so that none comes back soon."""
LOOKED_AT = 5000
"""Training samples that a model is shown before the first step, at most."""
MOST_STEPS = 100_000_000
"""Likewise steps of sequences, padded to the longest."""


def steps_per_epoch(samples: int, batch: int) -> int:
    """Batches in one pass. A last batch of one joins the one before: normalising over a single sample is undefined."""
    full, rest = divmod(samples, batch)
    return max(1, full + (rest > 1 or (rest == 1 and full == 0)))


def shuffled(
    part: Resident, order: Order, batch: int, augmentation: Augmentation | SequenceAugmentation
) -> Iterator[Batch]:
    """One pass over a part in the order of (seed, epoch), augmented; the first `order.skip` batches are left out.

    A sample is mixed with the one that follows it in that order, be it of another batch; the last one with the first.
    So a mixed one, too, is the same whatever the size of the batch, and however many ranks share it: where they are
    more than its samples, some have none of it. One that stands in the pass again has draws of its own each time.
    """
    import torch

    rows = passage(len(part), part.blocks, order)
    again = occurrences(rows) if order.among is not None else None
    rows = rows.to(part.inputs.device)
    keys = part.keys[rows] if again is None else part.keys[rows] + AGAIN * again.to(rows.device)
    steps = steps_per_epoch(len(rows), batch)
    if isinstance(part.inputs, Ragged):
        changes = augmentation if isinstance(augmentation, SequenceAugmentation) else SequenceAugmentation()
        yield from _padded(part, part.inputs, rows, keys, order, batch, changes)
        return
    if isinstance(augmentation, SequenceAugmentation):
        raise TypeError("these are no sequences")
    augments = bool(augmentation) and part.inputs.ndim == 4
    mixes = augments and augmentation.mixes
    ends = [*(step * batch for step in range(1, steps)), len(rows)]
    if mixes:
        rows, keys = (torch.cat([each, each[:1]]) for each in (rows, keys))
    bounds = (share(step * batch, ends[step], order) for step in range(order.skip, steps))
    stretches = [slice(start, stop + mixes) for start, stop in bounds]
    ahead = read_ahead(part.inputs, (rows[stretch] for stretch in stretches))
    for stretch, (read, pictures, places) in zip(stretches, ahead, strict=True):
        own = keys[stretch]
        inputs = augmented(pictures, places, own, order, augmentation) if augments else pictures[places]
        chosen, partners, shares = read, None, None
        if mixes:
            chosen, partners = read[:-1], part.targets[read[1:]]
            own = own[:-1]
            inputs, shares = in_pairs(inputs, own, order, augmentation)
        yield Batch(
            inputs=_channels_first(inputs),
            targets=part.targets[chosen],
            keys=own,
            weights=None if part.weights is None else part.weights[chosen],
            rows=chosen,
            partners=partners,
            shares=shares,
        )


def _padded(
    part: Resident,
    inputs: Ragged,
    rows: Tensor,
    keys: Tensor,
    order: Order,
    batch: int,
    augmentation: SequenceAugmentation,
) -> Iterator[Batch]:
    """The batches of a pass over sequences, augmented, those of like length together where they differ.

    A partner is the next in the order before that, which does not hang on the size of the batch, as buckets do.
    """
    import torch

    steps = steps_per_epoch(len(rows), batch)
    next_rows, next_keys = rows.roll(-1), keys.roll(-1)
    if not inputs.even:
        places = in_buckets(torch.arange(len(rows)), inputs.lengths[rows.cpu()], batch, steps, order).to(rows.device)
        rows, keys, next_rows, next_keys = (each[places] for each in (rows, keys, next_rows, next_keys))

    def made(chosen: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        values, lengths = inputs.padded(chosen)
        return changed(values, lengths, own, order, augmentation) if augmentation and len(chosen) else (values, lengths)

    for step in range(order.skip, steps):
        start, stop = share(step * batch, (step + 1) * batch if step + 1 < steps else len(rows), order)
        chosen, own = rows[start:stop], keys[start:stop]
        values, lengths = made(chosen, own)
        partners, shares = None, None
        if augmentation.mixes:
            partners = part.targets[next_rows[start:stop]]
            other = made(next_rows[start:stop], next_keys[start:stop])
            values, shares = sequences_in_pairs((values, lengths), other, own, order, augmentation)
        yield Batch(
            inputs=values,
            targets=part.targets[chosen],
            keys=own,
            weights=None if part.weights is None else part.weights[chosen],
            rows=chosen,
            partners=partners,
            shares=shares,
            lengths=lengths,
        )


def in_order(part: Resident, batch: int) -> Iterator[Batch]:
    """One pass over a part as it lies, unchanged."""
    for start in range(0, len(part), batch):
        chosen = slice(start, start + batch)
        values, lengths = _given(part.inputs, chosen)
        yield Batch(inputs=values, targets=part.targets[chosen], keys=part.keys[chosen], lengths=lengths)


def sampled(part: Resident, count: int) -> Resident:
    """So many samples from all over a part, which their keys draw: the same ones each time."""
    if len(part) <= count:
        return part
    rows = part.keys.argsort()[:count].sort().values
    return Resident(
        inputs=part.inputs[rows],
        targets=part.targets[rows],
        keys=part.keys[rows],
        ids=tuple(part.ids[row] for row in rows.tolist()),
        weights=None if part.weights is None else part.weights[rows],
    )


def first_look(part: Resident) -> tuple[Tensor, ...]:
    """What a model may take its first filters from, as it is called with it: 5,000 samples at most, of all over."""
    most = LOOKED_AT
    if isinstance(part.inputs, Ragged):
        most = max(1, min(most, MOST_STEPS // part.inputs.shape[-1]))
    values, lengths = _given(part.inputs, slice(None, None, -(-len(part) // most)))
    return (values,) if lengths is None else (values, lengths)


def unlabelled(values: Sequence[np.ndarray[Any, Any]], *, sequential: bool = False) -> Batch:
    """One batch of things whose class is not known: each (H, W, C) or (F,), or (T, C) or (T,) where `sequential`.

    Their targets are -1.
    """
    import torch

    nothing = torch.full((len(values),), -1, dtype=torch.int64)
    if sequential:
        inputs, lengths = Ragged.of(values).padded(slice(None))
        return Batch(inputs=inputs, targets=nothing, keys=nothing, lengths=lengths)
    return Batch(inputs=_channels_first(torch.from_numpy(np.stack(values))), targets=nothing, keys=nothing)


def _given(inputs: Tensor | Stored | Ragged, rows: slice) -> tuple[Tensor, Tensor | None]:
    """What a model is called with about some samples: the values, and of sequences their lengths."""
    return inputs.padded(rows) if isinstance(inputs, Ragged) else (_channels_first(inputs[rows]), None)


def _channels_first(inputs: Tensor) -> Tensor:
    """(B, H, W, C) as (B, C, H, W), still channels last in memory; (B, F) as it is."""
    return inputs.permute(0, 3, 1, 2) if inputs.ndim == 4 else inputs
