"""What `train` leaves behind, and that it can be had again to the byte."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.outcome import differing, outcome
from tests.photos import make_photos

import tellapart
from tellapart.commands.evaluate import evaluate_run
from tellapart.commands.train import train
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig, read_toml
from tellapart.errors import DataError, DivergedError
from tellapart.evaluation.measures import measure
from tellapart.evaluation.tables import measures_json, read_predictions_csv
from tellapart.files import verify_manifest
from tellapart.runs.checkpoint import AVERAGE, BEST, WEIGHTS, checkpoints, newest_checkpoint, read_position
from tellapart.runs.model_folder import read_model
from tellapart.runs.run_folder import RunFolder

SETTINGS = {"epochs": 4, "batch": 8, "crop_padding": 2, "flip": True, "dropout": 0.2}


class Said(Silence):
    """Keeps what is told on the way."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, one of them broken, and a run on them."""
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos", each=20)
    (folder / "photos/red/broken.png").write_bytes((folder / "photos/red/0-0.png").read_bytes()[:100])
    train(RunConfig.of(str(folder / "photos"), SETTINGS), runs_dir=folder / "runs")
    return folder


@pytest.fixture
def run(home: Path) -> Path:
    return home / "runs/photos"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "name",
    [
        "run.json", "config.toml", "history.csv", "report.html", "data/split.csv", "data/issues.csv",
        "data/preview.png",
        "model/weights.safetensors", "model/card.json", "model/README.md", "model/MANIFEST.json",
        "metrics/val.json", "metrics/test.json", "metrics/per_class.csv", "metrics/confusion.csv",
        "metrics/predictions_val.csv", "metrics/predictions_test.csv",
        "plots/confusion.svg", "plots/learning_curves.svg", "plots/per_class.svg",
    ],
)  # fmt: skip
def test_the_run_folder_holds(run: Path, name: str) -> None:
    assert (run / name).stat().st_size > 0


def test_the_newest_checkpoint_is_that_of_the_last_step(run: Path) -> None:
    checkpoint = newest_checkpoint(run / "checkpoints")
    assert checkpoint.name == f"step-{int(rows(run / 'history.csv')[-1]['step']):09}"
    position = read_position(checkpoint)
    assert (position["state"]["epoch"], position["state"]["within"]) == (4, 0)
    for name in ("weights", "optimiser", "best"):
        assert (checkpoint / f"{name}.safetensors").stat().st_size > 0


def test_nothing_partial_is_left_in_the_run_folder(run: Path) -> None:
    assert not [path for path in run.rglob("*") if path.name.startswith(".")]


