"""Brightness, contrast and saturation: torchvision's, rounded once."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as reference

from tellapart.data.colour import coloured

FACTORS = [0.0, 0.3, 0.95, 1.0, 1.4, 2.0]
KINDS = ["brightness", "contrast", "saturation"]
CLOSE = 0.5 + 255 * 2e-4
"""Half for rounding to whole values; torchvision's shares of grey have four digits."""


def pictures(N: int = 6, H: int = 7, W: int = 5, C: int = 3, low: int = 0, high: int = 256) -> Tensor:
    return torch.randint(low, high, (N, H, W, C), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def changed(given: Tensor, **factors: float) -> Tensor:
    """All pictures under the same factors."""
    each = [torch.full((len(given),), factors[name]).double() if name in factors else None for name in KINDS]
    return coloured(given, *each)


def expected(given: Tensor, **factors: float) -> Tensor:
    """What torchvision makes of the pictures, in exact numbers of 0..255."""
    planes = given.permute(0, 3, 1, 2).double() / 255
    for name in KINDS:
        if name in factors:
            planes = getattr(reference, f"adjust_{name}")(planes, factors[name])
    return 255 * planes.permute(0, 2, 3, 1)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("C", [1, 3])
def test_each_is_what_torchvision_makes_of_it(name: str, factor: float, C: int) -> None:
    given = pictures(C=C)
    assert (changed(given, **{name: factor}) - expected(given, **{name: factor})).abs().max() < CLOSE


@pytest.mark.parametrize("factors", [(0.9, 1.1, 0.8), (1.1, 0.7, 1.2), (1.0, 1.2, 0.0)])
def test_all_three_are_torchvision_s_one_after_the_other(factors: tuple[float, float, float]) -> None:
    given, by_name = pictures(low=100, high=160), dict(zip(KINDS, factors, strict=True))
    assert (changed(given, **by_name) - expected(given, **by_name)).abs().max() < CLOSE


def test_values_by_hand() -> None:
    given = torch.tensor([[100, 0, 0], [0, 200, 0]], dtype=torch.uint8).view(1, 1, 2, 3)
    assert changed(given, brightness=1.5).flatten().tolist() == [150, 0, 0, 0, 255, 0]
    mean = (29.9 + 117.4) / 2  # 73.65
    contrast = [0.5 * x + 0.5 * mean for x in (100, 0, 0, 0, 200, 0)]
    assert changed(given, contrast=0.5).flatten().tolist() == [round(x) for x in contrast]
    assert changed(given, saturation=0.0).flatten().tolist() == [30, 30, 30, 117, 117, 117]


def test_nothing_is_limited_before_the_end() -> None:
    given = torch.full((1, 1, 1, 3), 200, dtype=torch.uint8)
    given[..., 0] = 40
    bright = given.double() * 2
    grey = (bright[0, 0, 0] * torch.tensor([0.299, 0.587, 0.114]).double()).sum().item()
    once = [round(min(0.5 * x + 0.5 * grey, 255)) for x in bright.flatten().tolist()]
    assert changed(given, brightness=2.0, saturation=0.5).flatten().tolist() == once


@pytest.mark.parametrize("C", [1, 3])
def test_factors_of_one_leave_every_pixel(C: int) -> None:
    every = torch.arange(256).to(torch.uint8)
    given = torch.cat([every, every.flip(0), every.roll(99)]).view(1, 256, 3, 1).expand(-1, -1, -1, C)
    assert torch.equal(changed(given, brightness=1.0, contrast=1.0, saturation=1.0), given)


def test_saturation_does_nothing_to_pictures_of_one_channel() -> None:
    given = pictures(C=1)
    assert torch.equal(changed(given, saturation=0.0), given)


def test_saturation_leaves_what_is_grey() -> None:
    given = torch.arange(256).to(torch.uint8).view(1, 16, 16, 1).expand(-1, -1, -1, 3)
    for factor in FACTORS:
        assert torch.equal(changed(given, saturation=factor), given)


@pytest.mark.parametrize("name", KINDS)
def test_a_grey_picture_stays_grey(name: str) -> None:
    given = pictures(C=1).expand(-1, -1, -1, 3)
    for factor in FACTORS:
        red, green, blue = changed(given, **{name: factor}).unbind(3)
        assert torch.equal(red, green)
        assert torch.equal(green, blue)


def test_each_picture_has_its_own_factors() -> None:
    given, factors = pictures(4), torch.tensor([0.5, 0.9, 1.0, 1.7]).double()
    together = coloured(given, factors, factors, factors)
    alone = [coloured(given[i : i + 1], *[factors[i : i + 1]] * 3) for i in range(4)]
    assert torch.equal(together, torch.cat(alone))


def test_the_mean_grey_of_a_large_picture_is_exact() -> None:
    given = torch.full((1, 600, 700, 1), 255, dtype=torch.uint8)
    given[0, 0, 0] = 0
    assert set(changed(given, contrast=0.0).flatten().tolist()) == {255}
    given[:, :300] = 54
    given[:, 300:] = 57
    assert set(changed(given, contrast=0.0).flatten().tolist()) == {56}  # 55.5, to the even number


def test_the_pictures_that_come_in_stay_as_they_were() -> None:
    given = pictures()
    changed(given, brightness=0.5, contrast=0.5, saturation=0.5)
    assert torch.equal(given, pictures())


@pytest.mark.parametrize("C", [2, 5])
def test_the_grey_of_other_channels_is_their_mean(C: int) -> None:
    given = pictures(C=C)
    mean = given.double().mean((1, 2, 3), keepdim=True)
    exact = (0.3 * given.double() + 0.7 * mean).clamp(0, 255)
    assert (changed(given, contrast=0.3) - exact).abs().max() < CLOSE


def test_brightness_is_of_any_channels() -> None:
    given = pictures(C=5)
    assert (changed(given, brightness=0.5) - 0.5 * given.double()).abs().max() < CLOSE


def test_saturation_does_nothing_to_other_channels_than_three() -> None:
    given = pictures(C=5)
    assert torch.equal(changed(given, saturation=0.0), given)
