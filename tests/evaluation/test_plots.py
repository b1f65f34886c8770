import os
import re
import threading
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from made_predictions import drawn, of_answers

from tellapart.evaluation import drawing
from tellapart.evaluation.measures import confusion, per_class
from tellapart.evaluation.plots import confusion_plot, learning_curves, lr_range_plot, per_class_plot

ASYMMETRIC = np.array([[3, 9], [1, 5]])


def words(svg):
    """The texts of a figure with their places (x, y)."""
    texts = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [("".join(text.itertext()), _place(text)) for text in texts]


def _place(text):
    if "x" in text.attrib:
        return float(text.attrib["x"]), float(text.attrib["y"])
    return tuple(map(float, re.search(r"translate\(([\d.]+) ([\d.]+)\)", text.attrib["transform"]).groups()))


def history(epochs, **changes):
    return [
        {
            "epoch": epoch,
            "step": 10 * epoch,
            "lr": 0.1,
            "train_loss": 1 / epoch,
            "train_accuracy": 1 - 0.5 / epoch,
            "val_accuracy": 0.9 - 0.5 / epoch,
            "val_balanced_accuracy": 0.8,
            "val_macro_f1": 0.7,
            "val_log_loss": 1.2 / epoch,
            "seconds": 1.0,
        }
        | changes
        for epoch in range(1, epochs + 1)
    ]


def test_the_plot_of_learning_rates_names_the_suggested_one():
    svg = lr_range_plot([0.001, 0.01, 0.1], [1.0, 0.5, 2.0], [1.0, 0.7, 1.5], 0.001)
    assert {"suggested: 0.001", "learning rate", "Loss"} <= {text for text, _ in words(svg)}


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_learning_rates_of_few_steps_have_a_plot(steps):
    svg = lr_range_plot([0.001, 0.01][:steps], [1.0, 0.5][:steps], [1.0, 0.7][:steps], None)
    assert not any("suggested" in text for text, _ in words(svg))


def test_both_sides_of_the_confusion_plot_are_named():
    assert {"true", "predicted"} <= {text for text, _ in words(confusion_plot(ASYMMETRIC, ["cat", "dog"]))}


def test_true_cats_called_dog_stand_in_the_row_of_cat_and_the_column_of_dog():
    places = words(confusion_plot(ASYMMETRIC, ["cat", "dog"]))
    row_y = next(y for text, (x, y) in places if text == "cat" and x < 60)
    column_x = next(x for text, (x, y) in places if text == "dog" and x > 60)
    nine = next(place for text, place in places if text == "9")
    assert nine[0] == pytest.approx(column_x, abs=6)
    assert nine[1] == pytest.approx(row_y, abs=20)


def test_the_cells_carry_counts_and_row_shares():
    texts = [text for text, _ in words(confusion_plot(ASYMMETRIC, ["cat", "dog"]))]
    assert {"9", "75.0 %", "25.0 %", "83.3 %"} <= set(texts)


def test_many_classes_have_no_numbers_in_the_cells():
    names = [f"species {k}" for k in range(21)]
    assert not [text for text, _ in words(confusion_plot(np.eye(21, dtype=int) * 7, names)) if text == "7"]


def test_a_hundred_classes_have_every_second_name():
    texts = [text for text, _ in words(confusion_plot(np.eye(100, dtype=int), [f"c{k}" for k in range(100)]))]
    assert [text for text in texts if text.startswith("c")] == [f"c{k}" for k in range(0, 100, 2)] * 2


def test_a_row_without_samples_can_be_drawn():
    assert confusion_plot(np.array([[0, 0], [1, 2]]), ["a", "b"])


@pytest.mark.parametrize("name", ["$x^2$", "a_b\\c", "<script>", "犬の写真", "a&b", "%d {}"])
def test_names_are_shown_as_they_are(name):
    assert name in [text for text, _ in words(confusion_plot(ASYMMETRIC, [name, "b"]))]
    assert name in [text for text, _ in words(per_class_plot(per_class(drawn(20, 2, classes=(name, "b")))))]


