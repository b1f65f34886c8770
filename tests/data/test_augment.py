"""Random changes to whole batches; each picture's draw is a function of (seed, epoch, sample)."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tellapart.data.augment import Augmentation, augmented
from tellapart.data.batches import shuffled
from tellapart.data.colour import coloured
from tellapart.data.resident import Resident
from tellapart.data.warp import warped
from tellapart.seeds import uniform
from tellapart.types import Order

ORDER = Order(seed=3, epoch=2)
BOTH = Augmentation(crop_padding=2, flip=True)
FILL = (90, 120, 250)
SETTINGS: dict[str, dict[str, Any]] = {
    "crop": {"crop_padding": 2},
    "resized crop": {"resized_crop": 0.3},
    "flip": {"flip": True},
    "alternating": {"flip": True, "alternating": True},
    "rotate": {"rotate": 40.0},
    "scale": {"scale": 0.4},
    "brightness": {"brightness": 0.6},
    "contrast": {"contrast": 0.6},
    "saturation": {"saturation": 0.9},
    "cutout": {"cutout": 3, "fill": FILL},
    "trivial": {"trivial": True},
    "erasing": {"erasing": 1.0, "fill": FILL},
}
EACH = {name: Augmentation(**given) for name, given in SETTINGS.items()}
EACH["all"] = Augmentation(**{name: value for given in SETTINGS.values() for name, value in given.items()})
each = pytest.mark.parametrize("augmentation", EACH.values(), ids=EACH)


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


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_padding_may_be_larger_than_the_picture(size: tuple[int, int]) -> None:
    given = pictures(20, *size)
    changed = all_of(given, Augmentation(crop_padding=50, flip=True))
    assert changed.shape == given.shape
    for before, after in zip(given, changed, strict=True):
        assert {tuple(p) for p in after.reshape(-1, 3).tolist()} <= {tuple(p) for p in before.reshape(-1, 3).tolist()}


# ---- laws that hold for each


@each
def test_a_picture_is_the_same_whatever_its_batch(augmentation: Augmentation) -> None:
    given, key = pictures(), keys()
    whole = all_of(given, augmentation)
    rows = torch.tensor([7, 3, 39, 3, 0])
    assert torch.equal(augmented(given, rows, key[rows], ORDER, augmentation), whole[rows])
    alone = [augmented(given, torch.tensor([i]), key[i : i + 1], ORDER, augmentation) for i in range(len(given))]
    assert torch.equal(torch.cat(alone), whole)


@each
@pytest.mark.parametrize("workers", [2, 3, 7])
def test_a_picture_is_the_same_whichever_worker_makes_it(augmentation: Augmentation, workers: int) -> None:
    given, key = pictures(200, 32, 32), keys(200)
    dealt = [torch.arange(worker, 200, workers) for worker in range(workers)]
    made = torch.cat([augmented(given, rows, key[rows], ORDER, augmentation) for rows in dealt])
    assert torch.equal(made, all_of(given, augmentation)[torch.cat(dealt)])


@each
def test_a_picture_is_the_same_on_any_number_of_threads(augmentation: Augmentation) -> None:
    given, threads = pictures(200, 32, 32), torch.get_num_threads()
    try:
        made = []
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            made.append(all_of(given, augmentation))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(made[0], made[1])
    assert torch.equal(made[0], made[2])


@each
def test_a_picture_is_the_same_wherever_it_lies(augmentation: Augmentation) -> None:
    given, key = pictures(), keys()
    moved = torch.arange(len(given)).flip(0)
    assert torch.equal(augmented(given.flip(0), moved, key, ORDER, augmentation), all_of(given, augmentation))


@each
def test_asked_again_a_picture_is_the_same(augmentation: Augmentation) -> None:
    assert torch.equal(all_of(pictures(), augmentation), all_of(pictures(), augmentation))


@each
@pytest.mark.parametrize("order", [Order(seed=4, epoch=2), Order(seed=3, epoch=3)])
def test_another_seed_or_epoch_gives_other_pictures(augmentation: Augmentation, order: Order) -> None:
    given = pictures()
    same = (all_of(given, augmentation) == all_of(given, augmentation, order)).flatten(1).all(1)
    by_chance = 0.5 if augmentation in (EACH["flip"], EACH["alternating"]) else 0.0
    assert same.float().mean() < by_chance + 0.3


@each
def test_another_sample_of_the_same_picture_is_changed_in_its_own_way(augmentation: Augmentation) -> None:
    given = pictures(1).expand(40, -1, -1, -1)
    found = len({picture.numpy().tobytes() for picture in all_of(given, augmentation)})
    assert found == 2 if augmentation in (EACH["flip"], EACH["alternating"]) else found > 15


@each
def test_the_pictures_that_are_kept_stay_as_they_were(augmentation: Augmentation) -> None:
    given = pictures()
    all_of(given, augmentation).zero_()
    assert torch.equal(given, pictures())


@each
@pytest.mark.parametrize("shape", [(6, 5, 3), (6, 5, 1), (1, 1, 1), (1, 9, 3), (2, 1, 1)])
def test_what_comes_out_has_the_form_of_what_goes_in(augmentation: Augmentation, shape: tuple[int, int, int]) -> None:
    changed = all_of(pictures(4, *shape), dataclasses.replace(augmentation, fill=FILL[: shape[2]]))
    assert changed.shape == (4, *shape)
    assert changed.dtype == torch.uint8
    assert changed.is_contiguous()


@each
def test_a_grey_picture_stays_grey(augmentation: Augmentation) -> None:
    grey = pictures(C=1).expand(-1, -1, -1, 3)
    red, green, blue = all_of(grey, dataclasses.replace(augmentation, fill=(99, 99, 99))).unbind(3)
    assert torch.equal(red, green)
    assert torch.equal(green, blue)


@each
def test_targets_and_keys_stay_as_they_were(augmentation: Augmentation) -> None:
    part = Resident(inputs=pictures(), targets=torch.arange(40), keys=keys(), ids=tuple(map(str, range(40))))
    expected = all_of(part.inputs, augmentation)
    for batch in shuffled(part, ORDER, 9, augmentation):
        assert torch.equal(batch.keys, part.keys[batch.targets])
        assert torch.equal(batch.inputs.permute(0, 2, 3, 1), expected[batch.targets])


@each
def test_vectors_stay_as_they_were(augmentation: Augmentation) -> None:
    inputs = torch.randn(40, 7, generator=torch.Generator().manual_seed(0))
    part = Resident(inputs=inputs, targets=torch.arange(40), keys=keys(), ids=tuple(map(str, range(40))))
    for batch in shuffled(part, ORDER, 9, augmentation):
        assert torch.equal(batch.inputs, inputs[batch.targets])


@each
def test_no_global_draw_is_used_up(augmentation: Augmentation) -> None:
    before = torch.random.get_rng_state()
    all_of(pictures(), augmentation)
    assert torch.equal(torch.random.get_rng_state(), before)


@each
def test_each_is_something_to_do(augmentation: Augmentation) -> None:
    assert augmentation


def test_nothing_changes_where_nothing_is_asked_for() -> None:
    assert not Augmentation()
    assert not Augmentation(fill=FILL)
    assert torch.equal(all_of(pictures(), Augmentation()), pictures())


@pytest.mark.parametrize("name", ["rotate", "scale", "brightness", "contrast", "saturation"])
def test_at_no_strength_a_picture_is_only_cropped_and_mirrored(name: str) -> None:
    weak = Augmentation(crop_padding=2, flip=True, **{name: 1e-9})
    assert weak != BOTH
    assert torch.equal(all_of(pictures(), weak), all_of(pictures(), BOTH))


# ---- alternating flip


def mirrored(epoch: int, seed: int = 3, N: int = 2000) -> Tensor:
    """Which pictures are mirrored, bool (N,)."""
    given = torch.arange(2, dtype=torch.uint8).expand(N, 1, 2)[..., None]
    return all_of(given, EACH["alternating"], Order(seed=seed, epoch=epoch))[:, 0, 0, 0] == 1


@pytest.mark.parametrize("epoch", [0, 1, 2, 7])
def test_alternating_shows_each_picture_both_ways_in_two_successive_epochs(epoch: int) -> None:
    assert torch.equal(mirrored(epoch), ~mirrored(epoch + 1))
    assert torch.equal(mirrored(epoch), mirrored(epoch + 2))


def test_alternating_mirrors_half_of_the_pictures_in_every_epoch() -> None:
    for epoch in range(4):
        assert mirrored(epoch).float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_alternating_is_drawn_by_the_seed() -> None:
    assert (mirrored(0) == mirrored(0, seed=4)).float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_alternating_mirrors_what_a_plain_flip_would_show_from_the_right() -> None:
    given, turned = pictures(), mirrored(2, N=40)
    assert torch.equal(
        all_of(given, EACH["alternating"]), torch.where(turned[:, None, None, None], given.flip(2), given)
    )


# ---- rotation, scale and colour


def swings(name: str, most: float, N: int = 40) -> Tensor:
    """The draws by hand: float64 (N,) in [-most, most)."""
    return most * (2 * uniform(keys(N), ORDER.seed, ORDER.epoch, name).double() - 1)


def test_angles_and_ratios_are_drawn_apart_and_evenly() -> None:
    given = pictures()
    y, x = torch.arange(6).expand(40, 6), torch.arange(5).expand(40, 5)
    expected = warped(given, y, x, swings("rotate", 40), 1 + swings("scale", 0.4))
    assert torch.equal(all_of(given, Augmentation(rotate=40, scale=0.4)), expected)


def test_a_crop_is_cut_and_mirrored_out_of_the_turned_picture() -> None:
    given, degrees = pictures(8, 9, 9), swings("rotate", 40, 8)
    down, right = (torch.tensor(shifts(8, 2, name)) for name in ("crop-y", "crop-x"))
    y, x = torch.arange(9) + down[:, None], torch.arange(9) + right[:, None]
    cropped = warped(given, y, x, degrees, torch.ones(8).double())
    turned = (uniform(keys(8), 3, 2, "flip") < 0.5)[:, None, None, None]
    expected = torch.where(turned, cropped.flip(2), cropped).int()
    found = all_of(given, dataclasses.replace(BOTH, rotate=40)).int()
    assert (found - expected).abs().max() <= 1  # read from the other side, half a value may round the other way


def test_colour_factors_are_drawn_apart_and_evenly() -> None:
    given = pictures()
    factors = [1 + swings(name, 0.6) for name in ("brightness", "contrast", "saturation")]
    expected = coloured(given, *factors)
    assert torch.equal(all_of(given, Augmentation(brightness=0.6, contrast=0.6, saturation=0.6)), expected)
    assert abs(np.corrcoef(factors[0], factors[1])[0, 1]) < 0.4


def test_colours_change_after_a_picture_is_moved() -> None:
    given = pictures()
    moved = all_of(given, dataclasses.replace(BOTH, rotate=40))
    both = all_of(given, dataclasses.replace(BOTH, rotate=40, contrast=0.6))
    assert torch.equal(both, all_of(moved, EACH["contrast"]))


# ---- cutout


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_a_cutout_is_a_square_around_any_pixel(H: int, W: int, side: int, seed: int) -> None:
    given, order = pictures(5, H, W, 3, seed), Order(seed=seed, epoch=1)
    covered = augmented(given, torch.arange(5), keys(5), order, Augmentation(cutout=side, fill=FILL)).numpy()
    middles = [uniform(keys(5), seed, 1, f"cutout-{axis}") * size for axis, size in (("y", H), ("x", W))]
    for i in range(5):
        expected = given[i].numpy().copy()
        top, left = (int(middle[i]) - side // 2 for middle in middles)
        expected[max(top, 0) : top + side, max(left, 0) : left + side] = FILL
        assert np.array_equal(covered[i], expected)


def test_a_cutout_may_hang_over_the_edge_and_never_misses_the_picture() -> None:
    blank = torch.zeros(2000, 8, 8, 1, dtype=torch.uint8)
    areas = all_of(blank, Augmentation(cutout=4, fill=(1,))).flatten(1).sum(1, dtype=torch.int64)
    assert (areas.min(), areas.max()) == (4, 16)


def test_every_pixel_is_the_middle_of_a_cutout_equally_often() -> None:
    blank = torch.zeros(6400, 8, 8, 1, dtype=torch.uint8)
    counts = all_of(blank, Augmentation(cutout=1, fill=(1,))).sum(0, dtype=torch.int64)
    assert counts.sum() == 6400
    assert ((counts - 100).abs() < 50).all()


def test_a_cutout_has_its_colour_whatever_happens_to_the_others() -> None:
    covered = all_of(pictures(), EACH["all"])
    filled = (covered == torch.tensor(FILL, dtype=torch.uint8)).all(3).flatten(1).sum(1)
    assert filled.min() >= 4
