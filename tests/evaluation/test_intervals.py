import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tellapart.evaluation.intervals import (
    mean_interval,
    mean_share_interval,
    percentile_interval,
    resampled,
    wilson,
    within_share,
)


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 10), (7, 10), (10, 10), (4999, 5000), (81, 263)])
def test_wilson_agrees_with_scipy(successes, trials):
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(1, 10**7).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_wilson_contains_the_share_and_stays_in_0_to_1(counts):
    low, high = wilson(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


def test_a_share_of_nothing_has_no_interval():
    with pytest.raises(ValueError, match="trials is 0"):
        wilson(0, 0)


def test_the_interval_of_one_value_is_that_value():
    assert mean_interval(np.array([0.3])) == (0.3, 0.3)


def test_the_mean_interval_is_the_same_each_time():
    values = np.random.default_rng(1).exponential(size=200)
    assert mean_interval(values) == mean_interval(values)


def test_the_mean_interval_is_near_that_of_the_normal_law():
    values = np.random.default_rng(2).normal(5, 2, size=4000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert mean_interval(values) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_one_share_has_the_interval_of_wilson():
    assert mean_share_interval([7, 0], [9, 0]) == pytest.approx(wilson(7, 9))


def test_two_shares_combine_by_the_squares_of_their_distances():
    low, high = wilson(2, 4)
    below = np.hypot(0.8 - wilson(8, 10)[0], 0.5 - low) / 2
    above = np.hypot(wilson(8, 10)[1] - 0.8, high - 0.5) / 2
    assert mean_share_interval([8, 2], [10, 4]) == pytest.approx((0.65 - below, 0.65 + above))


def test_a_resample_of_a_confusion_matrix_holds_as_many_samples():
    _, support, predicted = resampled(np.array([[30, 2], [5, 13]]))
    assert support.sum(axis=1).tolist() == predicted.sum(axis=1).tolist() == [50] * 1000


def test_resampling_the_matrix_has_the_law_of_resampling_the_samples():
    matrix = np.array([[30, 2], [5, 13]])
    hits, support, _ = resampled(matrix)
    true, called = np.repeat([0, 0, 1, 1], matrix.ravel()), np.repeat([0, 1, 0, 1], matrix.ravel())
    rows = np.random.default_rng(0).integers(0, 50, size=(4000, 50))
    assert support[:, 0].mean() == pytest.approx((true[rows] == 0).sum(axis=1).mean(), abs=0.4)
    assert hits.sum(axis=1).std() == pytest.approx((true[rows] == called[rows]).sum(axis=1).std(), rel=0.1)


@given(st.floats(0, 1), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_percentile_interval_contains_its_value(value, drawn):
    low, high = percentile_interval(value, np.array(drawn))
    assert low <= value <= high


def test_a_share_interval_is_cut_to_0_and_1():
    assert within_share(0.5, (-0.1, 1.2)) == (0.0, 1.0)


def test_a_thousand_classes_are_resampled_in_bounded_time():
    rng = np.random.default_rng(0)
    matrix = np.bincount(rng.integers(0, 10**6, 25_000), minlength=10**6).reshape(1000, 1000) + 25 * np.eye(
        1000, dtype=int
    )
    start = time.process_time()
    resampled(matrix)
    assert time.process_time() - start < 5
