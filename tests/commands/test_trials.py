"""Which augmentation helps is found out by short trainings on the training part, judged on val."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tellapart
from tellapart.commands import trials
from tellapart.commands.learn import ends
from tellapart.commands.learner import Learner, new_learner
from tellapart.commands.trials import POLICIES, by_trials
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig
from tellapart.data.resident import load
from tellapart.data.sources.sequences import SequenceSource
from tellapart.errors import DivergedError, SettingError
from tellapart.world import World

HERE = World(device=torch.device("cpu"), threads=1, bf16=False)


def heights(samples: int = 160, **settings: Any) -> tuple[Learner, RunConfig]:
    """Series whose class is their height and nothing else, at most a fifth apart: whoever scales them blurs it."""
    draws = np.random.default_rng(0)
    kinds = np.arange(samples) % 2
    rows = [(1 + 0.15 * kind) * np.sin(np.arange(12) / 3 + draws.uniform(0, 0.1))[:, None] for kind in kinds]
    source = SequenceSource("heights", "series", [row.astype(np.float32) for row in rows], [str(k) for k in kinds])
    usual = {"model": "conv1d", "widths": (8,), "batch": 16, "steps": 320, "test_share": 0.0, "val_share": 0.25}
    config = RunConfig.of("heights", usual | {"lr": 0.02, "seed": 0} | settings)
    return new_learner(config, load(source, config.load), HERE), config


def tried(**settings: Any) -> Learner:
    learner, config = heights(**settings)
    return by_trials(learner, config, Silence())


@pytest.mark.parametrize("asked", ["auto", "tried"])
def test_what_hurts_on_val_is_not_taken(asked: str) -> None:
    found = tried(augment=asked)
    assert "augmentation was tried for 80 steps each; log-loss on val: none 0." in found.said[0]
    assert found.config.load.augment is None
    assert found.config.load.scale is None
    assert found.config.load.window is None
    assert found.state.step == 0
    assert found.plan.steps == 320


def test_what_did_best_on_val_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([0.5, 0.3, 0.4])
    monkeypatch.setattr("tellapart.commands.learn.val_scores", lambda *_: {"log_loss": next(losses), "accuracy": 0.5})
    found = tried(augment="auto", steps=4)
    assert found.said[0].endswith("log-loss on val: none 0.5000, light 0.3000, strong 0.4000")
    assert found.said[1] == "augmentation: light: scale 0.1, jitter 0.05"
    assert found.config.load.scale == 0.1


def test_a_tie_goes_to_no_augmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.commands.learn.val_scores", lambda *_: {"log_loss": 0.5, "accuracy": 0.5})
    assert tried(augment="auto", steps=4).config.load.scale is None


def test_training_after_trials_is_as_if_what_they_found_were_named_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([0.5, 0.3, 0.4])
    with monkeypatch.context() as forced:
        forced.setattr("tellapart.commands.learn.val_scores", lambda *_: {"log_loss": next(losses), "accuracy": 0.5})
        found = tried(augment="auto", steps=4)
    named, _ = heights(augment="light", steps=4)
    for learner in (found, named):
        for _ in ends(learner, Silence(), lambda _: False):
            pass
    for one, other in zip(found.state.module.parameters(), named.state.module.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_same_seed_finds_the_same() -> None:
    assert tried(augment="auto", steps=8).said == tried(augment="auto", steps=8).said


def test_a_trial_is_judged_by_its_best_epoch_and_ends_when_none_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []

    def worse_and_worse(*_: Any) -> dict[str, float]:
        told.append(0.1 * len(told))
        return {"log_loss": told[-1], "accuracy": 0.5}

    monkeypatch.setattr("tellapart.commands.learn.val_scores", worse_and_worse)
    found = tried(augment="auto", patience=2)  # 80 steps each would be ten epochs
    assert found.said[0].endswith("none 0.0000, light 0.3000, strong 0.6000")
    assert len(told) == 9


def test_a_trial_that_leaves_the_finite_numbers_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trials.ends

    def failing(trial: Learner, *rest: Any) -> Any:
        if trial.config.load.window is None:
            raise DivergedError("no number")
        return made(trial, *rest)

    monkeypatch.setattr(trials, "ends", failing)
    found = tried(augment="auto", steps=4)
    assert "none 0." not in found.said[0]
    assert "strong" in found.said[0]
    assert found.config.load.window == 0.8


@pytest.mark.parametrize(
    "settings",
    [{"samples": 800}, {"val_share": 0.05}, {"val_share": 0.0}, {"steps": None, "time": "60s"}, {"augment": "light"}],
    ids=["many", "few of val", "no val", "a time", "named"],
)
def test_auto_tries_nothing_where_it_would_be_chance_or_take_long(settings: dict[str, Any]) -> None:
    learner, config = heights(**{"augment": "auto", **settings})
    assert by_trials(learner, config, Silence()) is learner


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"val_share": 0.0}, "there is no val part to judge by: set val_share, or say none, light or strong"),
        (
            {"steps": None, "time": "60s"},
            "time says when training ends, which trials come before: give epochs, or say none",
        ),
    ],
    ids=["no val", "a time"],
)
def test_asked_for_they_are_made_or_it_is_said_what_stands_against_them(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingError, match=f"augment is 'tried', but {why}"):
        tried(augment="tried", **settings)
    assert "was tried" in tried(augment="tried", steps=4, samples=420).said[0]


@pytest.mark.parametrize(
    ("settings", "x", "why"),
    [
        (
            {"model": "mlp"},
            np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32),
            "vectors are never changed",
        ),
        (
            {"model": "random-kernels"},
            np.random.default_rng(0).normal(size=(40, 1, 20)).astype(np.float32),
            "as they are",
        ),
    ],
    ids=["vectors", "fitted at once"],
)
def test_what_is_never_changed_is_not_tried(settings: dict[str, Any], x: Any, why: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", x=x, y=np.arange(40) % 2)
    with pytest.raises(SettingError, match=f"(?s)augment is .?tried.*{why}.*leave it out"):
        tellapart.train(tmp_path / "some.npz", runs_dir=tmp_path / "runs", augment="tried", quiet=True, **settings)
    assert not list((tmp_path / "runs").glob("*"))


def test_with_weights_training_begins_elsewhere_than_trials(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(80, 1, 12)).astype(np.float32)
    np.savez(tmp_path / "some.npz", x=x, y=np.arange(80) % 2)
    settings: dict[str, Any] = {"model": "conv1d", "widths": (4,), "steps": 2, "quiet": True, "val_share": 0.3}
    run = tellapart.train(tmp_path / "some.npz", runs_dir=tmp_path / "runs", **settings)
    with pytest.raises(SettingError, match="training begins with weights, and trials from scratch: say none"):
        tellapart.train(
            tmp_path / "some.npz", runs_dir=tmp_path / "runs", weights=run.path, augment="tried", steps=2, quiet=True
        )


def test_the_estimator_tries_too_and_tuning_says_that_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(80, 1, 12)).astype(np.float32)
    settings: dict[str, Any] = {"model": "conv1d", "widths": (4,), "steps": 2, "augment": "tried"}
    with pytest.raises(SettingError, match="there is no val part to judge by: set val_share"):
        tellapart.Classifier(**settings).fit(x, np.arange(80) % 2)
    tried_by: list[float | None] = []

    def seen(trial: Learner, *rest: Any) -> Any:
        tried_by.append(trial.config.load.scale)
        return ends(trial, *rest)

    monkeypatch.setattr(trials, "ends", seen)
    tellapart.Classifier(**settings, val_share=0.3).fit(x, np.arange(80) % 2)
    assert tried_by == [None, 0.1, 0.2]
    with pytest.raises(SettingError, match="to look for a rate, say none, light or strong"):
        tellapart.tune("digits", augment="tried")


def test_pictures_are_tried_too_and_the_run_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).integers(0, 255, (60, 16, 16, 3)).astype(np.uint8)
    np.savez(tmp_path / "noise.npz", x=x, y=np.arange(60) % 2)
    settings: dict[str, Any] = {"model": "cnn", "steps": 4, "threads": 1, "near_copies": False}
    run = tellapart.train(tmp_path / "noise.npz", runs_dir=tmp_path / "runs", augment="tried", **settings)
    said = capsys.readouterr()
    line = next(line for line in run.facts["chosen"] if line.startswith("augmentation was tried for 1 step each"))
    assert line in said.out + said.err
    assert all(f" {policy} " in line for policy in POLICIES)
    assert run.facts["seconds_by_stage"].keys() == {"load", "trials", "train", "judge"}
