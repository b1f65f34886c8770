import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from made_predictions import drawn, of_answers, of_logits
from sklearn import metrics

from tellapart.errors import DataError, TellapartError
from tellapart.evaluation.intervals import resampled
from tellapart.evaluation.measures import (
    METRICS,
    answers,
    balanced_accuracy,
    better,
    confusion,
    measure,
    per_class,
    probabilities,
    sample_losses,
    scores,
)

finite = st.floats(-(2.0**100), 2.0**100, width=32)
logits = arrays.arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(2, 7)), elements=finite)


@given(logits)
def test_probabilities_are_in_0_to_1_and_rows_sum_to_1(values):
    shares = probabilities(values)
    assert shares.dtype == np.float64
    assert ((shares >= 0) & (shares <= 1)).all()
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(values)), abs=1e-12)


def test_probabilities_are_the_softmax():
    assert probabilities(np.log(np.array([[1, 3]], dtype=np.float32)))[0] == pytest.approx([0.25, 0.75])


@given(logits, st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_every_interval_contains_its_value_and_shares_stay_in_0_to_1(values, seed):
    true = np.random.default_rng(seed).integers(0, values.shape[1], len(values))
    for each in measure(of_logits(values, true), majority=0).values():
        assert each.low <= each.value <= each.high
        assert each.unit == "nats" or 0 <= each.low <= each.high <= 1


def test_rows_of_the_confusion_matrix_are_the_true_classes():
    matrix = confusion(of_answers(true=[0, 0, 0, 1], called=[2, 2, 0, 0], K=3))
    assert matrix.tolist() == [[1, 0, 2], [1, 0, 0], [0, 0, 0]]


def test_the_confusion_matrix_agrees_with_scikit_learn():
    predictions = drawn(300, 5)
    expected = metrics.confusion_matrix(predictions.targets, answers(predictions), labels=range(5))
    assert (confusion(predictions) == expected).all()


@pytest.mark.parametrize("K", [2, 5, 6, 12])
def test_scores_agree_with_scikit_learn(K):
    predictions = drawn(500, K)
    true, called, shares = predictions.targets, answers(predictions), probabilities(predictions.logits)
    expected = {
        "accuracy": metrics.accuracy_score(true, called),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, called),
        "macro_f1": metrics.f1_score(true, called, average="macro"),
        "log_loss": metrics.log_loss(true, shares, labels=range(K)),
    }
    if K > 5:
        expected["top_5_accuracy"] = metrics.top_k_accuracy_score(true, shares, k=5, labels=range(K))
    assert scores(predictions) == pytest.approx(expected, abs=1e-12)


def test_balanced_accuracy_leaves_out_a_class_without_samples():
    assert scores(of_answers(true=[0, 0, 1, 1], called=[0, 2, 1, 1], K=3))["balanced_accuracy"] == 0.75


def test_macro_f1_leaves_out_a_class_without_samples():
    true, called = [0, 0, 1, 1], [0, 2, 1, 1]
    expected = metrics.f1_score(true, called, labels=[0, 1], average="macro")
    assert scores(of_answers(true, called, K=3))["macro_f1"] == pytest.approx(expected)


def test_of_equal_logits_the_lower_class_is_the_answer():
    assert answers(of_logits(np.array([[1, 7, 7], [3, 3, 3]]), [0, 0])).tolist() == [1, 0]


def test_of_equal_logits_the_sixth_class_is_not_among_the_top_five():
    level = np.zeros((6, 6))
    assert scores(of_logits(level, range(6)))["top_5_accuracy"] == pytest.approx(5 / 6)


def test_top_5_is_left_out_where_it_would_always_be_1():
    assert "top_5_accuracy" not in scores(drawn(20, 5))


def test_log_loss_is_exact_where_the_probability_rounds_to_0():
    assert scores(of_logits(np.array([[0.0, 2000.0]]), [0]))["log_loss"] == 2000


def test_losses_are_the_same_in_one_lot_and_in_several(monkeypatch):
    predictions = drawn(50, 7)
    whole = sample_losses(predictions)
    monkeypatch.setattr("tellapart.evaluation.measures.LOGITS_AT_ONCE", 60)
    assert sample_losses(predictions).tolist() == whole.tolist()


