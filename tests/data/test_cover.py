"""Random erasing: a rectangle of a share of the pictures is filled. Cutout is tested with the other augmentations."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tellapart.data.augment import Augmentation, augmented
from tellapart.types import Order


def erased(share: float, H: int = 20, W: int = 30, N: int = 2000) -> Tensor:
    """Which pixels of N pictures are filled, bool (N, H, W)."""
    keys = torch.randint(-(2**62), 2**62, (N,), generator=torch.Generator().manual_seed(1))
    blank = torch.zeros(N, H, W, 1, dtype=torch.uint8)
    augmentation = Augmentation(erasing=share, fill=(1,))
    return augmented(blank, torch.arange(N), keys, Order(seed=0, epoch=0), augmentation)[..., 0].bool()


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_share_of_the_pictures_is_erased(share: float) -> None:
    assert erased(share).flatten(1).any(1).float().mean().item() == pytest.approx(share, abs=0.04)


def test_what_is_erased_is_one_whole_rectangle() -> None:
    for filled in erased(1.0, N=200):
        rows, columns = filled.any(1), filled.any(0)
        assert torch.equal(filled, rows[:, None] & columns[None, :])
        assert (rows.diff().sum(), columns.diff().sum()) <= (2, 2)


def test_its_area_is_even_between_2_and_40_percent() -> None:
    areas = erased(1.0, 60, 60).flatten(1).float().mean(1)
    assert areas.max() < 0.42
    assert areas.min() > 0.015
    assert areas.mean().item() == pytest.approx(0.21, abs=0.015)


def test_it_is_as_often_wide_as_tall() -> None:
    filled = erased(1.0, 60, 60)
    tall, wide = filled.any(2).sum(1), filled.any(1).sum(1)
    assert (wide > tall).float().mean().item() == pytest.approx((tall > wide).float().mean().item(), abs=0.05)
    assert np.median((wide / tall).numpy()) == pytest.approx(1, abs=0.1)


def test_every_corner_may_be_erased() -> None:
    filled = erased(1.0)
    for corner in (filled[:, 0, 0], filled[:, 0, -1], filled[:, -1, 0], filled[:, -1, -1]):
        assert corner.any()
