"""What few pictures are learned from."""

import numpy as np
from tests.scenes import scene

from tellapart.audit.gradients import features


def test_features_are_coarse_pixels_and_edges_by_cell_and_way():
    found = features(np.stack([scene(number, 32) for number in range(3)]))
    assert found.shape == (3, 8 * 8 * 3 + 8 * 8 * 8)
    assert np.isfinite(found).all()


def test_an_upright_and_a_level_edge_differ_in_their_ways_alone():
    upright = np.zeros((1, 32, 32, 1), np.uint8)
    upright[:, :, 14:] = 255
    ways = features(upright)[0, 64:].reshape(8, 8, 8).sum((0, 1))
    level = features(upright.transpose(0, 2, 1, 3))[0, 64:].reshape(8, 8, 8).sum((0, 1))
    assert ways.argmax() == 0
    assert level.argmax() == 2


def test_a_picture_of_one_colour_has_no_edges():
    assert features(np.full((1, 32, 32, 3), 9, np.uint8))[0, 192:].max() == 0
