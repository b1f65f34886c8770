"""Several labels, several tasks and numbers, from a table to the answers: one walk through all rooms."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tellapart
from tellapart.commands.evaluate import evaluate_run
from tellapart.config import read_toml
from tellapart.errors import DataError, SettingError
from tellapart.runs.model_folder import read_model
from tellapart.runs.run_folder import RunFolder

SETTINGS = {
    "model": "cnn", "widths": (8, 8), "dense": 32, "epochs": 8, "batch": 16, "lr": 0.01, "runs_dir": "runs",
    "quiet": True, "threads": 1, "near_copies": False,
}  # fmt: skip
ASKED = {"label_columns": ("colour", "marks"), "number_columns": ("level",), "label_separator": "|"}
COLOURS = {"red": (200, 60, 60), "green": (60, 200, 60), "blue": (60, 60, 200)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 pictures: a ground of one colour, as bright as its level, with marks in two corners."""
    home = tmp_path_factory.mktemp("tasks")
    draws = np.random.default_rng(0)
    (home / "pets").mkdir()
    with (home / "pets" / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "colour", "marks", "level"))
        for number in range(240):
            colour, level = list(COLOURS)[number % 3], draws.uniform(0.4, 1.2)
            picture = np.tile(np.array(COLOURS[colour]) * level, (12, 12, 1)) + draws.normal(0, 4, (12, 12, 3))
            marks = [name for name in ("left", "right") if draws.random() < 0.4]
            for name in marks:
                picture[:4, slice(0, 4) if name == "left" else slice(8, 12)] = 255
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(home / "pets" / f"{number}.png")
            known = "" if number % 20 == 7 else colour
            rows.writerow((f"{number}.png", known, "|".join(marks) or "|", f"{level:.4f}"))
    return home


@pytest.fixture(scope="module")
def run(home: Path) -> tellapart.Run:
    return tellapart.train(home / "pets" / "labels.csv", **{**SETTINGS, "runs_dir": home / "runs"}, **ASKED)


def test_every_task_is_learned(run: tellapart.Run) -> None:
    found = run.measures("test")
    assert found["colour.accuracy"].value > found["colour.majority_baseline"].value + 0.3
    assert found["marks.average_precision"].value > 0.8
    assert found["level.mae"].value < 0.5 * found["level.mean_baseline"].value
    assert found["level.mae"].unit == "number"


def test_the_numbers_can_be_computed_again_from_the_predictions(run: tellapart.Run) -> None:
    with (run.path / "metrics" / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    known = [row for row in rows if row["true:colour"]]
    right = sum(row["true:colour"] == row["predicted:colour"] for row in known) / len(known)
    assert run.measures("test")["colour.accuracy"].value == pytest.approx(right)
    exact = sum(row["true:marks"].strip("|") == row["predicted:marks"] for row in rows) / len(rows)
    assert run.measures("test")["marks.exact_match"].value == pytest.approx(exact)
    off = np.mean([abs(float(row["true:level"]) - float(row["predicted:level"])) for row in rows])
    assert run.measures("test")["level.mae"].value == pytest.approx(off, rel=1e-4)


def test_predicting_the_test_pictures_gives_the_reported_answers(home: Path, run: tellapart.Run) -> None:
    with (run.path / "metrics" / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    answers = run.model.predict([home / "pets" / row["id"] for row in rows])
    assert [answer.tasks["colour"] for answer in answers] == [row["predicted:colour"] for row in rows]
    assert ["|".join(answer.tasks["marks"]) for answer in answers] == [row["predicted:marks"] for row in rows]
    for answer, row in zip(answers, rows, strict=True):
        assert answer.tasks["level"] == pytest.approx(float(row["predicted:level"]), rel=1e-4)
        assert answer.confidence is None
        assert sum(answer.probabilities[f"colour={name}"] for name in COLOURS) == pytest.approx(1)
    assert run.model.predict_proba([home / "pets" / rows[0]["id"]]).shape == (1, 5)


def test_thresholds_are_chosen_on_val_and_kept_in_the_card(run: tellapart.Run) -> None:
    card = run.model.card
    assert len(card.thresholds) == len(card.spec.classes) == 6
    with (run.path / "metrics" / "per_class.csv").open(newline="") as file:
        told = {row["class"]: row["threshold"] for row in csv.DictReader(file) if row["task"] == "marks"}
    kept = dict(zip(card.spec.classes, card.thresholds, strict=True))
    assert {f"marks={name}": pytest.approx(float(limit)) for name, limit in told.items()} == {
        name: limit for name, limit in kept.items() if name.startswith("marks=")
    }


def test_evaluate_gives_the_same_numbers_and_reads_the_model_s_columns(home: Path, run: tellapart.Run) -> None:
    module, card = read_model(run.path / "model")
    again = evaluate_run(module, card, RunFolder(path=run.path), "test")
    assert again.measures == run.measures("test")
    with (run.path / "data" / "split.csv").open(newline="") as file:
        test = {row["id"] for row in csv.DictReader(file) if row["part"] == "test"}
    table = home / "pets" / "test.csv"
    lines = (home / "pets" / "labels.csv").read_text().splitlines()
    table.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[0] in test)]))
    assert run.model.evaluate(table)["colour.accuracy"] == run.measures("test")["colour.accuracy"]
    wrong = home / "pets" / "wrong.csv"
    wrong.write_text("path,label\n0.png,red\n")
    with pytest.raises(SettingError, match=r"label_columns is 'colour', which .*wrong\.csv does not have"):
        run.model.evaluate(wrong)
    with pytest.raises(DataError, match="labels of 1 column, but the model answers 3: colour, marks, level"):
        run.model.evaluate(wrong, label_columns=("label",))


