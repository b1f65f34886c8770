"""Answers about samples from models that never saw them."""

from dataclasses import replace

import numpy as np
import pytest

from tellapart.audit.labels import doubts
from tellapart.audit.survey import surveyed
from tellapart.commands import out_of_fold as module
from tellapart.commands.out_of_fold import out_of_fold
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.digits import open_digits


@pytest.fixture(scope="module")
def digits():
    """600 digits, 15 of them with a wrong label; and which."""
    whole = surveyed(open_digits(None))
    survey = replace(whole, entries=whole.entries[:600], thumbnails=whole.thumbnails[:600])
    wrong = set(range(0, 600, 40))
    entries = [
        replace(entry, label=str((int(entry.label) + 3) % 10)) if row in wrong else entry
        for row, entry in enumerate(survey.entries)
    ]
    return replace(survey, entries=tuple(entries)), wrong


def test_wrong_labels_are_found_and_few_others(digits):
    survey, wrong = digits
    found = {doubt.row for doubt in doubts(out_of_fold(survey))}
    assert len(found & wrong) >= 12
    assert len(found - wrong) <= 3


def test_the_order_of_the_samples_has_no_say(digits):
    survey, _ = digits
    order = np.random.default_rng(0).permutation(600)
    again = replace(survey, entries=tuple(survey.entries[row] for row in order), thumbnails=survey.thumbnails[order])
    ids = [[s.entries[doubt.row].id for doubt in doubts(out_of_fold(s))] for s in (survey, again)]
    assert ids[0] == ids[1]


def test_many_pictures_are_learned_by_a_network(digits, monkeypatch):
    survey, wrong = digits
    monkeypatch.setattr(module, "ENOUGH", 500)
    monkeypatch.setattr(module, "QUICK", {**module.QUICK, "widths": (8, 16), "steps": 150, "threads": 1})
    answers = out_of_fold(survey)
    assert answers.model == "a small convolutional network"
    assert answers.probabilities.sum(axis=1) == pytest.approx(np.ones(600))
    assert len({doubt.row for doubt in doubts(answers)} & wrong) >= 8


def test_vectors_are_learned_by_a_linear_model():
    draws = np.random.default_rng(0)
    labels = np.arange(80) % 2
    values = draws.normal(size=(80, 3)) + 6 * labels[:, None]
    labels[7] = 1 - labels[7]
    found = doubts(out_of_fold(surveyed(ArraySource("made", values, labels))))
    assert [doubt.row for doubt in found] == [7]


def test_nothing_is_said_about_classes_of_a_handful():
    values = np.random.default_rng(0).normal(size=(50, 3))
    labels = ["a"] * 22 + ["b"] * 22 + ["c"] * 6
    answers = out_of_fold(surveyed(ArraySource("made", values, labels)))
    assert answers.classes == ("a", "b")
    assert len(answers.rows) == 44
    assert out_of_fold(surveyed(ArraySource("made", values, ["a"] * 44 + ["b"] * 6))) is None
