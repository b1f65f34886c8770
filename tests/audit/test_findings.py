"""Every kind of finding: a planted case is found, a clean set is left in peace, and laws that hold for all of them."""

import numpy as np
import pytest
from surveys import scenes, survey_of

from tellapart.audit import BLOCKING, FINDINGS, blocking, findings, in_order
from tellapart.audit.page import KINDS
from tellapart.audit.survey import surveyed
from tellapart.data.sources.digits import open_digits
from tellapart.types import Issue


def kinds(survey):
    return sorted({issue.kind for issue in findings(survey)})


@pytest.fixture(scope="module")
def clean():
    return scenes(60)


def test_a_clean_set_has_no_findings(clean):
    assert findings(survey_of(clean)) == []


def test_the_digits_have_no_findings():
    assert findings(surveyed(open_digits(None))) == []


def test_vectors_are_looked_at_as_far_as_that_makes_sense():
    from tellapart.data.sources.arrays import ArraySource

    values = np.random.default_rng(0).normal(size=(40, 5))
    values[1] = values[0]
    labels = ["a"] * 35 + ["b"] * 5
    found = findings(surveyed(ArraySource("made", values, labels)))
    assert [issue.kind for issue in found] == ["copy", "tiny-class"]


def test_the_order_of_the_samples_has_no_say(clean):
    pictures = [*clean, clean[3], clean[4][2:, 2:], np.zeros_like(clean[0])]
    pictures[-2] = np.pad(pictures[-2], ((0, 2), (0, 2), (0, 0)), mode="edge")
    ids, labels = [f"{row}.png" for row in range(len(pictures))], ["cat", "dog", "cow"] * 21
    order = np.random.default_rng(1).permutation(len(pictures)).tolist()
    one = findings(survey_of(pictures, labels, ids=ids))
    other = findings(survey_of([pictures[r] for r in order], [labels[r] for r in order], ids=[ids[r] for r in order]))
    assert one == other
    assert {issue.kind for issue in one} >= {"copy", "blank"}


def test_every_kind_has_its_words_on_the_page():
    assert {kind for row in FINDINGS.values() for kind in row.kinds} <= KINDS.keys()
    assert set(BLOCKING) <= KINDS.keys()


def test_what_blocks_comes_first_and_labels_keep_their_rank():
    made = [
        Issue(path=p, kind=k, detail="", suggestion="")
        for p, k in [("a", "dark"), ("9", "label"), ("1", "label"), ("b", "leak")]
    ]
    assert [(i.kind, i.path) for i in in_order(made)] == [("leak", "b"), ("label", "9"), ("label", "1"), ("dark", "a")]
    assert [issue.path for issue in blocking(made)] == ["b"]
