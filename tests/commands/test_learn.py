"""Training inside a run; stopped and gone on with at any step, to the same bits."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.toys import CONFIGURATIONS, everything, go_on, taken_up, toy_learner

from tellapart.commands.learn import ends, learn
from tellapart.commands.learner import new_learner, refused_sizes, val_scores
from tellapart.commands.probing import Looks
from tellapart.commands.timing import plan_in_time
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig
from tellapart.data.resident import load
from tellapart.data.sources.arrays import ArraySource
from tellapart.errors import DivergedError, SettingError
from tellapart.models.views import Sighted
from tellapart.runs.run_folder import RunFolder
from tellapart.training.fit import never
from tellapart.world import World

every_configuration = pytest.mark.parametrize("settings", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.new(tmp_path, "run")


# ---- resumed is unbroken


@every_configuration
def test_a_run_that_is_resumed_after_any_step_is_the_unbroken_one(settings: dict[str, Any], run: RunFolder) -> None:
    unbroken = toy_learner(**settings)
    go_on(unbroken)
    assert unbroken.state.step >= 6
    for step in range(unbroken.state.step + 1):
        broken = toy_learner(**settings)
        if step:
            go_on(broken, lambda state, step=step: state.step == step)
        assert broken.state.step == step
        resumed = taken_up(broken, RunFolder.new(run.path, f"at-{step}").checkpoints, **settings)
        assert everything(resumed) == everything(broken)
        go_on(resumed)
        assert everything(resumed) == everything(unbroken)


@every_configuration
def test_a_run_that_is_resumed_after_each_step_is_the_unbroken_one(settings: dict[str, Any], run: RunFolder) -> None:
    unbroken, learner = toy_learner(**settings), toy_learner(**settings)
    go_on(unbroken)
    while not learner.done:
        learner = taken_up(learner, run.checkpoints, **settings)
        go_on(learner, lambda _: True)
    assert everything(learner) == everything(unbroken)


def test_the_early_stop_of_the_configurations_is_one() -> None:
    learner = toy_learner(**CONFIGURATIONS["early stop"])
    go_on(learner)
    assert learner.patience_ended
    assert learner.state.step < learner.plan.steps


def test_a_run_that_goes_on_in_pieces_for_lack_of_memory_is_resumed_in_as_many(run: RunFolder) -> None:
    unbroken, broken = toy_learner(dropout=0.3), toy_learner(dropout=0.3)
    for learner in (unbroken, broken):
        learner.state.pieces = 4
    go_on(unbroken)
    go_on(broken, lambda state: state.step == 4)
    resumed = taken_up(broken, run.checkpoints, dropout=0.3)
    assert resumed.state.pieces == 4
    go_on(resumed)
    assert everything(resumed) == everything(unbroken)


def test_a_loss_that_is_no_number_is_told_at_the_end_of_the_epoch_after_going_on_too(run: RunFolder) -> None:
    learner = toy_learner()
    go_on(learner, lambda state: state.step == 1)
    assert learner.state.trace is not None
    learner.state.trace[0] = torch.nan
    resumed = taken_up(learner, run.checkpoints)
    with pytest.raises(DivergedError, match="In step 1 of 9, in epoch 1, the training loss became nan"):
        go_on(resumed)


# ---- picture sizes


@pytest.mark.parametrize(("model", "refused"), [("cnn", [0.5]), ("mlp", [0.5]), ("whitened-cnn", []), ("resnet18", [])])
def test_a_model_for_one_size_is_not_trained_at_others(model: str, refused: list[float]) -> None:
    settings = {"model": model} | ({"widths": (2, 3)} if model == "resnet18" else {})
    assert refused_sizes(toy_learner(**settings), (0.5, 1.0)) == refused
    if refused:
        with pytest.raises(
            SettingError, match=rf"sizes holds 0\.5, but the model {model} has no answer to pictures of 4x4\."
        ):
            toy_learner(**settings, sizes=(0.5, 1.0))


@pytest.mark.parametrize("model", ["cnn", "whitened-cnn"])
def test_a_time_budget_takes_the_sizes_that_the_model_has_an_answer_to(model: str) -> None:
    learner = toy_learner(model=model, time="1s")
    plan_in_time(learner)
    assert not refused_sizes(learner, learner.config.load.sizes)
    assert learner.budget is not None


class Sizes(Silence):
    """Remembers the height of the pictures of each step."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def each(self, items: Iterable[Any]) -> Iterator[Any]:
        for batch in items:
            self.seen.append(batch.inputs.shape[2])
            yield batch


@pytest.mark.parametrize("steps", [1, 2, 4, 7, 9, 10])
def test_pictures_grow_to_the_full_size_however_short_the_training(steps: int) -> None:
    learner, watch = toy_learner(model="whitened-cnn", sizes=(0.5, 0.75, 1.0), steps=steps), Sizes()
    for _ in ends(learner, watch, never):
        pass
    assert watch.seen == sorted(watch.seen)
    assert len(watch.seen) == steps
    if steps > 2:
        assert abs(watch.seen.count(8) - steps / 3) <= 1


def test_vectors_have_no_sizes() -> None:
    values = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    wanted = RunConfig.of("arrays", {"sizes": (0.5, 1.0), "test_share": 0.1})
    loaded = load(ArraySource("arrays", values, np.arange(30) % 3), wanted.load)
    with pytest.raises(SettingError, match="sizes is of pictures, and these are vectors: leave it out"):
        new_learner(wanted, loaded, World(device=torch.device("cpu"), threads=1, bf16=False))


# ---- what stands in the run folder


@pytest.mark.parametrize(("every_s", "times"), [(1e9, 2), (0.0, 9)])
def test_the_history_is_flushed_from_time_to_time_and_is_whole_at_the_end(
    every_s: float, times: int, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = RunFolder.write_history

    def counted(self: RunFolder, rows: list[dict[str, Any]]) -> None:
        written.append(len(rows))
        write(self, rows)

    monkeypatch.setattr(RunFolder, "write_history", counted)
    monkeypatch.setattr("tellapart.commands.learn.WRITTEN_EVERY_S", every_s)
    learner = toy_learner(epochs=9)
    learn(learner, run, Looks(learner, run, Silence()), Silence())
    assert len(written) == times
    assert len(run.history.read_text().splitlines()) == 1 + 9


def test_epochs_are_compared_by_one_look_and_the_run_is_judged_by_all(run: RunFolder) -> None:
    learner = toy_learner(model="whitened-cnn", widths=(2, 2, 2), views="mirrored", epochs=1)
    shown: list[int] = []
    assert isinstance(learner.state.module, Sighted)
    learner.state.module.network.register_forward_hook(
        lambda module, given, _: None if module.training else shown.append(len(given[0]))
    )
    learn(learner, run, Looks(learner, run, Silence()), Silence())
    assert sum(shown) == len(learner.loaded.parts["val"])
    shown.clear()
    val_scores(learner.state.judged, learner.loaded)
    assert sum(shown) > len(learner.loaded.parts["val"])
