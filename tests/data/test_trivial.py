"""The fourteen operations: Pillow's, or a value by hand."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from tellapart.data.trivial import BITS, FACTOR, OPERATIONS, trivially_changed

N, H, W = 12, 9, 11
STRENGTHS = torch.linspace(-1, 0.99, N).double()
each = pytest.mark.parametrize("name", list(OPERATIONS))
MOVES = ("shear-x", "shear-y", "translate-x", "translate-y", "rotate")
BY_STRENGTH = (*MOVES, "brightness", "contrast", "saturation", "sharpness", "posterise", "solarise")


def pictures(C: int = 3, low: int = 0, high: int = 256) -> Tensor:
    return torch.randint(low, high, (N, H, W, C), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def by_pillow(given: Tensor, change: Callable[[Image.Image, float], Image.Image]) -> Tensor:
    made = []
    for picture, strength in zip(given.numpy(), STRENGTHS.tolist(), strict=True):
        image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
        made.append(np.array(change(image, strength)).reshape(picture.shape))
    return torch.from_numpy(np.stack(made))


def apart(one: Tensor, other: Tensor) -> int:
    return int((one.int() - other.int()).abs().max())


@pytest.mark.parametrize("C", [1, 3])
def test_posterise_is_pillow_s(C: int) -> None:
    change = lambda image, s: ImageOps.posterize(image, 8 - round(BITS * abs(s)))  # noqa: E731
    assert torch.equal(OPERATIONS["posterise"](pictures(C), STRENGTHS), by_pillow(pictures(C), change))


@pytest.mark.parametrize("C", [1, 3])
def test_solarise_is_pillow_s(C: int) -> None:
    change = lambda image, s: ImageOps.solarize(image, round(255 * (1 - abs(s))) + 1)  # noqa: E731
    assert torch.equal(OPERATIONS["solarise"](pictures(C), STRENGTHS), by_pillow(pictures(C), change))


@pytest.mark.parametrize(("low", "high"), [(0, 256), (40, 90), (7, 8), (100, 102)])
@pytest.mark.parametrize("C", [1, 3])
def test_autocontrast_is_pillow_s(C: int, low: int, high: int) -> None:
    given = pictures(C, low, high)
    assert (
        apart(OPERATIONS["autocontrast"](given, STRENGTHS), by_pillow(given, lambda i, _: ImageOps.autocontrast(i)))
        <= 1
    )


@pytest.mark.parametrize(("low", "high"), [(0, 256), (40, 90), (7, 8), (100, 102)])
@pytest.mark.parametrize("C", [1, 3])
def test_equalise_is_pillow_s(C: int, low: int, high: int) -> None:
    given = pictures(C, low, high).repeat(1, 6, 6, 1)
    assert torch.equal(OPERATIONS["equalise"](given, STRENGTHS), by_pillow(given, lambda i, _: ImageOps.equalize(i)))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
def test_enhancements_are_pillow_s_to_a_value_or_two(name: str) -> None:
    kinds = {
        "brightness": ImageEnhance.Brightness,
        "contrast": ImageEnhance.Contrast,
        "saturation": ImageEnhance.Color,
        "sharpness": ImageEnhance.Sharpness,
    }
    expected = by_pillow(pictures(), lambda image, s: kinds[name](image).enhance(1 + FACTOR * s))
    assert apart(OPERATIONS[name](pictures(), STRENGTHS), expected) <= 2


@pytest.mark.parametrize(("name", "axis", "size"), [("translate-x", 2, W), ("translate-y", 1, H)])
def test_a_shift_mirrors_what_lies_beyond_the_edge(name: str, axis: int, size: int) -> None:
    moved = OPERATIONS[name](pictures(), STRENGTHS)
    for picture, made, strength in zip(pictures(), moved, STRENGTHS.tolist(), strict=True):
        places = (torch.arange(size) + round(10 / 32 * size * strength)) % (2 * (size - 1))
        places = torch.minimum(places, 2 * (size - 1) - places)
        assert torch.equal(made, picture.index_select(axis - 1, places))


def test_a_shear_moves_each_row_by_its_distance_from_the_middle() -> None:
    ramp = (20 * torch.arange(W)).expand(1, H, W)[..., None].to(torch.uint8)
    sheared = OPERATIONS["shear-x"](ramp, torch.tensor([0.5]).double())[0, :, 4, 0].tolist()
    assert sheared == [round(20 * (4 + 0.15 * (row - 4))) for row in range(H)]


def test_a_rotation_keeps_the_middle_and_turns_by_30_degrees_at_most() -> None:
    line = torch.zeros(1, 21, 21, 1, dtype=torch.uint8)
    line[:, 10] = 255
    turned = OPERATIONS["rotate"](line, torch.tensor([-1.0]).double())[0, :, :, 0]
    assert turned[10, 10] == 255
    assert turned[:, 16].argmax().item() == 10 + (1 if turned[13, 16] > turned[7, 16] else -1) * 3  # 6 tan 30 = 3.5


@each
@pytest.mark.parametrize("C", [1, 3])
def test_each_gives_pictures_of_the_same_form_and_leaves_the_given_ones(name: str, C: int) -> None:
    given = pictures(C)
    made = OPERATIONS[name](given, STRENGTHS)
    assert (made.shape, made.dtype) == (given.shape, torch.uint8)
    assert torch.equal(given, pictures(C))


@each
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 2)])
def test_each_takes_the_smallest_pictures(name: str, size: tuple[int, int]) -> None:
    given = torch.full((N, *size, 3), 77, dtype=torch.uint8)
    assert OPERATIONS[name](given, STRENGTHS).shape == given.shape


@each
def test_each_picture_has_its_own_strength(name: str) -> None:
    together = OPERATIONS[name](pictures(), STRENGTHS)
    alone = [OPERATIONS[name](pictures()[i : i + 1], STRENGTHS[i : i + 1]) for i in range(N)]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("name", BY_STRENGTH)
def test_at_no_strength_nothing_changes(name: str) -> None:
    given = pictures()
    if name == "solarise":
        given = given.clamp(max=255)
    assert torch.equal(OPERATIONS[name](given, torch.zeros(N).double()), given)


def test_every_operation_is_equally_likely() -> None:
    many, draws = len(OPERATIONS) * 100, torch.rand(len(OPERATIONS) * 100, generator=torch.Generator().manual_seed(0))
    counts = torch.bincount((draws.double() * len(OPERATIONS)).long(), minlength=len(OPERATIONS))
    assert counts.sum() == many
    assert ((counts - 100).abs() < 40).all()


def test_each_picture_gets_the_operation_and_the_strength_of_its_draws() -> None:
    draws = torch.rand(N, generator=torch.Generator().manual_seed(5))
    strengths = torch.rand(N, generator=torch.Generator().manual_seed(6))
    made = pictures()
    trivially_changed(made, {"trivial": draws, "trivial-strength": strengths}.__getitem__)
    names = list(OPERATIONS)
    for i, place in enumerate((draws.double() * len(names)).long().tolist()):
        expected = OPERATIONS[names[place]](pictures()[i : i + 1], 2 * strengths[i : i + 1].double() - 1)
        assert torch.equal(made[i : i + 1], expected)
