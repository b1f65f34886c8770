import pytest
from made_predictions import of_answers

from tellapart.evaluation import verdict
from tellapart.evaluation.measures import confusion, measure, per_class
from tellapart.types import Measure

RIGHT_8_OF_10 = of_answers(true=[0] * 5 + [1] * 5, called=[0] * 5 + [1, 1, 1, 0, 0], K=2)


def share(value, low, high):
    return Measure(name="accuracy", value=value, low=low, high=high)


def plain(text):
    return text.replace("\u00a0", " ")


def test_the_first_sentence_says_how_often_it_was_right():
    said = verdict.right_sentence(measure(RIGHT_8_OF_10), 10, "picture", seen=False)
    expected = "On 10 pictures that it never saw, it was right 80.0 % of the time (95 % interval: 49.0 to 94.3 %)."
    assert plain(said) == expected


def test_val_is_not_called_unseen():
    assert "helped to choose" in verdict.right_sentence(measure(RIGHT_8_OF_10), 10, "picture", seen=True)


def test_a_model_whose_interval_meets_the_baseline_is_not_called_better():
    assert "do not show" in verdict.baseline_sentence(measure(RIGHT_8_OF_10, majority=0), "cat")


def test_a_model_beyond_the_baseline_is_compared_without_doubt():
    true = [0, 1] * 100
    said = verdict.baseline_sentence(measure(of_answers(true, true, K=2), majority=0), "cat")
    assert plain(said) == "Always answering “cat”, the most frequent class in training, would reach 50.0 %."


def test_the_weakest_class_is_named_with_its_counts():
    said = verdict.weakest_sentence(per_class(RIGHT_8_OF_10), "picture")
    assert plain(said) == "It is weakest on “class 1”: of 5 pictures it recognised 3 (60.0 %)."


def test_one_missed_picture_is_not_weaker_than_many():
    predictions = of_answers(true=[0] + [1] * 50, called=[1] + [1] * 10 + [0] * 40, K=2)
    assert "class 1" in verdict.weakest_sentence(per_class(predictions), "picture")


def test_the_most_frequent_mistake_goes_from_true_to_called():
    matrix = confusion(of_answers(true=[0, 0, 1, 2], called=[2, 2, 0, 2], K=3))
    said = verdict.confusion_sentence(matrix, ["a", "b", "c"])
    assert said == "Its most frequent mistake: “a” taken for “c”, 2 times."


def test_a_faultless_model_has_neither_weakest_class_nor_mistake():
    predictions = of_answers([0, 1], [0, 1], K=2)
    assert verdict.weakest_sentence(per_class(predictions), "picture") is None
    assert verdict.confusion_sentence(confusion(predictions), ["a", "b"]) is None


@pytest.mark.parametrize(("sizes", "unequal"), [((3, 1), False), ((4, 1), True), ((4, 0), True), ((5, 5), False)])
def test_classes_are_unequal_past_three_to_one(sizes, unequal):
    true = [0] * sizes[0] + [1] * sizes[1]
    assert verdict.imbalanced(per_class(of_answers(true, true, K=2))) is unequal


def test_a_narrow_interval_earns_a_second_decimal():
    assert plain(verdict.percent(share(0.98716, 0.9843, 0.9892))) == "98.72 %"
    assert plain(verdict.percent(share(0.98716, 0.95, 0.99))) == "98.7 %"


def test_log_loss_is_not_a_percentage():
    loss = Measure(name="log_loss", value=0.04217, low=0.03, high=0.1234, unit="nats")
    assert (verdict.amount(loss), verdict.interval(loss)) == ("0.0422", "0.0300 to 0.123")


# ---- the gap between what it learned from and val


def around(value, by):
    return {"accuracy": Measure(name="accuracy", value=value, low=value - by, high=value + by)}


def test_a_gap_is_told_with_what_would_narrow_it():
    said = verdict.gap_sentence(
        "accuracy", around(0.998, 0.002), around(0.931, 0.01), ["--weight-decay", "--dropout"], True
    )
    assert said == (
        "Accuracy: train 99.80\u00a0%, val 93.1\u00a0%: a gap of 6.7 points. The model remembers what it was trained "
        "on; --weight-decay, --dropout or more data would narrow it."
    )


def test_a_gap_that_the_samples_do_not_show_is_none():
    said = verdict.gap_sentence("log-loss", around(0.94, 0.01), around(0.93, 0.02), [], True)
    assert said.endswith("no gap that so many samples show. The model could be larger, or train longer (--epochs).")


def test_a_model_that_knows_all_of_its_training_samples_is_not_told_to_grow():
    assert verdict.gap_sentence("accuracy", around(0.999, 0.001), around(0.99, 0.02), [], True).endswith(
        "left to learn from these."
    )


def test_a_sick_network_is_not_told_to_grow():
    said = verdict.gap_sentence("accuracy", around(0.1, 0.02), around(0.1, 0.02), [], False)
    assert said.endswith("What is wrong inside the network comes first.")