def test_the_same_settings_give_the_same_weights(home: Path, run: tellapart.Run) -> None:
    settings = read_toml(run.path / "config.toml")
    again = tellapart.train(settings.pop("data"), runs_dir=home / "runs", quiet=True, **settings)
    weights = [(one.path / "model" / "weights.safetensors").read_bytes() for one in (run, again)]
    assert weights[0] == weights[1]
    assert settings["metric"] == "score"


def test_the_report_has_a_section_for_each_task(run: tellapart.Run) -> None:
    page = run.report.read_text()
    for name in ("colour", "marks", "level"):
        assert f"<h2>{name}</h2>" in page
    assert "Mean average precision" in page
    assert "off by" in page


def test_the_report_shows_the_worst_mistakes_of_each_task(run: tellapart.Run) -> None:
    page = run.report.read_text()
    with (run.path / "metrics" / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    section = page.split("<h2>level</h2>")[1].split("</section>")[0]
    assert "Where it is furthest off" in section
    worst = max(rows, key=lambda row: abs(float(row["true:level"]) - float(row["predicted:level"])))
    shown = re.findall(r'class="id muted" title="([^"]+)"', section)
    assert shown[0] == worst["id"]
    assert section.count('<img class="square"') == len(shown) == 12
    wrong = {row["id"] for row in rows if row["true:marks"].strip("|") != row["predicted:marks"]}
    section = page.split("<h2>marks</h2>")[1].split("</section>")[0]
    assert set(re.findall(r'class="id muted" title="([^"]+)"', section)) <= wrong


def test_labels_alone_and_a_number_alone_are_tasks_too(home: Path) -> None:
    shared = {**SETTINGS, "runs_dir": home / "runs", "epochs": 2}
    labels = tellapart.train(home / "pets" / "labels.csv", label_columns=("marks",), label_separator="|", **shared)
    assert {"average_precision", "exact_match"} < labels.measures("test").keys()
    answer = labels.model.predict(home / "pets" / "0.png")[0]
    assert 0 < answer.confidence <= 1
    assert set(answer.probabilities) == {"left", "right"}
    number = tellapart.train(home / "pets" / "labels.csv", number_columns=("level",), **shared)
    assert number.measures("test").keys() == {"mae", "rmse", "r2", "mean_baseline"}
    history = (number.path / "history.csv").read_text().splitlines()[0]
    assert "train_accuracy" not in history
    assert json.loads((number.path / "metrics" / "val.json").read_text())["mae"]["unit"] == "number"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "accuracy"}, "metric is 'accuracy', which is not measured of what is asked here. There are: score"),
        (
            {"task_weights": (1.0, 2.0)},
            "task_weights holds 2; must be one for each of what is asked: colour, marks, level",
        ),
        (
            {"model": "whitened-cnn", "widths": (4,), "dense": None, "views": "mirrored"},
            "views is 'mirrored', which goes by",
        ),
    ],
)
def test_settings_that_do_not_go_with_tasks_are_refused(home: Path, settings: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        tellapart.train(home / "pets" / "labels.csv", **{**SETTINGS, "runs_dir": home / "runs", **ASKED, **settings})


def test_check_counts_each_class_of_each_task(home: Path) -> None:
    found = tellapart.check(home / "pets" / "labels.csv", out=home / "check", quiet=True, **ASKED)
    assert {"colour=red", "marks=left"} < found.classes.keys()
    assert "label" not in found.counts
    assert "one class out of all alone" in found.page.read_text()
