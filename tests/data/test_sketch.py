"""Sketches are blind to what copies differ in; the search for the nearest is that of a plain one."""

import numpy as np
import torch
from tests.scenes import scene

from tellapart.data.sketch import View, centres_of, largest, nearest, sketches, viewed


def made(count):
    return torch.from_numpy(np.stack([scene(number, 32) for number in range(count)]))


def test_a_sketch_has_length_one_and_does_not_see_light_and_contrast():
    pictures = made(4)
    plain = sketches(pictures, View())
    assert torch.allclose(plain.norm(dim=1), torch.ones(4))
    paler = (pictures.float() * 0.5 + 60).to(torch.uint8)
    assert (plain * sketches(paler, View())).sum(1).min() > 0.99


def test_a_mirrored_view_is_the_sketch_of_the_mirror_image():
    pictures = made(4)
    assert torch.allclose(sketches(pictures, View(mirrored=True)), sketches(pictures.flip(2), View()), atol=1e-6)


def test_a_zoom_enlarges_what_it_looks_at():
    picture = torch.zeros(1, 32, 32, 1, dtype=torch.uint8)
    picture[:, :14, :14] = 200
    seen = viewed(picture, View(zoom=(0, 0)))
    assert seen.shape == (1, 1, 32, 32)
    assert (seen[0, 0, :15, :15] == 200).all()
    assert (seen[0, 0, 17:, 17:] == 0).all()


def test_a_grey_picture_of_one_tone_has_next_to_no_sketch():
    assert sketches(torch.full((1, 32, 32, 3), 90, dtype=torch.uint8), View()).norm() < 0.05


def test_the_nearest_are_those_of_a_sorted_list_and_never_the_picture_itself():
    plain = sketches(made(40), View())
    cosines = plain @ plain.T
    cosines.fill_diagonal_(-1)
    values, rows = nearest(plain, plain, None, 3)
    assert torch.equal(rows, cosines.argsort(dim=1, descending=True)[:, :3])
    assert torch.allclose(values, cosines.gather(1, rows))


def test_where_there_are_fewer_others_the_rest_is_filled():
    plain = sketches(made(2), View())
    values, _ = nearest(plain, plain, None, 8)
    assert values.shape == (2, 8)
    assert (values[:, 1:] == -1).all()


def test_of_values_for_the_same_row_the_largest_is_taken():
    values, rows = torch.tensor([[0.2, 0.9, 0.5, 0.4]]), torch.tensor([[3, 7, 7, 1]])
    value, column = largest(values, rows, 3)
    assert column.tolist() == [[1, 3, 0]]
    assert torch.allclose(value, torch.tensor([[0.9, 0.4, 0.2]]))


def test_the_centres_of_cells_do_not_hang_on_the_order(monkeypatch):
    monkeypatch.setattr("tellapart.data.sketch.EXACT", 10)
    plain = sketches(made(40), View())
    centres, again = centres_of(plain), centres_of(plain.flip(0))
    assert centres is not None
    assert torch.equal(centres, again)
