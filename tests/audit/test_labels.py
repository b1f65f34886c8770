"""Confident learning, against a count by hand and against cleanlab."""

import json
from pathlib import Path

import numpy as np
import pytest

from tellapart.audit.labels import OutOfFold, agreement, doubts, label_issue, margins, off_diagonal

CLEANLAB = json.loads(Path(__file__).with_name("confident_learning.json").read_text())


def answers(probabilities, given):
    K = len(probabilities[0])
    return OutOfFold(
        rows=np.arange(len(given)) + 100,
        probabilities=np.array(probabilities, dtype=np.float64),
        given=np.array(given),
        classes=tuple("abcdef"[:K]),
        model="a model",
    )


def test_a_label_is_in_doubt_where_another_class_reaches_what_is_usual_for_it():
    shares = [[0.9, 0.1], [0.7, 0.3], [0.15, 0.85], [0.2, 0.8], [0.1, 0.9], [0.45, 0.55]]
    given = np.array([0, 0, 0, 1, 1, 1])
    # usual: of a (0.9 + 0.7 + 0.15) / 3 = 0.583, of b (0.8 + 0.9 + 0.55) / 3 = 0.75
    assert off_diagonal(np.array(shares), given).tolist() == [-1, -1, 1, -1, -1, -1]


def test_the_margin_is_the_given_share_less_the_largest_other():
    assert margins(np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), np.array([0, 1])) == pytest.approx([0.2, -0.5])


def test_doubts_come_the_most_suspicious_first_with_both_shares():
    shares = [[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.2, 0.8], [0.2, 0.8], *[[0.1, 0.9]] * 4]
    found = doubts(answers(shares, [0, 0, 0, 0, 1, 1, 1, 1, 1]))
    assert [(doubt.row, doubt.given, doubt.proposed) for doubt in found] == [(102, "a", "b")]
    assert (found[0].given_share, found[0].proposed_share) == (0.05, 0.95)
    said = label_issue("x.png", found[0])
    assert (said.kind, said.path) == ("label", "x.png")
    assert said.detail == "labelled 'a' (5.0%), looks like 'b' (95.0%) to a model that never saw it"


def test_right_labels_are_not_in_doubt():
    assert doubts(answers([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]], [0, 0, 1, 1])) == []


def test_the_order_of_the_samples_does_not_matter():
    probabilities, given = np.array(CLEANLAB["probabilities"]), np.array(CLEANLAB["given"])
    order = np.random.default_rng(0).permutation(len(given))
    again = off_diagonal(probabilities[order], given[order])
    assert (again == off_diagonal(probabilities, given)[order]).all()


def test_the_same_labels_are_in_doubt_as_in_cleanlab():
    likely = off_diagonal(np.array(CLEANLAB["probabilities"]), np.array(CLEANLAB["given"]))
    assert np.flatnonzero(likely >= 0).tolist() == CLEANLAB["issues"]


def test_the_margins_are_those_of_cleanlab():
    found = margins(np.array(CLEANLAB["probabilities"]), np.array(CLEANLAB["given"]))
    assert (found + 1) / 2 == pytest.approx(np.array(CLEANLAB["normalized_margin"]), abs=1e-5)


def test_it_is_said_how_far_the_model_is_to_be_trusted():
    assert "a model that never saw the sample; it agrees with 75.0% of them" in agreement(
        answers([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.2, 0.8]], [0, 0, 1, 1])
    )
    assert "not looked at: too few classes" in agreement(None)


def test_a_model_that_is_often_wrong_itself_tells_no_doubts_and_says_so():
    weak = answers([[0.9, 0.1], [0.3, 0.7], [0.05, 0.95], [0.1, 0.9]], [0, 0, 0, 1])
    assert doubts(weak) == []
    assert agreement(weak).endswith(
        "it agrees with 50.0% of them. That is too few for its doubts to mean anything, so none is told."
    )
