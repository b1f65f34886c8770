"""Whole runs over sequences: what they write, and what their report says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tellapart
from tellapart.cli import main
from tellapart.errors import DataError, SettingError


def bumps(count: int = 40, length: int = 30, seed: int = 0, channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Noise (N, C, T) with a bump, early or late: its place is the class."""
    draws = np.random.default_rng(seed)
    x = draws.normal(0, 0.3, (count, channels, length)).astype(np.float32)
    y = np.array(["early", "late"])[np.arange(count) % 2]
    for series, label in zip(x, y, strict=True):
        at = int(length * (0.2 if label == "early" else 0.7))
        series[:, at : at + 4] += 3
    return x, y


def texts(folder: Path, count: int = 24) -> Path:
    rows = [f"{'good' if n % 2 else 'bad'}\t{'fine thing' if n % 2 else 'poor stuff'} number {n}" for n in range(count)]
    (folder / "said.tsv").write_text("\n".join(["label\ttext", *rows]) + "\n")
    return folder / "said.tsv"


def test_a_model_fitted_at_once_tells_what_it_does_on_samples_left_out(tmp_path: Path) -> None:
    run = tellapart.train(bumps(), runs_dir=tmp_path, features=200, quiet=True)
    page = run.report.read_text()
    assert "2 channels of 30 steps" in page
    assert "Its last layer was fitted at once" in page
    assert "was answered, too, by a last layer fitted to all the others" in page
    assert "Training and val loss" not in page
    assert "tellapart predict" in page
    assert (run.path / "data" / "preview.png").stat().st_size > 1000
    assert not (run.path / "plots" / "learning_curves.svg").exists()
    assert run.model.evaluate(bumps(seed=1))["accuracy"].value >= 0.9


def test_a_model_that_learns_in_steps_shows_augmented_series_and_its_mistakes(tmp_path: Path) -> None:
    run = tellapart.train(
        bumps(), runs_dir=tmp_path, model="conv1d", widths=(4,), epochs=1, augment="strong", lr=1e-6, quiet=True
    )
    page = run.report.read_text()
    assert "augmentation: strong: scale 0.2, jitter 0.1, time_warp 0.2, window 0.8" in run.facts["chosen"]
    assert "If a class can no longer be told here" in page
    assert "Training and val loss" in page
    assert "jitter = 0.1" in (run.path / "config.toml").read_text()
    assert 'class="gallery wide-ones"' in page or "Its most confident mistakes" not in page


def test_a_text_report_shows_how_texts_begin_and_a_sheet_of_them(tmp_path: Path) -> None:
    run = tellapart.train(
        texts(tmp_path), runs_dir=tmp_path, model="textcnn", hidden=4, widths=(4,), epochs=1, lr=1e-6, quiet=True
    )
    page = run.report.read_text()
    assert "texts of 4 words" in page
    assert "number" in page.split("Its most confident mistakes")[1].split("How it learned")[0]
    assert (run.path / "data" / "preview.png").stat().st_size > 1000


@pytest.mark.parametrize("wrong", [{"jitter": 0.1}, {"augment": "strong"}, {"mixup": 0.2}, {"cutmix": 1.0}])
def test_what_is_fitted_at_once_refuses_to_change_its_samples(tmp_path: Path, wrong: dict[str, float | str]) -> None:
    with pytest.raises(
        SettingError, match="random-kernels is fitted at once, to the samples as they are: leave it out"
    ):
        tellapart.train(bumps(), runs_dir=tmp_path, quiet=True, **wrong)


# ---- in memory, and in files of many


@pytest.fixture(scope="module")
def series_run(tmp_path_factory: pytest.TempPathFactory) -> tellapart.Run:
    folder = tmp_path_factory.mktemp("series")
    return tellapart.train(bumps(), runs_dir=folder, model="conv1d", widths=(4,), epochs=2, quiet=True)


@pytest.fixture(scope="module")
def text_run(tmp_path_factory: pytest.TempPathFactory) -> tellapart.Run:
    folder = tmp_path_factory.mktemp("text")
    return tellapart.train(texts(folder), runs_dir=folder, quiet=True)


