"""Batches: a permutation of (seed, epoch) to train on, in order to predict."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.data.augment import Augmentation, augmented
from tellapart.data.batches import in_order, shuffled, steps_per_epoch, unlabelled
from tellapart.data.passage import WINDOW, share
from tellapart.data.resident import Resident, key_of
from tellapart.types import Order

NOTHING = Augmentation()
ORDER = Order(seed=0, epoch=0)
sizes = st.integers(1, 70)


def vectors(N: int) -> Resident:
    """Sample i is the vector (i, -i) of class i % 3."""
    number = torch.arange(N)
    ids = tuple(f"x/{i}" for i in range(N))
    return Resident(
        inputs=torch.stack([number, -number], 1).float(),
        targets=number % 3,
        keys=torch.tensor([key_of(name) for name in ids]),
        ids=ids,
    )


def pictures(N: int, H: int = 4, W: int = 5, C: int = 3) -> Resident:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (N, H, W, C), generator=generator).to(torch.uint8)
    return Resident(inputs=inputs, **{name: getattr(vectors(N), name) for name in ("targets", "keys", "ids")})


def numbers(part: Resident, batch: int, order: Order = ORDER) -> list[list[int]]:
    """Which samples are in each batch of an epoch."""
    return [[int(x) for x in b.inputs[:, 0].tolist()] for b in shuffled(part, order, batch, NOTHING)]


def flat(batches: list[list[int]]) -> list[int]:
    return [number for batch in batches for number in batch]


# ---- shuffled


@given(sizes, sizes, st.integers(0, 2**40), st.integers(0, 300))
@settings(deadline=None)
def test_an_epoch_meets_every_sample_once(N: int, batch: int, seed: int, epoch: int) -> None:
    assert sorted(flat(numbers(vectors(N), batch, Order(seed=seed, epoch=epoch)))) == list(range(N))


@given(sizes, sizes)
@settings(deadline=None)
def test_no_last_batch_holds_one_sample(N: int, batch: int) -> None:
    lengths = [len(rows) for rows in numbers(vectors(N), batch)]
    assert lengths[-1] > 1 or N == 1 or batch == 1
    assert lengths[:-1] == [batch] * (len(lengths) - 1)
    assert lengths[-1] <= batch + 1
    assert len(lengths) == steps_per_epoch(N, batch)


@given(sizes, sizes, sizes)
@settings(deadline=None)
def test_the_order_does_not_depend_on_the_batch_size(N: int, one: int, other: int) -> None:
    assert flat(numbers(vectors(N), one)) == flat(numbers(vectors(N), other))


def test_the_order_is_a_function_of_the_seed_and_the_epoch() -> None:
    part = vectors(50)
    orders = [Order(seed=seed, epoch=epoch) for seed in (0, 1) for epoch in (0, 1)]
    drawn = [tuple(flat(numbers(part, 8, order))) for order in orders]
    assert len(set(drawn)) == 4
    assert drawn == [tuple(flat(numbers(part, 8, order))) for order in orders]


def test_the_caller_s_global_draws_have_no_say_and_are_left_alone() -> None:
    torch.manual_seed(1)
    one, before = numbers(vectors(50), 8), torch.random.get_rng_state()
    assert numbers(vectors(50), 8) == one
    torch.manual_seed(2)
    assert numbers(vectors(50), 8) == one
    torch.manual_seed(1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_place_is_equally_likely() -> None:
    part = vectors(10)
    firsts = [numbers(part, 10, Order(seed=0, epoch=epoch))[0][0] for epoch in range(1000)]
    assert all(abs(firsts.count(i) - 100) < 50 for i in range(10))


@pytest.mark.parametrize(
    ("samples", "batch", "steps"),
    [(1, 1, 1), (1, 64, 1), (2, 1, 2), (64, 64, 1), (65, 64, 1), (66, 64, 2), (128, 64, 2), (129, 64, 2), (3, 2, 1)],
)
def test_steps_by_hand(samples: int, batch: int, steps: int) -> None:
    assert steps_per_epoch(samples, batch) == steps


def test_targets_and_keys_go_with_their_sample() -> None:
    part = vectors(23)
    for batch in shuffled(part, ORDER, 5, NOTHING):
        rows = batch.inputs[:, 0].long()
        assert torch.equal(batch.targets, rows % 3)
        assert torch.equal(batch.keys, part.keys[rows])
        assert torch.equal(batch.inputs, part.inputs[rows])
        assert batch.weights is None


def test_pictures_come_channels_first_and_lie_channels_last() -> None:
    batch = next(shuffled(pictures(9), ORDER, 4, NOTHING))
    assert batch.inputs.shape == (4, 3, 4, 5)
    assert batch.inputs.dtype == torch.uint8
    assert batch.inputs.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("sizes", [(3, 7), (1, 20)])
def test_a_sample_is_augmented_alike_whatever_the_batch_size(sizes: tuple[int, int]) -> None:
    part, augmentation = pictures(20), Augmentation(crop_padding=2, flip=True)
    one, other = (torch.cat([b.inputs for b in shuffled(part, ORDER, batch, augmentation)]) for batch in sizes)
    assert torch.equal(one, other)


def test_augmentation_is_that_of_the_sample_s_key() -> None:
    part, augmentation = pictures(20), Augmentation(crop_padding=2, flip=True)
    expected = augmented(part.inputs, torch.arange(20), part.keys, ORDER, augmentation)
    place = {key: i for i, key in enumerate(part.keys.tolist())}
    for batch in shuffled(part, ORDER, 6, augmentation):
        rows = [place[key] for key in batch.keys.tolist()]
        assert torch.equal(batch.inputs.permute(0, 2, 3, 1), expected[rows])


@given(sizes, sizes, st.integers(0, 12))
@settings(deadline=None)
def test_what_is_skipped_is_the_start_and_the_rest_stays(N: int, batch: int, skip: int) -> None:
    whole, rest = (numbers(vectors(N), batch, replace(ORDER, skip=done)) for done in (0, skip))
    assert rest == whole[skip:]


@pytest.mark.parametrize("skip", range(5))
def test_a_pause_has_no_say_in_how_samples_are_augmented(skip: int) -> None:
    part, augmentation = (
        pictures(20),
        Augmentation(crop_padding=2, flip=True, rotate=20.0, brightness=0.5, cutout=2, fill=(1, 2, 3)),
    )
    whole = list(shuffled(part, Order(seed=3, epoch=2), 5, augmentation))
    rest = list(shuffled(part, Order(seed=3, epoch=2, skip=skip), 5, augmentation))
    assert len(rest) == 4 - skip
    for one, other in zip(rest, whole[skip:], strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.keys, other.keys)
        assert torch.equal(one.targets, other.targets)


EVERYTHING = Augmentation(
    crop_padding=1,
    flip=True,
    rotate=20.0,
    brightness=0.3,
    trivial=True,
    erasing=0.5,
    mixup=0.4,
    cutmix=1.0,
    fill=(9, 9, 9),
)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 7), st.integers(0, 3), st.booleans())
@settings(deadline=None)
def test_the_shares_of_all_ranks_are_the_batches_of_one_reader(
    N: int, batch: int, world: int, skip: int, augments: bool
) -> None:
    part, augmentation = pictures(N), EVERYTHING if augments else NOTHING
    order = Order(seed=3, epoch=2, skip=skip)
    whole = list(shuffled(part, order, batch, augmentation))
    ranks = [list(shuffled(part, replace(order, rank=rank, world=world), batch, augmentation)) for rank in range(world)]
    assert {len(batches) for batches in ranks} == {len(whole)}
    for step, wanted in enumerate(whole):
        for name in ("inputs", "targets", "keys", "rows", "partners", "shares"):
            values = [getattr(batches[step], name) for batches in ranks]
            one = getattr(wanted, name)
            assert values == [None] * world if one is None else torch.equal(torch.cat(values), one)


@given(st.integers(0, 1000), st.integers(1, 9))
def test_no_rank_has_two_samples_more_than_another(count: int, world: int) -> None:
    bounds = [share(5, 5 + count, Order(seed=0, epoch=0, rank=rank, world=world)) for rank in range(world)]
    lengths = [stop - start for start, stop in bounds]
    assert sum(lengths) == count
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_that_there_is_not_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"rank is {rank}, but of 2 readers it is 0 to 1"):
        Order(seed=0, epoch=0, rank=rank, world=2)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=200), st.integers(1, 30), st.integers(1, 5))
@settings(deadline=None)
def test_each_rank_has_no_more_blocks_open_than_one_reader(blocks: list[int], batch: int, world: int) -> None:
    part = replace(vectors(len(blocks)), blocks=torch.tensor(blocks))
    for rank in range(world):
        order = Order(seed=1, epoch=1, rank=rank, world=world)
        seen = [blocks[row] for one in shuffled(part, order, batch, NOTHING) for row in one.rows.tolist()]
        first = {block: seen.index(block) for block in seen}
        last = {block: place for place, block in enumerate(seen)}
        assert all(sum(first[b] <= place <= last[b] for b in first) <= WINDOW for place in range(len(seen)))


def test_vectors_are_never_augmented() -> None:
    augmentation = Augmentation(crop_padding=2, flip=True)
    plain = flat(numbers(vectors(20), 6))
    assert [int(x) for b in shuffled(vectors(20), ORDER, 6, augmentation) for x in b.inputs[:, 0]] == plain


# ---- in order, and unlabelled


@given(sizes, sizes)
@settings(deadline=None)
def test_in_order_is_the_part_as_it_lies(N: int, batch: int) -> None:
    part = vectors(N)
    batches = list(in_order(part, batch))
    assert torch.equal(torch.cat([b.inputs for b in batches]), part.inputs)
    assert torch.equal(torch.cat([b.targets for b in batches]), part.targets)
    assert torch.equal(torch.cat([b.keys for b in batches]), part.keys)
    assert [len(b.targets) for b in batches[:-1]] == [batch] * (len(batches) - 1)


def test_in_order_gives_pictures_channels_first() -> None:
    part = pictures(5)
    batch = next(in_order(part, 3))
    assert torch.equal(batch.inputs, part.inputs[:3].permute(0, 3, 1, 2))


@pytest.mark.parametrize("shape", [(3, 4, 5, 1), (3, 4, 5, 3), (3, 7)])
def test_unlabelled_things_have_a_target_of_minus_one(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype=np.uint8 if len(shape) == 4 else np.float32).reshape(shape)
    batch = unlabelled(values)
    assert batch.targets.tolist() == [-1, -1, -1]
    given = batch.inputs.permute(0, 2, 3, 1) if len(shape) == 4 else batch.inputs
    assert np.array_equal(given.numpy(), values)


def test_unlabelled_things_come_in_the_form_that_training_s_do() -> None:
    part = pictures(3)
    one, other = unlabelled(part.inputs.numpy()), next(in_order(part, 3))
    assert torch.equal(one.inputs, other.inputs)
    assert one.inputs.stride() == other.inputs.stride()


def test_a_sample_that_stands_in_a_pass_again_has_draws_of_its_own_each_time() -> None:
    part = pictures(8)
    order = Order(seed=0, epoch=1, among=torch.tensor([3] * 6 + [1]))
    keys = torch.cat([batch.keys for batch in shuffled(part, order, 4, Augmentation(flip=True))])
    assert len(keys.unique()) == 7
    assert set(part.keys[[1, 3]].tolist()) <= set(keys.tolist())
