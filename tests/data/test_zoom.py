"""Random-resized-crop: where the parts lie, how large they are, and that each is read as if it stood alone."""

from functools import partial

import pytest
import torch
from torch.nn.functional import interpolate

from tellapart.data.zoom import ASPECTS, _all_at_once, _boxes, _one_by_one, resized_crops
from tellapart.seeds import uniform

KEYS = torch.arange(2000)
DRAW = partial(uniform, KEYS, 0, 0)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (20, 60), (7, 3), (1, 1)])
def test_a_part_lies_inside_the_picture(height: int, width: int) -> None:
    top, left, tall, wide = _boxes(height, width, DRAW, 0.1).unbind(1)
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (tall >= 1).all()
    assert (wide >= 1).all()
    assert (top + tall <= height).all()
    assert (left + wide <= width).all()


@pytest.mark.parametrize("least", [0.08, 0.35, 0.9])
def test_areas_are_even_between_the_least_and_the_whole(least: float) -> None:
    tall, wide = _boxes(1000, 1000, DRAW, least)[:, 2:].double().unbind(1)
    areas = tall * wide / 1e6
    assert areas.min() >= least - 0.002
    quarters = torch.quantile(areas, torch.tensor([0.25, 0.5], dtype=torch.float64))
    torch.testing.assert_close(quarters, least + (1 - least) * torch.tensor([0.25, 0.5]).double(), atol=0.02, rtol=0)


def test_aspects_stay_between_three_to_four_and_four_to_three_of_the_pictures_own() -> None:
    tall, wide = _boxes(3000, 1500, DRAW, 0.2)[:, 2:].double().unbind(1)
    ratios = 2 * wide / tall
    assert ratios.min() >= ASPECTS[0] - 0.01
    assert ratios.max() <= ASPECTS[1] + 0.01
    assert abs(ratios.log().mean()) < 0.02


def test_every_place_is_as_likely() -> None:
    top, left, tall, wide = _boxes(100, 100, DRAW, 0.3).double().unbind(1)
    for first, side in ((top, tall), (left, wide)):
        room = 100 - side
        assert abs((first[room > 5] / room[room > 5]).mean() - 0.5) < 0.03


def test_a_part_is_enlarged_as_if_it_stood_alone() -> None:
    pictures = torch.randint(0, 256, (3, 12, 10, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    rows, boxes = torch.tensor([2, 0]), torch.tensor([[1, 2, 5, 6], [0, 0, 12, 10]])
    made = _one_by_one(pictures, rows, boxes, torch.tensor([False, True]))
    alone = pictures[2, 1:6, 2:8].permute(2, 0, 1)[None].float()
    smooth = interpolate(alone, (12, 10), mode="bilinear", align_corners=False)[0].permute(1, 2, 0)
    assert (made[0].float() - smooth).abs().max() <= 1
    assert torch.equal(made[1], pictures[0].flip(1))


def test_a_gpu_reads_the_same_parts_but_for_rounding() -> None:
    pictures = torch.randint(0, 256, (4, 16, 24, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    rows = torch.arange(2000) % 4
    boxes = _boxes(16, 24, DRAW, 0.2)
    mirrored = KEYS % 3 == 0
    made = [way(pictures, rows, boxes, mirrored).int() for way in (_all_at_once, _one_by_one)]
    assert (made[0] - made[1]).abs().max() <= 2


@pytest.mark.parametrize("channels", [1, 3, 4, 5])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_parts_do_not_hang_on_the_threads_or_the_batch(threads: int, channels: int) -> None:
    pictures = torch.randint(0, 256, (9, 8, 8, channels), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    keys = torch.arange(9)
    whole = resized_crops(pictures, keys, partial(uniform, keys, 3, 4), 0.3)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        some = resized_crops(pictures, keys[4:], partial(uniform, keys[4:], 3, 4), 0.3)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(some, whole[4:])