def as_ts(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    head = ["@problemName made", "@univariate false", "@classLabel true early late", "@data"]
    rows = [
        ":".join(",".join(f"{v:.9g}" for v in channel) for channel in series) + f":{label}"
        for series, label in zip(x, y, strict=True)
    ]
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def test_series_are_answered_from_arrays_and_files_alike(series_run: tellapart.Run, tmp_path: Path) -> None:
    model, (x, y) = series_run.model, bumps(4, seed=1)
    wanted = [answer.probabilities for answer in model.predict(x)]
    assert [answer.probabilities for answer in model.predict(list(x))] == wanted
    assert model.predict(x[0])[0].probabilities == pytest.approx(wanted[0])
    ts = as_ts(tmp_path / "more.ts", x, y)
    np.save(tmp_path / "more.npy", x)
    np.savez(tmp_path / "more.npz", x=x, y=y, lengths=np.array([30, 30, 30, 30]))
    for path in (ts, tmp_path / "more.npy", tmp_path / "more.npz"):
        answers = model.predict(path)
        assert [answer.id for answer in answers] == [f"{path}:{row}" for row in (1, 2, 3, 4)]
        for answer, shares in zip(answers, wanted, strict=True):
            assert answer.probabilities == pytest.approx(shares, abs=1e-4)


def test_a_file_of_series_that_can_t_be_read_says_why(series_run: tellapart.Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ts").write_text("no such thing")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    np.save(tmp_path / "flat.npy", np.zeros(4, np.float32))
    names = ("bad.ts", "bad.npz", "flat.npy", "gone.ts")
    answers = series_run.model.predict([tmp_path / name for name in names])
    assert [answer.label for answer in answers] == [None] * 4
    assert [answer.error.split(":")[0] for answer in answers if answer.error] == [
        "line 1", "damaged", "no array x of series (N, C, T)", "No such file or directory",
    ]  # fmt: skip


def test_the_command_answers_series_of_a_file_and_of_a_folder(
    series_run: tellapart.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_ts(tmp_path / "more.ts", *bumps(3, seed=1))
    for given in (tmp_path / "more.ts", tmp_path):
        main(["predict", str(series_run.path), str(given)])
        lines = capsys.readouterr().out.splitlines()
        assert [line.split("\t")[0] for line in lines] == [f"{tmp_path}/more.ts:{row}" for row in (1, 2, 3)]
    (tmp_path / "none").mkdir()
    with pytest.raises(SystemExit):
        main(["predict", str(series_run.path), str(tmp_path / "none")])
    assert "no file of series in this folder" in capsys.readouterr().err


def test_texts_are_answered_as_words_files_and_tables(text_run: tellapart.Run, tmp_path: Path) -> None:
    model = text_run.model
    (tmp_path / "one.txt").write_text("fine thing")
    wanted = model.predict("fine thing")[0].probabilities
    assert model.predict(["fine thing"])[0].probabilities == wanted
    assert model.predict(tmp_path / "one.txt")[0].probabilities == wanted
    answers = model.predict(texts(tmp_path, 4))
    assert [answer.id for answer in answers] == [f"{tmp_path / 'said.tsv'}:{row}" for row in (2, 3, 4, 5)]
    rows = [line.split("\t")[1] for line in (tmp_path / "said.tsv").read_text().splitlines()[1:]]
    assert [answer.probabilities for answer in answers] == [answer.probabilities for answer in model.predict(rows)]
    assert [answer.error is None for answer in model.predict(["", "fine \ud800", "\U0001f468\u200d\U0001f469"])] == [
        False, True, True,
    ]  # fmt: skip


def test_texts_in_memory_are_trained_on(tmp_path: Path) -> None:
    said = [f"{'fine thing' if n % 2 else 'poor stuff'} number {n}" for n in range(24)]
    run = tellapart.train((said, ["good" if n % 2 else "bad" for n in range(24)]), runs_dir=tmp_path, quiet=True)
    assert run.model.spec.kind == "text"
    fresh = [f"{'fine thing' if n % 2 else 'poor stuff'} number {n}" for n in range(50, 90)]
    assert run.model.evaluate((fresh, ["bad", "good"] * 20))["accuracy"].value >= 0.9


def test_series_of_differing_lengths_in_memory_are_trained_on(tmp_path: Path) -> None:
    x, y = bumps()
    each = [series[:, : 30 - n % 3] for n, series in enumerate(x)]
    run = tellapart.train((each, y), runs_dir=tmp_path, model="conv1d", widths=(4,), epochs=1, quiet=True)
    assert "2 channels of up to 30 steps" in run.report.read_text()


def test_an_estimator_that_is_fitted_at_once_tells_new_series_apart() -> None:
    assert tellapart.Classifier(features=200).fit(*bumps()).score(*bumps(seed=1)) >= 0.9


@pytest.mark.parametrize("settings", [{"features": 200}, {"model": "conv1d", "widths": (4,), "epochs": 2}], ids=str)
def test_the_estimator_takes_series(settings: dict[str, Any]) -> None:
    x, y = bumps()
    x[1, 0, 3] = np.nan
    estimator = tellapart.Classifier(**settings).fit(x, y)
    assert estimator.predict_proba(x).shape == (40, 2)
    assert estimator.predict(x[:3, :, :20]).shape == (3,)
    with pytest.raises(ValueError, match="X has 1 features, but Classifier is expecting 2"):
        estimator.predict(x[:, :1])
    with pytest.raises(DataError, match=r"X has samples of shape \(2,\), but Classifier was fitted on \(2, 30\)"):
        estimator.predict(x[2:, :, 0])
