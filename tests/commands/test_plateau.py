"""When the plateau schedule lowers the learning rate."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.toys import go_on, toy_learner

from tellapart.commands.plateau import falls
from tellapart.config import RunConfig

PLATEAU: dict[str, Any] = {"schedule": "plateau", "plateau_patience": 2, "metric": "log-loss"}


def rows(*log_losses: float) -> list[dict[str, Any]]:
    return [{"epoch": epoch, "val_log_loss": value} for epoch, value in enumerate(log_losses, start=1)]


def config(**settings: Any) -> RunConfig:
    return RunConfig.of("digits", PLATEAU | settings)


def test_falls_by_hand() -> None:
    history = rows(1.0, 0.9, 0.9, 0.95, 0.8, 0.8, 0.9, 0.9, 0.9)
    assert [falls(history[:count], config()) for count in range(10)] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]


def test_the_metric_says_what_is_better() -> None:
    history = [
        {"epoch": epoch, "val_accuracy": accuracy, "val_log_loss": 1.0 + epoch}
        for epoch, accuracy in enumerate((0.5, 0.6, 0.7))
    ]
    assert falls(history, config(metric="accuracy")) == 0
    assert falls(history, config(metric="log-loss")) == 1


@pytest.mark.parametrize("patience", [1, 3])
def test_it_is_torch_s_schedule(patience: int) -> None:
    values = np.random.default_rng(0).uniform(0, 1, 40).tolist()
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.5, patience=patience - 1, threshold=0.0, eps=0
    )
    for count, value in enumerate(values, start=1):
        theirs.step(value)
        ours = 0.5 ** falls(rows(*values[:count]), config(plateau_patience=patience))
        assert ours == optimiser.param_groups[0]["lr"]


def test_the_epochs_after_a_fall_run_at_the_lower_rate() -> None:
    learner = toy_learner(optimiser="sgd", lr=5.0, epochs=6, gamma=0.5, **PLATEAU | {"plateau_patience": 1})
    go_on(learner)
    history = learner.progress.history
    fallen = [falls(history[:count], learner.config) for count in range(len(history))]
    assert fallen[-1] > 0
    assert [row["lr"] for row in history] == [5.0 * 0.5**count for count in fallen]
