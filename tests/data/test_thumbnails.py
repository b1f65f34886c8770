"""Small squares of pictures of any size."""

import numpy as np
import pytest
from tests.scenes import scene

from tellapart.data.thumbnails import flat, thumbnail


def test_a_thumbnail_is_a_square_with_the_channels_asked_for():
    assert thumbnail(scene(1)[:20], 3).shape == (32, 32, 3)
    assert thumbnail(np.zeros((5, 7, 1), np.uint8), 3).shape == (32, 32, 3)


def test_a_picture_of_that_size_is_its_own_thumbnail():
    picture = scene(1, 32)
    assert (thumbnail(picture, 3) == picture).all()


def test_flat_pictures_are_told_from_others():
    pictures = np.zeros((3, 8, 8, 3), np.uint8)
    pictures[1] = (10, 20, 30)
    pictures[2, 0, 0, 1] = 1
    assert flat(pictures).tolist() == [True, True, False]


@pytest.mark.parametrize(("given", "seen"), [(1, 1), (2, 1), (3, 3), (4, 3), (5, 3)])
def test_of_many_channels_the_first_are_seen(given, seen):
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, given), dtype=np.uint8)
    assert (thumbnail(picture, seen) == picture[:, :, :seen]).all()
