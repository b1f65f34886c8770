"""Copies, leaks and conflicts, exact and near."""

from dataclasses import replace

import numpy as np
import pytest
from surveys import scenes, survey_of

from tellapart.audit.copies import exact_copies, group_leaks, near_copies

PICTURES = scenes(40)
CROPPED = np.pad(PICTURES[0][2:46, 2:46], ((2, 2), (2, 2), (0, 0)), mode="reflect")
LABELS = ["cat", "dog"] * 20


def found(finder, picture, label, parts=None):
    issues = finder(survey_of([*PICTURES, picture], [*LABELS, label], parts))
    return [(issue.kind, issue.path, issue.other) for issue in issues]


@pytest.mark.parametrize(
    ("finder", "picture", "kind"), [(exact_copies, PICTURES[0], "copy"), (near_copies, CROPPED, "near-copy")]
)
def test_a_copy_in_its_class_is_a_copy(finder, picture, kind):
    assert found(finder, picture, "cat") == [(kind, "00040", "00000")]


@pytest.mark.parametrize(("finder", "picture"), [(exact_copies, PICTURES[0]), (near_copies, CROPPED)])
def test_a_copy_in_another_class_is_a_conflict(finder, picture):
    assert found(finder, picture, "dog") == [("conflict", "00040", "00000")]


@pytest.mark.parametrize(("finder", "picture"), [(exact_copies, PICTURES[0]), (near_copies, CROPPED)])
def test_a_copy_in_another_part_is_a_leak(finder, picture):
    assert found(finder, picture, "cat", ["train"] * 40 + ["test"]) == [("leak", "00040", "00000")]


def test_a_conflict_between_parts_is_a_conflict_that_names_both():
    survey = survey_of([*PICTURES, PICTURES[0]], [*LABELS, "dog"], ["train"] * 40 + ["test"])
    (issue,) = exact_copies(survey)
    assert issue.kind == "conflict"
    said = "the same as '00000'; that one is in train and labelled 'cat', this one in test and labelled 'dog'"
    assert issue.detail == said


def test_of_three_equal_ones_each_is_held_against_the_first():
    issues = exact_copies(survey_of([PICTURES[0]] * 3, ["cat"] * 3))
    assert [(issue.path, issue.other) for issue in issues] == [("00001", "00000"), ("00002", "00000")]


def test_equal_ones_are_no_near_copies():
    assert near_copies(survey_of([*PICTURES, PICTURES[0]], [*LABELS, "cat"])) == []


def test_pictures_of_their_own_are_no_copies():
    survey = survey_of(PICTURES, LABELS)
    assert exact_copies(survey) == near_copies(survey) == []


def test_a_group_in_two_parts_is_a_leak_by_its_name():
    survey = survey_of(PICTURES[:4], LABELS[:4], ["train", "train", "test", "test"])
    entries = tuple(replace(e, group=name) for e, name in zip(survey.entries, ("p", "q", "p", None), strict=True))
    (issue,) = group_leaks(replace(survey, entries=entries))
    assert (issue.path, issue.kind) == ("p", "leak")
    assert issue.detail == "the group 'p' stands in train (1 sample), test (1 sample)"
    assert group_leaks(survey) == []
