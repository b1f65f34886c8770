"""Training on augmented sequences of any length, with each kind of model: it is said what is done, and done."""

import csv
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.sequences import make_sequences, series

import tellapart
from tellapart.errors import SettingError

SMALL: dict[str, Any] = {"quiet": True, "threads": 1, "batch": 16, "steps": 4}
MODELS: list[tuple[str, str, dict[str, Any]]] = [
    ("swings.npz", "gru", {"hidden": 4, "layers": 1}),
    ("swings.npz", "conv1d", {"widths": (4,)}),
    ("tones", "spectrogram-cnn", {"widths": (4,)}),
    ("messages.csv", "textcnn", {"hidden": 4, "widths": (4,)}),
    ("messages.csv", "lstm", {"hidden": 4, "layers": 1}),
    ("messages.csv", "transformer", {"hidden": 8, "layers": 1}),
]
SETS = {
    ("swings.npz", "light"): "scale 0.1, jitter 0.05",
    ("swings.npz", "strong"): "scale 0.2, jitter 0.1, time_warp 0.2, window 0.8",
    ("tones", "light"): "window 0.9, jitter 0.02",
    ("tones", "strong"): "window 0.8, jitter 0.05, time_warp 0.1, erasing 0.25, mixup 0.2",
    ("messages.csv", "light"): "token_drop 0.05",
    ("messages.csv", "strong"): "token_drop 0.1, window 0.8",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sequences(tmp_path_factory.mktemp("sequences"))


def losses(run: tellapart.Run) -> list[float]:
    with (run.path / "history.csv").open() as file:
        return [float(row["train_loss"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("policy", ["light", "strong"])
@pytest.mark.parametrize(("data", "model", "narrow"), MODELS, ids=[f"{model}-{data}" for data, model, _ in MODELS])
def test_a_policy_is_said_and_learned_under_by_each_kind_of_model(
    data: str,
    model: str,
    narrow: dict[str, Any],
    policy: str,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = {"augment": policy, "model": model, **narrow, **SMALL, "quiet": False}
    run = tellapart.train(home / data, runs_dir=tmp_path, **asked)
    line = f"augmentation: {policy}: {SETS[data, policy]}"
    said = capsys.readouterr()
    assert line in said.out + said.err
    assert line in run.facts["chosen"]
    settings = tomllib.loads((run.path / "config.toml").read_text())
    for name, value in (part.split(" ") for part in SETS[data, policy].split(", ")):
        assert settings[name] == float(value)
    assert np.isfinite(losses(run)).all()
    plain = tellapart.train(home / data, runs_dir=tmp_path, name="plain", **{**asked, "augment": "none"})
    assert losses(plain) != losses(run)


@pytest.mark.parametrize("mixing", [{"mixup": 0.2}, {"cutmix": 1.0}], ids=str)
def test_series_of_differing_lengths_are_learned_apart_while_they_are_mixed(
    mixing: dict[str, float],
    home: Path,
    tmp_path: Path,
) -> None:
    run = tellapart.train(
        home / "swings.npz", runs_dir=tmp_path, model="conv1d", widths=(16, 16), epochs=12, batch=16, lr=0.01,
        quiet=True, threads=1, **mixing,
    )  # fmt: skip
    assert losses(run)[-1] < losses(run)[0]
    np.savez(tmp_path / "more.npz", **series(60, seed=2))
    assert run.model.evaluate(tmp_path / "more.npz")["accuracy"].value > 0.9


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("textcnn", "texts are tokens, and of two tokens no mixture is a token: leave it out. token_drop and window"),
        ("ngrams", "ngrams is fitted at once, to the samples as they are: leave it out, or name a model that learns"),
    ],
)
def test_texts_are_not_mixed_which_is_said_before_a_run_folder_is_made(
    model: str, why: str, home: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=f"mixup is 0.2, but {why}"):
        tellapart.train(home / "messages.csv", runs_dir=tmp_path / "runs", model=model, mixup=0.2, quiet=True)
    assert not list((tmp_path / "runs").glob("*"))
