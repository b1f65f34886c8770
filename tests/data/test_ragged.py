"""Sequences of differing lengths: end to end in memory, padded in batches, those of like length together."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.data.augment import Augmentation
from tellapart.data.batches import in_order, shuffled, steps_per_epoch
from tellapart.data.ragged import Ragged, in_buckets
from tellapart.data.resident import Resident
from tellapart.types import Order

LENGTHS = st.lists(st.integers(1, 9), min_size=2, max_size=40)


def ragged(lengths, channels=2):
    """Sequences whose values tell which sequence, which step and which channel they are of."""
    steps = [
        np.array([[100 * row + step + c / 10 for c in range(channels)] for step in range(n)], np.float32)
        for row, n in enumerate(lengths)
    ]
    return Ragged.of(steps)


def part(lengths):
    count = len(lengths)
    return Resident(
        inputs=ragged(lengths),
        targets=torch.arange(count) % 3,
        keys=torch.arange(count) * 7,
        ids=tuple(map(str, range(count))),
    )


@settings(deadline=None)
@given(lengths=LENGTHS)
def test_a_sequence_is_padded_with_zeros_behind_its_own_values(lengths):
    values, given_lengths = ragged(lengths).padded(slice(None))
    assert values.shape == (len(lengths), 2, max(lengths))
    assert given_lengths.tolist() == lengths
    for row, length in enumerate(lengths):
        assert values[row, :, :length].T.numpy().tolist() == ragged(lengths).one(row).tolist()
        assert not values[row, :, length:].any()


@settings(deadline=None)
@given(lengths=LENGTHS, data=st.data())
def test_some_rows_are_a_smaller_one_in_the_order_asked_for(lengths, data):
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=10))
    some = ragged(lengths)[torch.tensor(rows)]
    assert some.lengths.tolist() == [lengths[row] for row in rows]
    for place, row in enumerate(rows):
        assert torch.equal(some.one(place), ragged(lengths).one(row))


def test_missing_values_stay_missing():
    values, _ = Ragged.of([np.array([[np.nan], [1.0]], np.float32), np.ones((3, 1), np.float32)]).padded(slice(None))
    assert values.isnan().sum() == 1


@settings(deadline=None)
@given(lengths=LENGTHS, batch=st.integers(1, 7), seed=st.integers(0, 3))
def test_a_pass_in_buckets_goes_over_each_sequence_once(lengths, batch, seed):
    order = Order(seed=seed, epoch=1)
    batches = list(shuffled(part(lengths), order, batch, Augmentation()))
    assert sorted(row for one in batches for row in one.rows.tolist()) == list(range(len(lengths)))
    for one in batches:
        assert one.lengths.tolist() == [lengths[row] for row in one.rows]
        assert one.inputs.shape[2] == max(one.lengths)
        assert one.keys.tolist() == [7 * row for row in one.rows]
        assert one.targets.tolist() == [row % 3 for row in one.rows]


@settings(deadline=None)
@given(lengths=LENGTHS, batch=st.integers(1, 7), skip=st.integers(0, 5))
def test_a_pass_that_is_gone_on_with_gives_the_batches_that_are_left(lengths, batch, skip):
    whole = list(shuffled(part(lengths), Order(seed=1, epoch=2), batch, Augmentation()))
    rest = list(shuffled(part(lengths), Order(seed=1, epoch=2, skip=skip), batch, Augmentation()))
    assert [one.rows.tolist() for one in rest] == [one.rows.tolist() for one in whole[skip:]]


def test_the_ranks_share_each_batch_between_them():
    lengths = [1 + row % 9 for row in range(60)]
    whole = [one.rows.tolist() for one in shuffled(part(lengths), Order(seed=1, epoch=0), 8, Augmentation())]
    ranks = [list(shuffled(part(lengths), Order(seed=1, epoch=0, rank=r, world=2), 8, Augmentation())) for r in (0, 1)]
    assert [a.rows.tolist() + b.rows.tolist() for a, b in zip(*ranks, strict=True)] == whole


def test_buckets_leave_little_padding():
    lengths = torch.randint(1, 1000, (3200,), generator=torch.Generator().manual_seed(0))
    rows = torch.randperm(3200, generator=torch.Generator().manual_seed(1))
    steps = steps_per_epoch(3200, 32)

    def padding(order):
        batches = lengths[order].reshape(-1, 32)
        return (batches.max(1).values[:, None] - batches).sum() / lengths.sum()

    assert padding(rows) > 0.9
    assert padding(in_buckets(rows, lengths, 32, steps, Order(seed=0, epoch=0))) < 0.08


def test_the_order_of_the_buckets_differs_from_pass_to_pass():
    lengths = [1 + row % 9 for row in range(60)]
    passes = [
        [one.rows.tolist() for one in shuffled(part(lengths), Order(seed=1, epoch=e), 8, Augmentation())]
        for e in (0, 1)
    ]
    assert passes[0] != passes[1]


def test_sequences_in_order_lie_as_they_do_in_the_part():
    batches = list(in_order(part([3, 1, 2]), 2))
    assert [one.lengths.tolist() for one in batches] == [[3, 1], [2]]
    assert [one.inputs.shape for one in batches] == [(2, 2, 3), (1, 2, 2)]
    assert batches[0].given == (batches[0].inputs, batches[0].lengths)
