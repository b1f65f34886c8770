"""Classes that are too small, too large or missing."""

import numpy as np
from surveys import scenes, survey_of

from tellapart.audit.classes import uneven_classes


def found(labels, parts=None):
    pictures = np.random.default_rng(0).integers(0, 255, (len(labels), 4, 4), dtype=np.uint8)
    return [(issue.kind, issue.path) for issue in uneven_classes(survey_of(pictures, labels, parts))]


def test_classes_of_ten_are_large_enough():
    assert found(["a"] * 10 + ["b"] * 20) == []


def test_a_class_of_nine_is_tiny():
    assert found(["a"] * 9 + ["b"] * 20) == [("tiny-class", "a")]


def test_one_example_alone_blocks():
    assert found(["a"] + ["b"] * 9) == [("single-example", "a"), ("tiny-class", "b")]


def test_one_class_alone_blocks():
    assert found(["a"] * 20) == [("one-class", "a")]


def test_ten_times_as_many_is_imbalance():
    assert found(["a"] * 10 + ["b"] * 99) == []
    assert found(["a"] * 10 + ["b"] * 100) == [("imbalance", "b")]


def test_a_class_that_a_part_lacks_is_named():
    parts = ["train"] * 24 + ["test"] * 12
    assert found(["a", "b"] * 12 + ["a"] * 12, parts) == [("missing-class", "test")]


def test_the_counts_stand_in_the_detail():
    issue = uneven_classes(survey_of(scenes(110), ["a"] * 10 + ["b"] * 100))[0]
    assert issue.detail == "10 times as many as of 'a': 100 and 10"
