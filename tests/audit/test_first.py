"""What every training begins with."""

import numpy as np
from surveys import scenes

from tellapart.audit.first import first_findings
from tellapart.config import DataConfig
from tellapart.data.resident import load
from tellapart.data.sources.arrays import ArraySource


def found(pictures, labels):
    loaded = load(ArraySource("made", np.stack(pictures), labels), DataConfig(val_share=0.2, test_share=0.0))
    return [(issue.kind, issue.path) for issue in first_findings(loaded)]


def test_clean_data_are_left_in_peace():
    assert found(scenes(60), ["cat", "dog"] * 30) == []


def test_tiny_classes_conflicts_and_blank_pictures_are_named():
    pictures = [*scenes(56), scenes(1)[0], np.full((48, 48, 3), 9, np.uint8), *scenes(2, seed=900)]
    labels = [*(["cat", "dog"] * 28), "dog", "dog", "cow", "cow"]
    expected = [("tiny-class", "cow"), ("imbalance", "dog"), ("conflict", "00056"), ("blank", "00057")]
    assert found(pictures, labels) == expected


def test_vectors_have_no_blank_pictures():
    values = np.zeros((40, 3))
    values[:, 0] = np.arange(40)
    assert [kind for kind, _ in found(values, ["a", "b"] * 20)] == []
