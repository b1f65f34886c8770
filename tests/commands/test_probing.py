"""The health watch inside a run: told, written down, and without a trace in the weights."""

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.commands.test_train import Said
from tests.outcome import differing, outcome
from tests.photos import make_photos
from tests.toys import CONFIGURATIONS, toy_learner

from tellapart.commands.probing import EVERY, Looks, due
from tellapart.commands.resume import resume
from tellapart.commands.train import train
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig
from tellapart.data.batches import sampled
from tellapart.errors import DivergedError, SettingError
from tellapart.runs.checkpoint import newest_checkpoint, read_position
from tellapart.runs.run_folder import RunFolder
from tellapart.training.health import Probe

SETTINGS: dict[str, Any] = {
    "model": "cnn", "widths": (4,), "dense": 16, "dropout": 0.3, "epochs": 3, "batch": 8, "flip": True, "ema": 0.9,
    "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos and a run on them."""
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos", each=20)
    train(config(folder), runs_dir=folder / "runs", name="watched")
    return folder


def config(home: Path, **settings: Any) -> RunConfig:
    return RunConfig.of(str(home / "photos"), SETTINGS | settings)


def facts(run: Path) -> dict[str, Any]:
    return RunFolder(path=run).read_facts()


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics/health.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_weights_are_the_same_to_the_byte_without_the_watch(home: Path, tmp_path: Path) -> None:
    plain = outcome(train(config(home, health=False), runs_dir=tmp_path, name="plain"))
    watched = outcome(home / "runs/watched")
    assert differing(plain, watched) == ["metrics/health.csv", "state.json"]
    one, other = (json.loads(found["state.json"]) for found in (plain, watched))
    assert one["progress"].pop("probes") == []
    assert other["progress"].pop("probes") != []
    assert one == other
    assert not (tmp_path / "plain/plots/health.svg").exists()


def test_a_run_holds_a_look_before_the_first_step_and_one_at_the_end(home: Path) -> None:
    found = rows(home / "runs/watched")
    assert [(row["step"], row["depth"], row["kind"]) for row in found] == [
        (step, depth, kind)
        for step in ("0", "18")
        for depth, kind in (("1", "Conv2d"), ("2", "Linear"), ("3", "Linear"))
    ]
    assert all(float(row["pull"]) > 0 for row in found)
    assert (home / "runs/watched/plots/health.svg").read_text().startswith("<svg")
    assert facts(home / "runs/watched")["health"] == []
    assert "Inside the network" in (home / "runs/watched/report.html").read_text()


def test_between_them_there_is_one_in_so_many_steps() -> None:
    learner = toy_learner()
    assert due(learner)
    learner.progress.probes.append(Probe(epoch=0, step=0, loss=1.0, blind=1.0, layers=()))
    assert not due(learner)
    for step, asked in ((EVERY - 1, False), (EVERY, True)):
        learner.state.step = step
        assert due(learner) == asked
    learner.state.within = 1
    assert not due(learner)


@pytest.mark.parametrize("settings", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_a_look_leaves_every_kind_of_training_as_it_was(settings: dict[str, Any], tmp_path: Path) -> None:
    if settings.get("model") == "resnet18":
        settings = settings | {"widths": (4,)}
    watched, plain = toy_learner(**settings), toy_learner(**settings)
    looks = Looks(watched, RunFolder.new(tmp_path, "run"), Silence())
    looks.first()
    assert len(watched.progress.probes) == 1
    for one, other in zip(watched.state.module.parameters(), plain.state.module.parameters(), strict=True):
        assert torch.equal(one, other)
    assert watched.state.losses is None or torch.isinf(watched.state.losses).all()


def test_what_is_wrong_is_told_once_and_stands_in_the_facts_and_the_report(home: Path, tmp_path: Path) -> None:
    said = Said()
    run = train(config(home, lr=5.0, dropout=0.0), runs_dir=tmp_path, name="sick", watch=said)
    told = [line for line in said.lines if line.startswith("health: before the first step: a step at the peak")]
    assert len(told) == 1
    assert "large-steps" in [finding["kind"] for finding in facts(run)["health"]]
    assert 'class="warned"' in (run / "report.html").read_text()


def test_a_first_loss_that_is_no_number_is_refused_before_the_first_step(tmp_path: Path) -> None:
    learner = toy_learner()
    next(learner.state.module.parameters()).data[0] = math.nan
    with pytest.raises(
        DivergedError, match=r"Before the first step the loss is no finite number\. Look for values that"
    ):
        Looks(learner, RunFolder.new(tmp_path, "run"), Silence()).first()


def test_a_first_loss_far_from_guessing_is_told_before_training(tmp_path: Path) -> None:
    learner, said = toy_learner(), Said()
    for weight in learner.state.module.parameters():
        weight.data *= 30
    Looks(learner, RunFolder.new(tmp_path, "run"), said).first()
    assert any("and 1.1 if all classes were taken for equally likely" in line for line in said.lines)


def test_no_memory_for_a_look_is_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Probe:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("tellapart.commands.probing.probe", full)
    learner = toy_learner()
    Looks(learner, RunFolder.new(tmp_path, "run"), Silence()).first()
    assert learner.progress.probes == []


# ---- a run that diverged


class Poison(Silence):
    """Makes the loss of step 8 no number."""

    def __init__(self) -> None:
        self.steps = 0

    def each(self, items: Iterable[Any]) -> Iterator[Any]:
        for batch in items:
            self.steps += 1
            wrong = torch.full((len(batch.targets),), math.nan)
            yield replace(batch, weights=wrong) if self.steps == 8 else batch


@pytest.fixture
def diverged(home: Path, tmp_path: Path) -> tuple[Path, str]:
    """A run whose loss became no number in its second epoch, with what was said."""
    run = tmp_path / "runs/broken"
    with pytest.raises(DivergedError) as caught:
        train(config(home, save_every="2 steps"), runs_dir=run.parent, name="broken", watch=Poison())
    return run, str(caught.value)


def test_a_broken_step_is_named_with_what_to_type(diverged: tuple[Path, str]) -> None:
    run, said = diverged
    assert said == (
        "In step 8 of 18, in epoch 2, the training loss became nan. Take a smaller lr than 0.001. What step-000000006 "
        f"holds is from before it. Go on from there: tellapart resume {run} --lr 0.0001"
    )
    assert facts(run)["status"] == "failed"
    assert facts(run)["exit_reason"] == f"DivergedError: {said}"


def test_no_state_that_is_saved_is_broken(diverged: tuple[Path, str]) -> None:
    from safetensors.torch import load_file

    for checkpoint in (diverged[0] / "checkpoints").iterdir():
        for name, tensor in load_file(checkpoint / "weights.safetensors").items():
            assert tensor.isfinite().all(), name


def test_it_goes_on_with_the_learning_rate_that_is_given(diverged: tuple[Path, str]) -> None:
    run = resume(diverged[0], lr=0.0001)
    assert facts(run)["status"] == "finished"
    assert facts(run)["lr_changes"] == [{"after_step": 6, "lr": 0.0001}]
    assert "lr = 0.0001" in (run / "config.toml").read_text()
    assert "The learning rate was set anew on the way: 0.0001 after step 6." in (run / "report.html").read_text()
    history = [float(line.split(",")[2]) for line in (run / "history.csv").read_text().splitlines()[1:]]
    assert max(history[1:]) < 0.0001 < history[0]


def test_without_another_learning_rate_it_goes_on_as_it_was(home: Path, diverged: tuple[Path, str]) -> None:
    run = resume(diverged[0])  # what broke it was no part of the settings
    assert differing(outcome(run), outcome(home / "runs/watched")) == []


@pytest.mark.parametrize("lr", [0.0, -1.0, math.nan, math.inf])
def test_a_learning_rate_that_means_nothing_is_refused(home: Path, lr: float) -> None:
    with pytest.raises(SettingError, match=r"^lr is (0|-1|nan|inf); must be"):
        resume(home / "runs/watched", lr=lr)


def test_probes_are_part_of_a_checkpoint(home: Path) -> None:
    position = read_position(newest_checkpoint(home / "runs/watched/checkpoints"))
    assert [probe["step"] for probe in position["progress"]["probes"]] == [0]


# ---- which samples


def test_samples_are_drawn_from_all_over_a_part_and_are_the_same_each_time() -> None:
    part = toy_learner().loaded.parts["train"]
    few = sampled(part, 20)
    assert len(few) == 20
    rows_of = [part.ids.index(name) for name in few.ids]
    assert rows_of == sorted(rows_of)
    assert len(set(few.targets.tolist())) == 3
    assert np.array_equal(few.inputs, part.inputs[rows_of])
    assert sampled(part, 20).ids == few.ids
    assert sampled(part, 10**6) is part
