"""Near copies are found through crops, shifts, light, compression and mirrors, and nothing else is."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from tests.scenes import scene

from tellapart.data import sketch
from tellapart.data.near import correlation, near_pairs
from tellapart.data.thumbnails import thumbnail

COUNT = 120


def thumbs(pictures):
    return np.stack([thumbnail(picture, 3) for picture in pictures])


@pytest.fixture(scope="module")
def pictures():
    return [scene(number) for number in range(COUNT)]


def as_jpeg(picture):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=40)
    return np.asarray(Image.open(out))


def found(pictures):
    return [(pair.first, pair.second) for pair in near_pairs(thumbs(pictures))]


def test_pictures_that_are_not_alike_are_no_copies(pictures):
    assert found(pictures) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cropped", lambda p: p[3:61, 4:60]),
        ("cropped at a corner", lambda p: p[:56, :56]),
        ("shifted", lambda p: np.roll(p, (4, -3), (0, 1))),
        ("brightened", lambda p: np.clip(p * 1.1 + 15, 0, 255).astype(np.uint8)),
        ("flat", lambda p: (p * 0.6 + 50).astype(np.uint8)),
        ("compressed", as_jpeg),
        ("small", lambda p: np.asarray(Image.fromarray(p).resize((33, 33)))),
        ("mirrored", lambda p: p[:, ::-1]),
        ("mirrored and cropped", lambda p: p[3:61, 3:61][:, ::-1]),
    ],
)
def test_a_changed_copy_is_found_and_nothing_else(pictures, name, change):
    changed = [change(pictures[row]) for row in range(5)]
    assert found([*pictures, *changed]) == [(row, COUNT + row) for row in range(5)]


def test_a_mirror_image_is_called_one(pictures):
    pair = near_pairs(thumbs([*pictures, pictures[7][:, ::-1], pictures[8][1:, 1:]]))
    assert [(p.first, p.second, p.mirrored) for p in pair] == [(7, COUNT, True), (8, COUNT + 1, False)]


def test_the_order_of_the_pictures_does_not_matter(pictures):
    pictures = [*pictures, *(p[3:61, 3:61] for p in pictures[:6])]
    order = np.random.default_rng(0).permutation(len(pictures)).tolist()
    again = {tuple(sorted((order[a], order[b]))) for a, b in found([pictures[row] for row in order])}
    assert again == set(found(pictures))


def test_a_picture_that_is_added_brings_its_own_pairs_alone(pictures):
    before = [*pictures, *(p[3:61, 3:61] for p in pictures[:6])]
    after = found([*before, pictures[9][2:, 2:]])
    assert after == sorted([*found(before), (9, len(before))])


def test_cells_of_many_pictures_find_what_a_full_comparison_finds(pictures, monkeypatch):
    many = [*pictures, *(p[3:61, 3:61] for p in pictures[:30])]
    full = found(many)
    monkeypatch.setattr(sketch, "EXACT", 50)
    assert found(many) == full
    assert len(full) == 30


def test_pictures_of_one_colour_are_no_copies_of_each_other(pictures):
    plain = [np.full((64, 64, 3), tone, np.uint8) for tone in (0, 40, 200, 255)]
    assert found([*pictures, *plain]) == []


def test_pictures_that_are_alike_by_nature_are_no_copies():
    from sklearn.datasets import load_digits

    digits = (load_digits().images[:600] * 15.9).astype(np.uint8)[..., None]
    assert near_pairs(np.stack([thumbnail(digit, 1) for digit in digits])) == []


def test_one_picture_or_none_has_no_copy(pictures):
    assert near_pairs(thumbs(pictures[:1])) == []
    assert near_pairs(np.zeros((0, 32, 32, 3), np.uint8)) == []


def test_the_correlation_is_that_of_the_best_of_all_shifts():
    draws = np.random.default_rng(0)
    seen, whole = torch.from_numpy(draws.normal(100, 20, (2, 1, 2, 32, 32))).float()
    middle = seen[0, :, 4:28, 4:28].numpy()
    by_hand = []
    for down in range(9):
        for across in range(9):
            part = whole[0, :, down : down + 24, across : across + 24].numpy()
            a, b = (x - x.mean(axis=(1, 2), keepdims=True) for x in (middle, part))
            by_hand.append((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
    assert correlation(seen, whole)[0].item() == pytest.approx(max(by_hand), abs=1e-4)