def test_measures_stand_in_their_order():
    keys = ["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "top_5_accuracy", "majority_baseline"]
    assert list(measure(drawn(30, 6), majority=2)) == keys


def test_measures_have_the_values_of_the_scores():
    predictions = drawn(200, 6)
    assert {key: each.value for key, each in measure(predictions).items()} == scores(predictions)


def test_the_baseline_is_the_share_of_the_majority_class():
    assert measure(of_answers([0, 1, 1, 1], [0, 0, 0, 0], K=2), majority=1)["majority_baseline"].value == 0.75


def test_the_same_predictions_have_the_same_intervals():
    assert measure(drawn(100, 4), majority=0) == measure(drawn(100, 4), majority=0)


def test_one_sample_can_be_measured():
    assert measure(of_answers([1], [1], K=2))["accuracy"].value == 1


@pytest.mark.parametrize("called", [[0, 1, 1], [1, 0, 0]])
def test_all_right_or_all_wrong_is_not_taken_for_certain(called):
    found = measure(of_answers([0, 1, 1], called, K=2))
    for key in ("balanced_accuracy", "macro_f1"):
        assert found[key].high - found[key].low > 0.3


def test_a_small_class_always_wrong_leaves_balanced_accuracy_open():
    balanced = measure(of_answers(true=[0] * 40 + [1] * 4, called=[0] * 44, K=2))["balanced_accuracy"]
    assert (balanced.low, balanced.high) == pytest.approx((0.456, 0.745), abs=0.001)


def test_the_interval_of_balanced_accuracy_holds_that_of_the_bootstrap():
    predictions = drawn(300, 4)
    hits, support, _ = resampled(confusion(predictions))
    low, high = np.quantile(balanced_accuracy(hits, support), [0.025, 0.975])
    found = measure(predictions)["balanced_accuracy"]
    assert found.low <= low < high <= found.high


def test_unknown_classes_are_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"1 of 2 samples have no known class \(target -1\). Give them labels"):
        scores(of_logits(np.zeros((2, 3)), [0, -1]))


def test_no_samples_are_refused():
    with pytest.raises(DataError, match="nothing to measure"):
        measure(of_logits(np.zeros((0, 3)), []))


def test_logits_that_are_not_finite_are_refused_by_name():
    values = np.zeros((3, 2))
    values[1, 0] = np.nan
    with pytest.raises(TellapartError, match="1 of 3 samples got logits that are not finite, first 'test/00001'"):
        scores(of_logits(values, [0, 0, 0]))


def test_class_rows_agree_with_scikit_learn():
    predictions = drawn(400, 4)
    expected = metrics.precision_recall_fscore_support(predictions.targets, answers(predictions))
    rows = per_class(predictions)
    found = [[row.precision, row.recall, row.f1, row.support] for row in rows]
    assert np.array(found) == pytest.approx(np.array(expected).T)


def test_recall_of_a_class_without_samples_is_not_defined():
    row = per_class(of_answers([0, 0], [0, 1], K=2))[1]
    assert (row.recall, row.recall_low, row.recall_high, row.precision, row.f1) == (None, None, None, 0, 0)


def test_precision_of_a_class_never_called_is_not_defined():
    row = per_class(of_answers([0, 1], [0, 0], K=2))[1]
    assert (row.precision, row.precision_low, row.precision_high, row.recall, row.f1) == (None, None, None, 0, 0)


def test_f1_of_a_class_neither_there_nor_called_is_not_defined():
    assert per_class(of_answers([0], [0], K=2))[1].f1 is None


def test_every_metric_names_a_score():
    of_tasks = {"average_precision", "r2", "mae", "rmse", "score"}
    assert {key for key, _ in METRICS.values()} - of_tasks <= set(scores(drawn(10, 3)))


def test_the_first_scores_are_better_than_none():
    assert better("accuracy", {"accuracy": 0.0, "log_loss": 9.0}, None)


@pytest.mark.parametrize(("metric", "key"), [("accuracy", "accuracy"), ("macro-f1", "macro_f1")])
def test_a_higher_share_is_better(metric, key):
    low, high = {key: 0.4, "log_loss": 1.0}, {key: 0.5, "log_loss": 2.0}
    assert better(metric, high, low)
    assert not better(metric, low, high)


def test_a_lower_log_loss_is_better():
    assert better("log-loss", {"log_loss": 0.4}, {"log_loss": 0.5})
    assert not better("log-loss", {"log_loss": 0.5}, {"log_loss": 0.4})


def test_equal_accuracy_goes_to_the_lower_log_loss():
    old = {"accuracy": 0.5, "log_loss": 1.0}
    assert better("accuracy", {"accuracy": 0.5, "log_loss": 0.9}, old)
    assert not better("accuracy", dict(old), old)


def test_scores_of_ten_thousand_samples_take_milliseconds():
    """8 ms where sorting each row takes 0.9: held against that, since a shared machine is slow for minutes."""
    predictions = drawn(10_000, 10)
    times = {"scores": [], "sorting": []}
    for _ in range(7):
        for name, work in (("scores", scores), ("sorting", lambda given: given.logits.argsort(1))):
            start = time.process_time()
            work(predictions)
            times[name].append(time.process_time() - start)
    assert min(times["scores"]) < 14 * min(times["sorting"])
