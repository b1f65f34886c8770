"""How near a model comes to numbers."""

import numpy as np
import pytest

from tellapart.errors import DataError
from tellapart.evaluation.numbers import measure_numbers, number_scores
from tellapart.evaluation.verdict import amount, interval
from tellapart.types import Predictions


def predictions(values: list[float], targets: list[float]) -> Predictions:
    columns = (np.array(one, np.float32)[:, None] for one in (values, targets))
    logits, wanted = columns
    return Predictions(ids=tuple(map(str, range(len(values)))), logits=logits, targets=wanted, classes=("age",))


def drawn(N: int, seed: int) -> Predictions:
    draws = np.random.default_rng(seed)
    targets = draws.normal(10, 3, N)
    return predictions((targets + draws.normal(0, 1, N)).tolist(), targets.tolist())


def test_values_by_hand() -> None:
    found = number_scores(predictions([1, 2, 6], [1, 3, 5]))
    assert found["mae"] == pytest.approx(2 / 3)
    assert found["rmse"] == pytest.approx((2 / 3) ** 0.5)
    assert found["r2"] == pytest.approx(1 - 2 / 8)


def test_the_baseline_always_answers_the_mean_of_training() -> None:
    found = measure_numbers(predictions([1, 2, 6], [1, 3, 5]), mean=2.0)
    assert found["mean_baseline"].value == pytest.approx(5 / 3)


def test_samples_without_a_number_are_left_out() -> None:
    assert number_scores(predictions([1, 2, 9], [1, 3, np.nan])) == number_scores(predictions([1, 2], [1, 3]))
    with pytest.raises(DataError, match="No sample has a number"):
        number_scores(predictions([1], [np.nan]))


def test_intervals_hold_the_truth_nineteen_times_in_twenty() -> None:
    truth = {"mae": (2 / np.pi) ** 0.5, "rmse": 1.0, "r2": 1 - 1 / 9}
    held = dict.fromkeys(truth, 0)
    for seed in range(60):
        found = measure_numbers(drawn(200, seed))
        for key, value in truth.items():
            held[key] += found[key].low <= value <= found[key].high
    assert all(times >= 52 for times in held.values())


def test_numbers_are_told_in_three_digits_and_never_as_a_share() -> None:
    found = measure_numbers(predictions([1000, 2500, 9000], [1100, 2400, 9200]), mean=0.0)
    assert amount(found["mae"]) == "133"
    assert amount(found["mean_baseline"]) == "4,233"
    assert "%" not in interval(found["r2"])
