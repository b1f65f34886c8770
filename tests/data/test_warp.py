"""Rotation and scale: torchvision's, mirrored at the edges, with the crop and the mirror in the same reading."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as reference

from tellapart.data.warp import warped


def pictures(N: int = 6, H: int = 9, W: int = 12, C: int = 3) -> Tensor:
    return torch.randint(0, 256, (N, H, W, C), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def read(given: Tensor, degrees: float = 0.0, ratio: float = 1.0, down: int = 0, right: int = 0) -> Tensor:
    """All pictures under the same angle, ratio and shift."""
    N, H, W = given.shape[:3]
    y, x = (torch.arange(size).expand(N, size) + shift for size, shift in ((H, down), (W, right)))
    same = torch.ones(N, dtype=torch.float64)
    return warped(given, y, x, degrees * same, ratio * same)


def expected(given: Tensor, degrees: float, ratio: float, border: int = 60) -> Tensor:
    """What torchvision makes of the pictures in a wide frame of their own mirror images, in exact numbers."""
    sides = ((0, 0), (border, border), (border, border), (0, 0))
    planes = torch.from_numpy(np.pad(given.numpy(), sides, mode="reflect")).permute(0, 3, 1, 2).double()
    turned = reference.affine(
        planes, -degrees, [0, 0], ratio, [0.0, 0.0], interpolation=reference.InterpolationMode.BILINEAR
    )
    top, left = (turned.shape[2] - given.shape[1]) // 2, (turned.shape[3] - given.shape[2]) // 2
    return turned[:, :, top : top + given.shape[1], left : left + given.shape[2]].permute(0, 2, 3, 1)


@pytest.mark.parametrize("degrees", [-180, -31.4, 0.5, 15, 45, 90, 137])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.3])
@pytest.mark.parametrize("size", [(9, 12), (8, 8), (15, 4)])
def test_a_picture_is_turned_as_torchvision_turns_it(degrees: float, ratio: float, size: tuple[int, int]) -> None:
    given = pictures(2, *size)
    assert (read(given, degrees, ratio) - expected(given, degrees, ratio)).abs().max() < 0.51


@pytest.mark.parametrize("side", [1, 2, 7, 8, 32])
@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3])
def test_quarters_of_a_turn_are_exact_and_against_the_clock(side: int, quarters: int) -> None:
    given = pictures(4, side, side)
    assert torch.equal(read(given, 90.0 * quarters), given.rot90(quarters, (1, 2)))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (64, 33)])
@pytest.mark.parametrize("C", [1, 3])
def test_no_angle_and_no_scale_leave_every_pixel(size: tuple[int, int], C: int) -> None:
    given = pictures(5, *size, C)
    assert torch.equal(read(given), given)


def test_twice_the_size_by_hand() -> None:
    row = torch.tensor([0, 100, 200, 40, 80], dtype=torch.uint8)[None, None, :, None]
    assert read(row, ratio=2.0)[0, 0, :, 0].tolist() == [100, 150, 200, 120, 40]


def test_half_the_size_by_hand() -> None:
    row = torch.tensor([10, 20, 30, 40, 50], dtype=torch.uint8)[None, None, :, None]
    assert read(row, ratio=0.5)[0, 0, :, 0].tolist() == [30, 10, 30, 50, 30]  # places -2, 0, 2, 4 and 6


@pytest.mark.parametrize(("down", "right"), [(2, -1), (-4, 4), (30, 100)])
def test_a_shift_is_mirrored_at_the_edges(down: int, right: int) -> None:
    given = pictures()
    y, x = (torch.arange(size) + shift for size, shift in ((9, down), (12, right)))
    y, x = (torch.minimum(p % (2 * n - 2), 2 * n - 2 - p % (2 * n - 2)) for p, n in ((y, 9), (x, 12)))
    assert torch.equal(read(given, down=down, right=right), given[:, y][:, :, x])


def test_a_shift_goes_around_the_middle_of_the_picture_that_is_turned() -> None:
    given = pictures(3, 8, 8)
    assert torch.equal(read(given, 90, down=2, right=1), read(given.rot90(1, (1, 2)), down=2, right=1))


def test_each_picture_has_its_own_angle_and_ratio() -> None:
    given = pictures(3)
    y, x = torch.arange(9).expand(3, 9), torch.arange(12).expand(3, 12)
    degrees, ratios = torch.tensor([5.0, -50.0, 0.0]).double(), torch.tensor([1.0, 0.7, 1.2]).double()
    together = warped(given, y, x, degrees, ratios)
    alone = [read(given[i : i + 1], degrees[i].item(), ratios[i].item()) for i in range(3)]
    assert torch.equal(together, torch.cat(alone))


def test_a_picture_of_one_colour_stays_as_it_is() -> None:
    given = torch.tensor([255, 7, 0], dtype=torch.uint8).expand(4, 9, 12, 3)
    assert torch.equal(read(given, 33, 0.8), given)


@pytest.mark.parametrize("ratio", [1e-17, 1e-6, 1e6])
def test_a_ratio_without_measure_still_reads_pixels_of_the_picture(ratio: float) -> None:
    given = pictures() // 2 + 50
    changed = read(given, 20, ratio)
    assert changed.min() >= 50
    assert changed.max() <= 177


def test_what_comes_out_lies_in_memory_as_what_goes_in() -> None:
    changed = read(pictures(), 10)
    assert changed.dtype == torch.uint8
    assert changed.is_contiguous()
