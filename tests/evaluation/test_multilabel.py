"""How well several labels are found: scikit-learn's values, thresholds of val, intervals that hold the truth."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss

from tellapart.evaluation.multilabel import (
    FEWEST,
    USUAL,
    best_thresholds,
    label_probabilities,
    label_scores,
    measure_labels,
    per_label,
)
from tellapart.types import Predictions


def drawn(N: int = 400, K: int = 4, seed: int = 0, skill: float = 1.5) -> Predictions:
    draws = np.random.default_rng(seed)
    targets = (draws.random((N, K)) < np.linspace(0.1, 0.6, K)).astype(np.float32)
    logits = (draws.normal(0, 1, (N, K)) + skill * (targets - 0.5) - 0.3).astype(np.float32)
    return Predictions(ids=tuple(map(str, range(N))), logits=logits, targets=targets, classes=tuple("abcdefg"[:K]))


def test_values_are_those_of_scikit_learn() -> None:
    made = drawn()
    shares, found = label_probabilities(made.logits), label_scores(made)
    said = shares >= USUAL
    assert found["average_precision"] == pytest.approx(average_precision_score(made.targets, shares, average="macro"))
    assert found["macro_f1"] == pytest.approx(f1_score(made.targets, said, average="macro"))
    assert found["micro_f1"] == pytest.approx(f1_score(made.targets, said, average="micro"))
    assert found["exact_match"] == pytest.approx((said == made.targets).all(axis=1).mean())
    each = [log_loss(made.targets[:, k], shares[:, k]) for k in range(4)]
    assert found["log_loss"] == pytest.approx(np.mean(each), rel=1e-6)


def test_a_label_that_no_sample_has_is_left_out_of_the_means() -> None:
    made = drawn(K=2)
    without = Predictions(
        ids=made.ids,
        logits=np.concatenate([made.logits, made.logits[:, :1]], axis=1),
        targets=np.concatenate([made.targets, np.zeros((400, 1), np.float32)], axis=1),
        classes=("a", "b", "c"),
    )
    assert label_scores(without)["average_precision"] == label_scores(made)["average_precision"]
    row = per_label(without)[2]
    assert (row.support, row.recall, row.f1, row.average_precision) == (0, None, None, None)


def test_what_is_not_known_is_left_out() -> None:
    made = drawn(K=1)
    targets = made.targets.copy()
    targets[:100] = np.nan
    known = Predictions(ids=made.ids[100:], logits=made.logits[100:], targets=made.targets[100:], classes=("a",))
    partly = Predictions(ids=made.ids, logits=made.logits, targets=targets, classes=("a",))
    for key in ("average_precision", "macro_f1", "micro_f1"):
        assert label_scores(partly)[key] == label_scores(known)[key]


def test_a_threshold_is_the_one_of_the_best_f1() -> None:
    made = drawn(K=3, seed=1)
    shares, limits = label_probabilities(made.logits), best_thresholds(made)
    for k, limit in enumerate(limits):
        tried = [f1_score(made.targets[:, k], shares[:, k] >= other) for other in np.linspace(0.01, 0.99, 197)]
        assert f1_score(made.targets[:, k], shares[:, k] >= limit) >= max(tried) - 1e-12


def test_a_handful_chooses_no_threshold() -> None:
    few = drawn(N=60, K=1)
    targets = np.zeros_like(few.targets)
    targets[: FEWEST - 1] = 1
    assert best_thresholds(Predictions(ids=few.ids, logits=few.logits, targets=targets, classes=("a",))) == (USUAL,)


def test_intervals_hold_their_values_and_repeat() -> None:
    found = measure_labels(drawn(), (0.4, 0.5, 0.5, 0.6))
    assert all(one.low <= one.value <= one.high for one in found.values())
    assert found["average_precision"].low < found["average_precision"].high
    assert found == measure_labels(drawn(), (0.4, 0.5, 0.5, 0.6))


def test_the_interval_of_average_precision_holds_the_truth_nineteen_times_in_twenty() -> None:
    truth = label_scores(drawn(N=100_000, K=2, seed=99))["average_precision"]
    held = 0
    for seed in range(40):
        one = measure_labels(drawn(N=300, K=2, seed=seed))["average_precision"]
        held += one.low <= truth <= one.high
    assert held >= 34
