"""The wrong answers that are worth a look."""

import numpy as np
import pytest
from tests.evaluation.made_predictions import of_logits

from tellapart.evaluation.mistakes import (
    NONE,
    SHOWN_OF_TASK,
    Mistake,
    Wrong,
    furthest_numbers,
    most_wrong_labels,
    surest_classes,
    worst,
)
from tellapart.evaluation.sections import WORST_SAYS
from tellapart.types import Predictions

NAN = float("nan")


def of_task(logits: list[list[float]], targets: list[list[float]], classes: tuple[str, ...] = ("a", "b", "c")):
    return Predictions(
        ids=tuple(f"{row}.png" for row in range(len(logits))),
        logits=np.array(logits, np.float32),
        targets=np.array(targets, np.float32),
        classes=classes,
    )


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def test_of_classes_the_surest_wrong_answers_come_first() -> None:
    predictions = of_logits(np.array([[0, 2.0], [5, 0], [0, 1.0], [0, 9]]), [0, 0, 0, 0], ("cat", "dog"))
    found = surest_classes(predictions)
    assert [row for row, _ in found] == [3, 0, 2]
    assert found[1][1] == Mistake(
        id="test/00000", true="cat", wrong=(Wrong(what="dog", more="88.1\N{NO-BREAK SPACE}%"),)
    )


def test_of_labels_the_most_wrong_ones_come_first_and_among_equals_the_surest() -> None:
    high, low = logit(0.9), logit(0.1)
    predictions = of_task(
        [[high, low, low], [high, high, low], [logit(0.99), low, low], [high, high, low]],
        [[0, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 0]],
    )
    found = most_wrong_labels(predictions, None)
    assert [row for row, _ in found] == [1, 2, 0]
    mistake = found[0][1]
    assert mistake.true == "b, c"
    assert [(each.what, each.more, each.missed) for each in mistake.wrong] == [
        ("a", "90.0\N{NO-BREAK SPACE}%", False),
        ("c", "10.0\N{NO-BREAK SPACE}%", True),
    ]
    assert found[1][1].true == NONE


def test_a_label_is_said_from_its_own_threshold_on() -> None:
    predictions = of_task([[logit(0.4), logit(0.6), logit(0.1)]], [[0, 1, 0]])
    assert most_wrong_labels(predictions, None) == []
    wrong = most_wrong_labels(predictions, [0.3, 0.7, 0.5])[0][1].wrong
    assert {(each.what, each.missed) for each in wrong} == {("a", False), ("b", True)}


def test_a_label_that_is_not_known_is_not_wrong() -> None:
    assert most_wrong_labels(of_task([[3.0, 3.0, -3.0]], [[NAN, 1, 0]]), None) == []


def test_of_many_wrong_labels_three_are_told_and_the_rest_is_counted() -> None:
    predictions = of_task([[1, 2, 3, 4, 5]], [[0] * 5], classes=("a", "b", "c", "d", "e"))
    mistake = most_wrong_labels(predictions, None)[0][1]
    assert ([each.what for each in mistake.wrong], mistake.further) == (["e", "d", "c"], 2)


def test_of_numbers_the_furthest_off_come_first_with_how_far_and_which_way() -> None:
    predictions = of_task([[1.0], [2.5], [3.25], [4.0]], [[1.5], [2.5], [2.0], [8.0]], classes=("level",))
    found = furthest_numbers(predictions)
    assert [row for row, _ in found] == [3, 2, 0]
    assert [each.wrong[0].more for _, each in found] == ["−4", "+1.25", "−0.5"]
    assert (found[1][1].wrong[0].what, found[1][1].true) == ("3.25", "2")


@pytest.mark.parametrize("kind", list(WORST_SAYS))
def test_of_every_kind_of_task_so_many_are_shown_at_most(kind: str) -> None:
    predictions = of_task([[9.0, -9.0]] * 40, [[0.0, 0.0]] * 40, classes=("a", "b"))
    if kind == "class":
        predictions = of_logits(predictions.logits, [1] * 40)
    assert len(worst(kind, predictions, None)) == SHOWN_OF_TASK


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([Wrong(what="dog")], "was called “dog”"),
        ([Wrong(what="cat", missed=True)], "was not called “cat”"),
        ([Wrong(what="dog"), Wrong(what="cat", missed=True)], "was called “dog” and not called “cat”"),
    ],
)
def test_a_mistake_is_told_in_words_for_those_who_do_not_see_it(wrong: list[Wrong], told: str) -> None:
    assert Mistake(id="1", true="cat", wrong=wrong).told == told
