"""Random changes to whole batches; each picture's draw is a function of (seed, epoch, sample)."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tellapart.data.augment import Augmentation, augmented
from tellapart.seeds import uniform
from tellapart.types import Order

ORDER = Order(seed=3, epoch=2)
BOTH = Augmentation(crop_padding=2, flip=True)


def pictures(N: int = 40, H: int = 6, W: int = 5, C: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (N, H, W, C), generator=generator).to(torch.uint8)


def keys(N: int = 40, seed: int = 1) -> Tensor:
    return torch.randint(-(2**62), 2**62, (N,), generator=torch.Generator().manual_seed(seed))


def all_of(given: Tensor, augmentation: Augmentation, order: Order = ORDER) -> Tensor:
    return augmented(given, torch.arange(len(given)), keys(len(given)), order, augmentation)


def shifts(N: int, padding: int, name: str, order: Order = ORDER) -> list[int]:
    drawn = uniform(keys(N), order.seed, order.epoch, name).double().numpy()
    return (np.floor(drawn * (2 * padding + 1)) - padding).astype(int).tolist()


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]), st.integers(1, 25), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_a_crop_is_a_cut_out_of_numpy_s_reflect_padding(H: int, W: int, C: int, padding: int, seed: int) -> None:
    given, order = pictures(5, H, W, C, seed), Order(seed=seed, epoch=1)
    cropped = augmented(given, torch.arange(5), keys(5), order, Augmentation(crop_padding=padding)).numpy()
    rows, columns = shifts(5, padding, "crop-y", order), shifts(5, padding, "crop-x", order)
    for i in range(5):
        padded = np.pad(given[i].numpy(), ((padding, padding), (padding, padding), (0, 0)), mode="reflect")
        y, x = padding + rows[i], padding + columns[i]
        assert np.array_equal(cropped[i], padded[y : y + H, x : x + W])


@pytest.mark.parametrize("padding", [1, 2, 4, 30])
def test_every_shift_is_equally_likely(padding: int) -> None:
    H = W = 2 * padding + 2
    N = 4000 if padding < 30 else 400
    ramp = (torch.arange(H)[:, None] * W + torch.arange(W)).expand(N, H, W)[..., None]
    middle = all_of(ramp, Augmentation(crop_padding=padding))[:, H // 2, W // 2, 0]
    down, right = middle // W - H // 2, middle % W - W // 2  # beyond the edge the ramp turns, hence the half
    expected = N / (2 * padding + 1)
    for shift in (down, right):
        counts = torch.bincount(shift + padding, minlength=2 * padding + 1)
        assert counts.sum() == N
        assert ((counts - expected).abs() < 6 * expected**0.5 + 1)[: 2 * padding].all()


def test_shifts_down_and_right_are_drawn_apart() -> None:
    down, right = shifts(4000, 4, "crop-y"), shifts(4000, 4, "crop-x")
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.08


def test_a_mirrored_picture_is_read_from_the_right() -> None:
    given = pictures()
    changed = all_of(given, Augmentation(flip=True))
    mirrored = uniform(keys(), 3, 2, "flip") < 0.5
    for i in range(len(given)):
        assert torch.equal(changed[i], given[i].flip(1) if mirrored[i] else given[i])


def test_half_of_the_pictures_are_mirrored() -> None:
    given = torch.arange(2, dtype=torch.uint8).expand(10_000, 1, 2)[..., None]
    share = (all_of(given, Augmentation(flip=True))[:, 0, 0, 0] == 1).float().mean().item()
    assert share == pytest.approx(0.5, abs=5 * 0.5 / 100)


def test_a_crop_is_mirrored_after_it_is_cut() -> None:
    given = pictures()
    cropped, both = all_of(given, Augmentation(crop_padding=2)), all_of(given, BOTH)
    mirrored = uniform(keys(), 3, 2, "flip") < 0.5
    assert torch.equal(both, torch.where(mirrored[:, None, None, None], cropped.flip(2), cropped))


def test_a_picture_is_the_same_whatever_its_batch() -> None:
    given, key = pictures(), keys()
    whole = all_of(given, BOTH)
    rows = torch.tensor([7, 3, 39, 3, 0])
    assert torch.equal(augmented(given, rows, key[rows], ORDER, BOTH), whole[rows])
    alone = [augmented(given, torch.tensor([i]), key[i : i + 1], ORDER, BOTH) for i in range(len(given))]
    assert torch.equal(torch.cat(alone), whole)


def test_a_picture_is_the_same_wherever_it_lies() -> None:
    given, key = pictures(), keys()
    moved = torch.arange(len(given)).flip(0)
    assert torch.equal(augmented(given.flip(0), moved, key, ORDER, BOTH), all_of(given, BOTH))


@pytest.mark.parametrize("order", [Order(seed=4, epoch=2), Order(seed=3, epoch=3)])
def test_another_seed_or_epoch_gives_another_picture(order: Order) -> None:
    given = pictures()
    same = (all_of(given, BOTH) == all_of(given, BOTH, order)).flatten(1).all(1)
    assert same.float().mean() < 0.3


def test_another_sample_of_the_same_picture_is_changed_in_its_own_way() -> None:
    given = pictures(1).expand(40, -1, -1, -1)
    assert len({picture.numpy().tobytes() for picture in all_of(given, BOTH)}) > 20


def test_nothing_changes_where_nothing_is_asked_for() -> None:
    assert not Augmentation()
    assert Augmentation(flip=True)
    assert Augmentation(crop_padding=1)
    assert torch.equal(all_of(pictures(), Augmentation()), pictures())


def test_the_pictures_that_are_kept_stay_as_they_were() -> None:
    given = pictures()
    all_of(given, BOTH).zero_()
    assert torch.equal(given, pictures())


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_padding_may_be_larger_than_the_picture(size: tuple[int, int]) -> None:
    given = pictures(20, *size)
    changed = all_of(given, Augmentation(crop_padding=50, flip=True))
    assert changed.shape == given.shape
    for before, after in zip(given, changed, strict=True):
        assert {tuple(p) for p in after.reshape(-1, 3).tolist()} <= {tuple(p) for p in before.reshape(-1, 3).tolist()}


def test_no_global_draw_is_used_up() -> None:
    before = torch.random.get_rng_state()
    all_of(pictures(), BOTH)
    assert torch.equal(torch.random.get_rng_state(), before)
