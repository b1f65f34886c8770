"""Series, recordings and texts, from the file to the answers: the same walk as that of pictures."""

import csv
import json
import shutil
import wave
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from tests.commands.test_resume import SignalAfter
from tests.outcome import differing, outcome
from tests.sequences import RATE, make_sequences, series

import tellapart
from tellapart.cli import main
from tellapart.commands.resume import resume
from tellapart.commands.train import train
from tellapart.config import DataConfig, RunConfig
from tellapart.data import open_source
from tellapart.data.kinds import kind_of
from tellapart.errors import Interrupted, SettingError

QUIET: dict[str, Any] = {"quiet": True, "threads": 1}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sequences(tmp_path_factory.mktemp("sequences"))


@pytest.fixture(scope="module")
def swings(home: Path) -> tellapart.Run:
    return tellapart.train(home / "swings.npz", runs_dir=home / "runs", **QUIET)


def test_series_are_told_apart_by_a_head_that_is_fitted_at_once(swings: tellapart.Run) -> None:
    assert swings.measures("test")["accuracy"].value == 1.0
    facts = json.loads((swings.path / "run.json").read_text())
    assert (facts["model"], facts["exit_reason"]) == ("random-kernels", "fitted at once")
    with (swings.path / "history.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["left_out_accuracy"]) > 0.9


def test_sequences_are_learned_in_the_time_that_is_given(home: Path) -> None:
    began = perf_counter()
    run = tellapart.train(home / "swings.npz", model="conv1d", widths=(8,), time="3s", runs_dir=home / "timed", **QUIET)
    assert perf_counter() - began < 60  # a machine may be busy; two hundred epochs would go on
    assert f"epochs = {run.facts['epochs']}\n" in (run.path / "config.toml").read_text()


def test_new_series_are_answered_whatever_their_length(swings: tellapart.Run) -> None:
    new, model = series(30, seed=1), swings.model
    items = [x[:, :length] for x, length in zip(new["x"], new["lengths"], strict=True)]
    answers = model.predict(items)
    assert [answer.label for answer in answers] == [str(y) for y in new["y"]]
    alone = model.predict(items[3])[0]
    assert alone.probabilities == pytest.approx(answers[3].probabilities, abs=1e-5)
    assert model.predict(new["x"][:, :1])[0].error == "1 channel; the model takes 2"


def test_a_model_of_series_is_judged_on_another_file(swings: tellapart.Run, home: Path) -> None:
    np.savez(home / "more.npz", **series(30, seed=2))
    assert swings.model.evaluate(home / "more.npz")["accuracy"].value > 0.9


def test_texts_are_told_apart_by_their_n_grams(home: Path) -> None:
    run = tellapart.train(home / "messages.csv", runs_dir=home / "runs", **QUIET)
    assert run.measures("test")["macro_f1"].value == 1.0
    assert [answer.label for answer in run.model.predict(["You won a PRIZE!", "where is lunch?"])] == ["spam", "ham"]
    assert run.model.predict("")[0].error == "an empty text"


def test_the_words_of_a_model_come_back_with_it(home: Path) -> None:
    settings = {"model": "textcnn", "tokens": "words", "epochs": 4, "hidden": 16, "widths": (8, 8), "lr": 0.01}
    run = tellapart.train(home / "messages.csv", runs_dir=home / "runs", **QUIET, **settings)
    spec = tellapart.load(run.path).spec
    assert {"prize", "lunch"} <= set(spec.vocabulary)
    assert tellapart.load(run.path).predict("lunch with you")[0].label == "ham"


def test_recordings_are_told_apart_and_a_file_of_another_rate_is_brought_to_theirs(home: Path) -> None:
    run = tellapart.train(home / "tones", runs_dir=home / "runs", epochs=6, batch=8, **QUIET)
    assert run.measures("test")["accuracy"].value == 1.0
    other, time = home / "other.wav", np.arange(RATE) / (2 * RATE)
    with wave.open(str(other), "wb") as file:
        file.setparams((2, 2, 2 * RATE, 0, "NONE", ""))
        noise = np.random.default_rng(1).normal(0, 0.02, len(time))
        both = np.repeat((np.sin(time * 2 * np.pi * 800) + noise)[:, None], 2, 1)
        file.writeframes((both * 20000).astype("<i2").tobytes())
    assert (run.model.spec.rate, run.model.predict(other)[0].label) == (RATE, "high")


@pytest.mark.parametrize("form", ["zip", "gztar"])
def test_an_archive_of_recordings_holds_what_its_folder_does(form: str, home: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "tones"), form, home / "tones")
    folder, packed = (open_source(path, DataConfig()) for path in (home / "tones", archive))
    assert (kind_of(archive), packed.kind) == ("audio", "audio")
    assert list(packed.entries()[0]) == list(folder.entries()[0])
    first = folder.entries()[0][0]
    assert np.array_equal(packed.value(first), folder.value(first))


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        ("swings.npz", {"model": "bilstm", "hidden": 4, "pooling": "attention", "dropout": 0.3, "layers": 2}),
        ("swings.npz", {"model": "conv1d", "widths": (4, 4), "ema": 0.9}),
        ("messages.csv", {"model": "gru", "tokens": "words", "hidden": 4}),
        ("tones", {"model": "spectrogram-cnn", "widths": (2, 2)}),
        ("swings.npz", {"model": "conv1d", "widths": (4, 4), "mixup": 0.4, "cutmix": 1.0, "time_warp": 0.2}),
        ("tones", {"model": "spectrogram-cnn", "widths": (2, 2), "augment": "strong"}),
    ],
)
def test_a_run_on_sequences_that_was_stopped_goes_on_to_the_same_bits(
    data: str, settings: dict[str, Any], home: Path, tmp_path: Path
) -> None:
    config = RunConfig.of(str(home / data), {"epochs": 2, "batch": 8, "threads": 1, **settings})
    train(config, runs_dir=tmp_path, name="unbroken")
    with pytest.raises(Interrupted):
        train(config, runs_dir=tmp_path, name="run", watch=SignalAfter(5))
    resume(tmp_path / "run")
    assert differing(outcome(tmp_path / "unbroken"), outcome(tmp_path / "run")) == []


