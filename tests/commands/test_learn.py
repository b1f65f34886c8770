"""Training inside a run; stopped and gone on with at any step, to the same bits."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.toys import CONFIGURATIONS, everything, go_on, taken_up, toy_learner

from tellapart.runs.run_folder import RunFolder

every_configuration = pytest.mark.parametrize("settings", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.new(tmp_path, "run")


# ---- resumed is unbroken


@every_configuration
def test_a_run_that_is_resumed_after_any_step_is_the_unbroken_one(settings: dict[str, Any], run: RunFolder) -> None:
    unbroken = toy_learner(**settings)
    go_on(unbroken, run)
    assert unbroken.state.step >= 6
    for step in range(unbroken.state.step + 1):
        broken = toy_learner(**settings)
        if step:
            go_on(broken, run, lambda state, step=step: state.step == step)
        assert broken.state.step == step
        resumed = taken_up(broken, RunFolder.new(run.path, f"at-{step}").checkpoints, **settings)
        assert everything(resumed) == everything(broken)
        go_on(resumed, run)
        assert everything(resumed) == everything(unbroken)


@every_configuration
def test_a_run_that_is_resumed_after_each_step_is_the_unbroken_one(settings: dict[str, Any], run: RunFolder) -> None:
    unbroken, learner = toy_learner(**settings), toy_learner(**settings)
    go_on(unbroken, run)
    history = run.history.read_text()
    while not learner.done:
        learner = taken_up(learner, run.checkpoints, **settings)
        go_on(learner, run, lambda _: True)
    assert everything(learner) == everything(unbroken)
    assert [line.rpartition(",")[0] for line in run.history.read_text().splitlines()] == [
        line.rpartition(",")[0] for line in history.splitlines()
    ]  # but for the seconds


def test_the_early_stop_of_the_configurations_is_one(run: RunFolder) -> None:
    learner = toy_learner(**CONFIGURATIONS["early stop"])
    go_on(learner, run)
    assert learner.patience_ended
    assert learner.state.step < learner.plan.steps


def test_a_run_that_goes_on_in_pieces_for_lack_of_memory_is_resumed_in_as_many(run: RunFolder) -> None:
    unbroken, broken = toy_learner(dropout=0.3), toy_learner(dropout=0.3)
    for learner in (unbroken, broken):
        learner.state.pieces = 4
    go_on(unbroken, run)
    go_on(broken, run, lambda state: state.step == 4)
    resumed = taken_up(broken, run.checkpoints, dropout=0.3)
    assert resumed.state.pieces == 4
    go_on(resumed, run)
    assert everything(resumed) == everything(unbroken)


def test_a_loss_that_is_no_number_is_told_at_the_end_of_the_epoch_after_going_on_too(run: RunFolder) -> None:
    learner = toy_learner()
    go_on(learner, run, lambda state: state.step == 1)
    assert learner.state.sums is not None
    learner.state.sums[0] = torch.nan
    resumed = taken_up(learner, run.checkpoints)
    with pytest.raises(Exception, match="The training loss became nan in epoch 1"):
        go_on(resumed, run)
