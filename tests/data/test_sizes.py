"""Progressive resizing: which size when, and what becomes of pictures and of what is counted in pixels."""

import numpy as np
import pytest
import torch

from tellapart.data.augment import Augmentation
from tellapart.data.resident import Resident
from tellapart.data.sizes import at_scale, at_size


def part_of(pictures: torch.Tensor) -> Resident:
    N = len(pictures)
    return Resident(inputs=pictures, targets=torch.arange(N), keys=torch.arange(N), ids=tuple(map(str, range(N))))


def test_the_full_size_is_the_part_itself() -> None:
    part = part_of(torch.zeros(2, 8, 8, 3, dtype=torch.uint8))
    assert at_size(part, 8) is part


@pytest.mark.parametrize("C", [1, 3])
def test_pictures_are_resized_as_pillow_does(C: int) -> None:
    from PIL import Image

    pictures = torch.randint(0, 256, (3, 32, 32, C), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    small = at_size(part_of(pictures), 24).inputs
    for picture, found in zip(pictures, small, strict=True):
        for c in range(C):
            expected = Image.fromarray(picture[..., c].numpy()).resize((24, 24), Image.Resampling.BILINEAR)
            gap = torch.tensor(np.asarray(expected).astype(int)) - found[..., c].int()
            assert gap.abs().max() <= 1


def test_the_shape_of_an_oblong_picture_is_kept() -> None:
    assert at_size(part_of(torch.zeros(2, 16, 32, 1, dtype=torch.uint8)), 8).inputs.shape == (2, 8, 16, 1)


def test_labels_keys_and_ids_stay() -> None:
    part = part_of(torch.zeros(4, 8, 8, 1, dtype=torch.uint8))
    small = at_size(part, 6)
    assert small.targets is part.targets
    assert small.keys is part.keys
    assert small.ids == part.ids


def test_what_is_counted_in_pixels_shrinks_along() -> None:
    scaled = at_scale(Augmentation(crop_padding=4, cutout=8, flip=True), 0.5)
    assert (scaled.crop_padding, scaled.cutout, scaled.flip) == (2, 4, True)


def test_a_crop_of_a_pixel_never_vanishes() -> None:
    assert at_scale(Augmentation(crop_padding=1), 0.5).crop_padding == 1
    assert at_scale(Augmentation(), 0.5).crop_padding is None