def test_the_facts_say_how_it_went(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    assert facts["status"] == "finished"
    assert facts["exit_reason"] == "all epochs done"
    assert facts["epochs"] == 4
    assert sum(facts["data"]["samples"].values()) == 60
    assert set(facts["versions"]) >= {"tellapart", "python", "torch", "numpy"}


def test_the_history_has_a_row_for_each_epoch(run: Path) -> None:
    history = rows(run / "history.csv")
    assert [row["epoch"] for row in history] == ["1", "2", "3", "4"]
    assert all(0 <= float(row["val_accuracy"]) <= 1 for row in history)


def test_a_broken_picture_is_named_with_its_cause_and_left_alone(home: Path, run: Path) -> None:
    issues = rows(run / "data/issues.csv")
    assert [issue["path"] for issue in issues] == ["red/broken.png"]
    assert "cut" in issues[0]["detail"] or "truncated" in issues[0]["detail"]
    assert (home / "photos/red/broken.png").exists()


def test_the_split_names_each_readable_picture_once(run: Path) -> None:
    split = rows(run / "data/split.csv")
    assert len({row["id"] for row in split}) == len(split) == 60
    assert {row["part"] for row in split} == {"train", "val", "test"}


def test_predicting_the_test_list_gives_the_reported_numbers_exactly(home: Path, run: Path) -> None:
    test = [row for row in rows(run / "data/split.csv") if row["part"] == "test"]
    model = tellapart.load(run)
    answers = model.predict([home / "photos" / row["id"] for row in test])
    right = sum(answer.label == row["class"] for answer, row in zip(answers, test, strict=True))
    reported = json.loads((run / "metrics/test.json").read_text())
    assert right / len(test) == reported["accuracy"]["value"]
    losses = [-np.log(a.probabilities[row["class"]]) for a, row in zip(answers, test, strict=True)]
    assert np.mean(losses) == pytest.approx(reported["log_loss"]["value"], rel=1e-12)


@pytest.mark.parametrize("part", ["val", "test"])
def test_every_reported_number_follows_from_the_predictions_file(run: Path, part: str) -> None:
    text = (run / f"metrics/predictions_{part}.csv").read_bytes().decode("utf-8", "surrogateescape")
    reported = json.loads((run / f"metrics/{part}.json").read_text())
    again = measures_json(measure(read_predictions_csv(text)))
    assert {name: reported[name] for name in again} == again


def test_training_from_the_config_of_the_run_gives_the_same_bytes(home: Path, run: Path) -> None:
    settings = read_toml(run / "config.toml")
    again = train(RunConfig.of(settings.pop("data"), settings), runs_dir=home / "again")
    assert differing(outcome(again), outcome(run)) == []


def test_another_seed_gives_other_weights_and_the_same_split(home: Path, run: Path) -> None:
    other = train(RunConfig.of(str(home / "photos"), SETTINGS | {"seed": 1}), runs_dir=home / "other")
    assert (other / "model/weights.safetensors").read_bytes() != (run / "model/weights.safetensors").read_bytes()
    assert (other / "data/split.csv").read_bytes() == (run / "data/split.csv").read_bytes()


def test_a_run_given_the_split_file_of_another_has_its_parts(home: Path, run: Path) -> None:
    settings = {"epochs": 1, "split": run / "data/split.csv", "split_seed": 5, "val_share": 0.4}
    other = train(RunConfig.of(str(home / "photos"), settings), runs_dir=home / "same-parts")
    assert (other / "data/split.csv").read_bytes() == (run / "data/split.csv").read_bytes()
    assert f"Parts as {run / 'data/split.csv'} says." in (other / "report.html").read_text()


def test_a_run_is_judged_on_the_parts_that_it_wrote(home: Path, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    split = tmp_path / "run/data/split.csv"
    text = split.read_text()
    split.write_text(text.replace(",train,", ",test,", 3))
    module, card = read_model(tmp_path / "run/model")
    judged = evaluate_run(module, card, RunFolder(path=tmp_path / "run"), "test")
    assert len(judged.predictions.ids) == text.count(",test,") + 3


def test_groups_and_folds_are_told_and_in_the_facts_and_the_report(home: Path) -> None:
    said = Said()
    settings = {"epochs": 1, "group_by": r"(\d)\.png", "folds": 3, "fold": 2, "test_share": 0.2}
    run = train(RunConfig.of(str(home / "photos"), settings), runs_dir=home / "folds", watch=said)
    words = ["10 groups, 0 of them in two parts", "val is fold 2 of 3, counted from 0"]
    assert any(line.endswith("; ".join(["3 classes", *words])) for line in said.lines)
    assert json.loads((run / "run.json").read_text())["data"]["split"] == words
    assert f"by a hash of their content; {'; '.join(words)}." in (run / "report.html").read_text()
    ends = {row["group"]: row["part"] for row in rows(run / "data/split.csv")}
    assert all(ends[row["group"]] == row["part"] for row in rows(run / "data/split.csv"))


def test_a_split_file_that_is_wrong_is_refused_before_anything_is_made(home: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv: can't be read"):
        train(RunConfig.of(str(home / "photos"), {"split": tmp_path / "nowhere.csv"}), runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_model_has_the_weights_of_the_best_epoch(run: Path) -> None:
    best, model = newest_checkpoint(run / "checkpoints") / BEST, run / "model/weights.safetensors"
    assert best.read_bytes() == model.read_bytes()
    facts, history = json.loads((run / "run.json").read_text()), rows(run / "history.csv")
    most = max(float(row["val_accuracy"]) for row in history)
    tied = [row for row in history if float(row["val_accuracy"]) == most]
    assert facts["best_epoch"] == int(min(tied, key=lambda row: float(row["val_log_loss"]))["epoch"])


def test_every_folder_with_weights_passes_its_manifest(run: Path) -> None:
    for folder in (run / "model", *checkpoints(run / "checkpoints")):
        verify_manifest(folder)


def test_checkpoints_are_written_as_often_as_asked_for_and_two_are_kept(home: Path) -> None:
    config = RunConfig.of(str(home / "photos"), SETTINGS | {"save_every": "5 steps"})
    run = train(config, runs_dir=home / "often")
    steps = int(rows(run / "history.csv")[-1]["step"])
    kept = [f"step-{step:09}" for step in (steps, (steps - 1) // 5 * 5)]
    assert [path.name for path in checkpoints(run / "checkpoints")] == kept


def test_how_often_it_is_saved_changes_no_bit(home: Path, run: Path) -> None:
    config = RunConfig.of(str(home / "photos"), SETTINGS | {"save_every": "1 step"})
    assert differing(outcome(train(config, runs_dir=home / "always")), outcome(run)) == []


def test_with_an_average_its_weights_are_the_model(home: Path) -> None:
    config = RunConfig.of(str(home / "photos"), SETTINGS | {"ema": 0.9, "val_share": 0.0})
    run = train(config, runs_dir=home / "average")
    checkpoint = newest_checkpoint(run / "checkpoints")
    model = (run / "model/weights.safetensors").read_bytes()
    assert model == (checkpoint / AVERAGE).read_bytes() != (checkpoint / WEIGHTS).read_bytes()


@pytest.mark.parametrize("hardest", [(1.0,), (1.0, 0.5)])
def test_the_report_says_what_the_training_line_is_of(home: Path, hardest: tuple[float, ...]) -> None:
    config = RunConfig.of(str(home / "photos"), SETTINGS | {"hardest": hardest})
    page = train(config, runs_dir=home / "hardest") / "report.html"
    assert ("the hardest alone" in page.read_text()) == (hardest != (1.0,))


def test_training_stops_early_when_patience_is_over(home: Path) -> None:
    config = RunConfig.of(str(home / "photos"), {"epochs": 200, "patience": 3, "lr": 0.01})
    run = train(config, runs_dir=home / "early")
    facts = json.loads((run / "run.json").read_text())
    assert facts["exit_reason"] == "early stop: 3 epochs without a better log-loss"
    assert facts["epochs"] == facts["best_epoch"] + 3 < 200


def test_without_a_val_part_the_last_weights_are_kept(home: Path) -> None:
    run = train(RunConfig.of(str(home / "photos"), {"epochs": 2, "val_share": 0.0}), runs_dir=home / "noval")
    assert json.loads((run / "run.json").read_text())["best_epoch"] == 2
    assert not (run / "metrics/val.json").exists()
    assert (run / "metrics/test.json").exists()


def test_without_val_and_test_there_is_still_a_model_and_a_report(home: Path) -> None:
    run = train(
        RunConfig.of(str(home / "photos"), {"epochs": 1, "val_share": 0.0, "test_share": 0.0}), runs_dir=home / "bare"
    )
    assert len(tellapart.load(run).predict(home / "photos/red/0-1.png")) == 1
    assert "report" in (run / "report.html").name


def test_a_loss_that_is_no_number_ends_the_run_as_failed_and_says_what_to_do(home: Path) -> None:
    config = RunConfig.of(str(home / "photos"), {"epochs": 3, "lr": 1e30, "optimiser": "sgd", "precision": "fp32"})
    with pytest.raises(DivergedError) as caught:
        train(config, runs_dir=home / "failed")
    again = f"tellapart train --config {home}/failed/photos/config.toml --lr "
    assert str(caught.value).startswith(
        "In step 1 of 3, in epoch 1, the weights are no usable numbers any more. Take a smaller "
    )
    assert again in str(caught.value)
    assert json.loads((home / "failed/photos/run.json").read_text())["status"] == "failed"


# ---- what is chosen


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose augmentation and fit were left open, on upright and wide photos."""
    folder = tmp_path_factory.mktemp("chosen")
    make_photos(folder / "photos", each=20)
    config = RunConfig.of(str(folder / "photos"), {"epochs": 2, "batch": 8, "size": 20, "augment": "auto"})
    return train(config, runs_dir=folder / "runs")


def test_what_was_chosen_is_told_in_the_facts(chosen: Path) -> None:
    told = json.loads((chosen / "run.json").read_text())["chosen"]
    assert told[-1].startswith("augmentation: strong (")
    assert "colour pictures a class are few): crop_padding 2," in told[-1]


def test_the_settings_of_a_run_hold_what_was_chosen(chosen: Path) -> None:
    settings = read_toml(chosen / "config.toml")
    assert "augment" not in settings
    assert settings["fit"] in ("stretch", "crop", "pad")
    assert settings["crop_padding"] == 2
    assert (settings["trivial"], settings["mixup"], settings["cutmix"]) == (True, 0.2, 1.0)
    assert isinstance(settings["flip"], bool)


def test_a_run_with_a_policy_can_be_had_again_from_its_settings(chosen: Path, tmp_path: Path) -> None:
    settings = read_toml(chosen / "config.toml")
    again = train(RunConfig.of(settings.pop("data"), settings), runs_dir=tmp_path)
    assert (again / "model/weights.safetensors").read_bytes() == (chosen / "model/weights.safetensors").read_bytes()
