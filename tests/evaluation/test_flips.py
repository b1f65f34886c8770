"""What changes for those who used the old model."""

import numpy as np
import pytest

from tellapart.evaluation.flips import flips


def test_flips_by_hand() -> None:
    old = np.array([True, True, True, True, False, False, True, True, True, True])
    new = np.array([True, True, False, False, True, False, True, True, True, True])
    found = flips(old, new)
    assert found.negative.value == pytest.approx(0.2)
    assert found.positive.value == pytest.approx(0.1)
    assert found.old_accuracy == pytest.approx(0.8)
    assert found.new_accuracy == pytest.approx(0.7)
    assert found.by_chance == pytest.approx(0.8 * 0.3)
    assert found.negative.low < 0.2 < found.negative.high


def test_the_change_in_accuracy_is_what_was_won_less_what_was_lost() -> None:
    draws = np.random.default_rng(0)
    old, new = draws.random(500) < 0.8, draws.random(500) < 0.9
    found = flips(old, new)
    assert found.new_accuracy - found.old_accuracy == pytest.approx(found.positive.value - found.negative.value)
    assert found.negative.value == pytest.approx(found.by_chance, abs=0.03)


def test_the_same_model_flips_nothing() -> None:
    right = np.array([True, False, True])
    found = flips(right, right)
    assert (found.negative.value, found.positive.value) == (0, 0)
    assert "0.0\u00a0% were right by the old model and are wrong now" in found.sentence("picture")
    assert found.to_json()["negative_flips"]["value"] == 0