@pytest.mark.parametrize("name", ["two\nlines", "nul\0", os.fsdecode(b"caf\xe9"), "\u202eleft"])
def test_what_cannot_be_printed_is_a_box(name):
    assert "□" in confusion_plot(ASYMMETRIC, [name, "b"])


def test_a_long_name_is_cut_in_the_middle():
    svg = confusion_plot(ASYMMETRIC, ["photograph_of_a_very_large_cat", "b"])
    assert "photograph_…ry_large_cat" in svg


def test_recalls_stand_with_the_worst_first():
    rows = per_class(of_answers([0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 2, 0], K=3))
    texts = [(y, text) for text, (_, y) in words(per_class_plot(rows)) if text.startswith("class")]
    assert [text for _, text in sorted(texts)] == ["class 1", "class 2", "class 0"]


def test_at_most_forty_recalls_are_shown():
    svg = per_class_plot(per_class(drawn(500, 60)))
    assert len([text for text, _ in words(svg) if text.startswith("class")]) == 40


def test_a_class_without_samples_has_no_recall_to_show():
    svg = per_class_plot(per_class(of_answers([0], [0], K=2)))
    assert "class 1" not in [text for text, _ in words(svg)]


def test_the_best_epoch_is_marked_with_its_values():
    texts = [text for text, _ in words(learning_curves(history(4), best=2))]
    assert [text for text in texts if text.startswith("best")] == ["best: epoch 2, 0.600", "best: epoch 2, 65.0"]


@pytest.mark.parametrize(
    ("metric", "title"),
    [("accuracy", "Accuracy, %"), ("macro-f1", "Macro F1, %"), ("log-loss", "Accuracy, %")],
)
def test_the_metric_is_named_above_its_curve(metric, title):
    assert title in [text for text, _ in words(learning_curves(history(3), metric=metric, best=3))]


def test_without_val_the_training_curves_stand_alone():
    rows = [{key: value for key, value in row.items() if not key.startswith("val")} for row in history(3)]
    texts = [text for text, _ in words(learning_curves(rows))]
    assert [text.split()[0] for text in texts if text[:3] in ("tra", "val")] == ["train", "train"]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_left_out_of_the_curves(value):
    assert "nan" not in learning_curves([*history(2), *history(3, val_log_loss=value)[2:]], best=3)


@pytest.mark.parametrize("epochs", [0, 1, 2])
def test_a_short_history_can_be_drawn(epochs):
    assert learning_curves(history(epochs), best=epochs or None).startswith("<svg")


def test_a_figure_is_the_same_each_time():
    matrix, names = confusion(drawn(200, 10)), [str(k) for k in range(10)]
    assert confusion_plot(matrix, names) == confusion_plot(matrix, names)
    assert learning_curves(history(5), best=4) == learning_curves(history(5), best=4)


def test_threads_may_draw_at_once():
    expected, found = learning_curves(history(5), best=4), []
    threads = [threading.Thread(target=lambda: found.append(learning_curves(history(5), best=4))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    confusion_plot(ASYMMETRIC, ["a", "b"])
    assert dict(mpl.rcParams) == before


def test_a_figure_names_no_address_but_those_of_xml():
    svg = confusion_plot(ASYMMETRIC, ["a", "b"])
    assert set(re.findall(r"https?://[^\"]+", svg)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@pytest.mark.parametrize("colour", [drawing.INK, drawing.MUTED, drawing.RIGHT, drawing.WRONG])
def test_text_has_the_contrast_of_wcag_aa_in_light_and_dark(colour):
    assert contrast(colour, drawing.PAPER) >= 4.5
    assert contrast(drawing.DARK[colour], drawing.DARK[drawing.PAPER]) >= 4.5


def contrast(one, other):
    darker, lighter = sorted(luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
