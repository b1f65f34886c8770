"""Sources in memory."""

import time

import numpy as np
import pytest

from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.digits import open_digits
from tellapart.errors import DataError

PICTURES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def test_grey_pictures_get_their_channel_without_a_copy() -> None:
    source = ArraySource("mine", PICTURES, ["a", "b"])
    entry = source.entries()[0][1]
    assert source.kind == "image"
    assert entry.shape == source.value(entry).shape == (3, 4, 1)
    assert np.shares_memory(source.value(entry), PICTURES)
    assert np.array_equal(source.value(entry)[:, :, 0], PICTURES[1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8, bool])
def test_rows_of_numbers_become_float32_vectors(dtype: type) -> None:
    source = ArraySource("mine", np.ones((5, 3), dtype), list("ababa"))
    entries, issues = source.entries()
    assert source.kind == "vector"
    assert source.value(entries[4]).dtype == np.float32
    assert entries[0].shape == (3,)
    assert not issues


def test_labels_are_names_whatever_they_were_given_as() -> None:
    for labels in ([3, 12], np.array([3, 12]), ["3", "12"], np.array(["3", "12"])):
        assert [entry.label for entry in ArraySource("mine", PICTURES, labels).entries()[0]] == ["3", "12"]


def test_parts_and_ids_are_kept() -> None:
    source = ArraySource("mine", PICTURES, ["a", "b"], parts=["train", "test"], ids=["x/1", "y/2"])
    assert [(entry.id, entry.part) for entry in source.entries()[0]] == [("x/1", "train"), ("y/2", "test")]


def test_the_same_content_has_the_same_digest() -> None:
    entries, _ = ArraySource("mine", PICTURES[[0, 1, 0]], ["a", "b", "c"]).entries()
    assert entries[0].digest == entries[2].digest != entries[1].digest
    assert len(entries[0].digest) == 16


def test_the_memory_order_does_not_change_the_digest() -> None:
    ordered, other = (ArraySource("mine", a, "ab").entries()[0] for a in (PICTURES, np.asfortranarray(PICTURES)))
    assert [entry.digest for entry in ordered] == [entry.digest for entry in other]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_numbers_that_float32_cannot_hold_are_refused_by_their_place(value: float) -> None:
    values = np.zeros((3, 4))
    values[1, 2] = value
    with pytest.raises(DataError, match="row 1, column 2"):
        ArraySource("mine", values, "abc")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 3, 3), float),
        ((2, 3, 3, 65), np.uint8),
        ((0, 3, 3), np.uint8),
        ((4,), float),
        ((2, 2), "U1"),
        ((2, 2), complex),
    ],
)
def test_other_arrays_are_refused_with_what_is_accepted(shape: tuple[int, ...], dtype: type | str) -> None:
    with pytest.raises(DataError, match="uint8 or uint16 pictures"):
        ArraySource("mine", np.zeros(shape, dtype), ["a"] * shape[0])


def test_a_missing_label_is_told() -> None:
    with pytest.raises(DataError, match="2 samples, but 1 labels"):
        ArraySource("mine", PICTURES, ["a"])


def test_an_id_that_stands_twice_is_told() -> None:
    with pytest.raises(DataError, match="twice"):
        ArraySource("mine", PICTURES, ["a", "b"], ids=["x", "x"])


def test_sixty_thousand_pictures_are_listed_in_a_moment() -> None:
    source = ArraySource("mine", np.zeros((60_000, 28, 28), np.uint8), ["a"] * 60_000)
    start = time.thread_time()
    assert len(source.entries()[0]) == 60_000
    assert time.thread_time() - start < 2  # 0.2 s on an idle core


def test_the_digits_span_all_of_8_bits_and_have_no_parts() -> None:
    source = open_digits(None)
    entries, _ = source.entries()
    values = np.stack([source.value(entry) for entry in entries])
    assert values.shape == (1797, 8, 8, 1)
    assert values.dtype == np.uint8
    assert set(np.unique(values)) == {round(shade * 255 / 16) for shade in range(17)}
    assert {entry.label for entry in entries} == set("0123456789")
    assert {entry.part for entry in entries} == {None}
