import csv
import io
import json
import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from made_predictions import drawn, of_answers, of_logits

from tellapart.errors import DamagedError
from tellapart.evaluation.measures import confusion, measure, per_class
from tellapart.evaluation.tables import (
    confusion_csv,
    measures_json,
    per_class_csv,
    predictions_csv,
    read_measures,
    read_predictions_csv,
)
from tellapart.files import write_text
from tellapart.types import Predictions

ODD = ["a,b", 'say "cat"', "two\nlines", "two\rlines", " padded ", os.fsdecode(b"caf\xe9.png"), "犬", "="]


def lines_of(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_measures_have_value_interval_and_unit_in_json():
    content = measures_json(measure(of_answers([0, 1], [0, 0], K=2)))
    assert content["accuracy"] == pytest.approx(
        {"value": 0.5, "low": 0.0945, "high": 0.9055, "unit": "share"}, abs=1e-4
    )


def test_measures_come_back_from_json_as_they_were():
    measures = measure(drawn(50, 6), majority=1)
    assert read_measures(json.loads(json.dumps(measures_json(measures), allow_nan=False))) == measures


def test_measures_recomputed_from_the_file_are_identical():
    predictions = drawn(300, 7)
    read = read_predictions_csv(predictions_csv(predictions))
    assert measure(read, majority=3) == measure(predictions, majority=3)
    assert per_class(read) == per_class(predictions)


@given(arrays.arrays(np.float32, (3, 2), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_every_logit_comes_back_bit_for_bit(logits):
    read = read_predictions_csv(predictions_csv(of_logits(logits, [0, 1, 0])))
    assert read.logits.tobytes() == logits.tobytes()


def test_odd_ids_and_class_names_survive_the_disk(tmp_path):
    predictions = Predictions(
        ids=tuple(ODD),
        logits=np.eye(len(ODD), dtype=np.float32),
        targets=np.arange(len(ODD)),
        classes=tuple(ODD),
    )
    write_text(tmp_path / "predictions.csv", predictions_csv(predictions))
    read = read_predictions_csv((tmp_path / "predictions.csv").read_bytes().decode("utf-8", "surrogateescape"))
    assert (read.ids, read.classes, read.targets.tolist()) == (tuple(ODD), tuple(ODD), list(range(len(ODD))))


def test_a_class_may_be_called_like_a_column():
    predictions = drawn(9, 3, classes=("id", "true", "logit:id"))
    header = "id,true,predicted,confidence,logit:id,logit:true,logit:logit:id"
    text = predictions_csv(predictions)
    assert text.splitlines()[0] == header
    assert read_predictions_csv(text).classes == ("id", "true", "logit:id")


def test_an_unknown_class_is_an_empty_cell():
    text = predictions_csv(of_logits(np.array([[0, 9]]), [-1]))
    assert lines_of(text)[1][:4] == ["test/00000", "", "class 1", "0.999877"]
    assert read_predictions_csv(text).targets.tolist() == [-1]


def test_no_samples_make_a_header_alone():
    read = read_predictions_csv(predictions_csv(of_logits(np.zeros((0, 3)), [])))
    assert read.logits.shape == (0, 3)


def test_a_file_cut_short_is_refused_with_its_row():
    text = predictions_csv(drawn(3, 2))
    with pytest.raises(DamagedError, match="Row 3"):
        read_predictions_csv(text[:-30])


def test_a_number_that_is_none_is_refused_with_its_row():
    with pytest.raises(DamagedError, match="Row 1"):
        read_predictions_csv("id,true,predicted,confidence,logit:a\r\nx,a,a,1,much\r\n")


@pytest.mark.parametrize("text", ["", "a,b,c\r\n1,2,3\r\n"])
def test_another_file_is_refused(text):
    with pytest.raises(DamagedError, match="No file of predictions"):
        read_predictions_csv(text)


def test_the_confusion_table_says_which_side_is_which():
    text = confusion_csv(confusion(of_answers([0, 0, 1], [1, 1, 1], K=2)), ["cat", "dog"])
    assert lines_of(text) == [["true \\ predicted", "cat", "dog"], ["cat", "0", "2"], ["dog", "0", "1"]]


def test_an_undefined_share_is_an_empty_cell():
    header, _, row = lines_of(per_class_csv(per_class(of_answers([0], [0], K=2))))
    assert header[:4] == ["class", "support", "predicted", "precision"]
    assert row == ["class 1", "0", "0", "", "", "", "", "", "", ""]


def test_writing_predictions_takes_a_few_times_what_their_logits_alone_take():
    predictions = drawn(10_000, 10)

    def logits_alone() -> None:
        csv.writer(io.StringIO(newline="")).writerows(
            [f"{value:.9g}" for value in row] for row in predictions.logits.tolist()
        )

    def least_s(work) -> float:
        times = []
        for _ in range(3):
            start = time.thread_time()
            work()
            times.append(time.thread_time() - start)
        return min(times)

    assert least_s(lambda: predictions_csv(predictions)) < 4 * least_s(logits_alone)  # 1.5 times on an idle core