def test_the_command_line_answers_for_files(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tellapart.train(home / "tones", runs_dir=home / "runs", name="cli", epochs=4, batch=8, **QUIET)
    main(["predict", str(home / "runs" / "cli"), str(home / "tones" / "low"), "--json"])
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert len(answers) == 24


@pytest.mark.parametrize("said", ["flag", "variable", "file", "python"])
def test_a_column_of_texts_that_is_named_says_what_kind_of_data_a_table_holds(
    said: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "odd.csv"
    table.write_text((home / "messages.csv").read_text().replace("text,label", "said,label", 1))
    (tmp_path / "own.toml").write_text('text_column = "said"\n')
    words = ["train", str(table), "--runs-dir", str(tmp_path), "--name", "run", "--quiet", "--threads", "1"]
    if said == "variable":
        monkeypatch.setenv("TELLAPART_TEXT_COLUMN", "said")
    if said == "python":
        tellapart.train(table, text_column="said", runs_dir=tmp_path, name="run", **QUIET)
    else:
        main(
            words + {"flag": ["--text-column", "said"], "file": ["--config", str(tmp_path / "own.toml")]}.get(said, [])
        )
    assert json.loads((tmp_path / "run" / "run.json").read_text())["model"] == "ngrams"


def test_a_table_without_its_labels_is_answered_by_the_columns_of_training(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "odd.csv"
    table.write_text((home / "messages.csv").read_text().replace("text,label", "said,mood", 1))
    run = tellapart.train(table, text_column="said", label_columns=("mood",), runs_dir=tmp_path, name="run", **QUIET)
    new = tmp_path / "new.csv"
    new.write_text("id,said\n1,you won a prize!\n2,where is lunch?\n3,\n")
    with pytest.raises(SystemExit):
        main(["predict", str(run.path), str(new), "--json"])
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [(answer["id"], answer["label"]) for answer in answers] == [
        (f"{new}:2", "spam"),
        (f"{new}:3", "ham"),
        (f"{new}, line 4", None),
    ]
    assert run.model.predict(new)[0].probabilities == pytest.approx(answers[0]["probabilities"])


def test_there_is_nothing_to_resume_where_no_step_was_taken(swings: tellapart.Run) -> None:
    with pytest.raises(SettingError, match="its head was fitted at once: there is nothing to go on with"):
        resume(swings.path, epochs="+3")


@pytest.mark.parametrize(("setting", "value"), [("epochs", 7), ("time", "5s"), ("steps", 3)])
def test_it_is_said_that_an_end_has_no_say_where_no_step_is_taken(
    setting: str, value: object, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", str(home / "swings.npz"), "--runs-dir", str(tmp_path), "--threads", "1", f"--{setting}", str(value)])
    said = capsys.readouterr()
    assert f"{setting}: of no account, since the last layer is fitted at once" in said.out + said.err
