from typing import Any

import numpy as np
import pytest
import torch

from tellapart.commands import timing, widening
from tellapart.commands.growing import SIZES
from tellapart.commands.learner import Learner, new_learner, settled_config
from tellapart.commands.timing import settle
from tellapart.config import RunConfig
from tellapart.data.resident import load
from tellapart.data.sources.arrays import ArraySource
from tellapart.world import World


def coloured(samples: int = 60, **settings: Any) -> Learner:
    pictures = np.random.default_rng(0).integers(0, 255, (samples, 32, 32, 3)).astype(np.uint8)
    usual = {"model": "whitened-cnn", "optimiser": "muon", "batch": 30, "test_share": 0.0, "val_share": 0.0}
    config = RunConfig.of("toys", usual | {"time": "60s"} | settings)
    source = ArraySource("toys", pictures, np.arange(samples) % 2)
    return new_learner(config, load(source, config.load), World(device=torch.device("cpu"), threads=1, bf16=False))


def settled_with(monkeypatch: pytest.MonkeyPatch, step_s: float, *, samples: int = 0, **settings: Any) -> RunConfig:
    """What is settled where a step takes so long."""
    monkeypatch.setattr(timing, "step_seconds", lambda _, share: step_s * share**2)
    monkeypatch.setattr(widening, "SAMPLES", samples)
    learner = coloured(**settings)
    return settled_config(settle(learner, learner.config.train))


def test_a_time_of_many_epochs_goes_into_a_wider_network_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "step_seconds", lambda _, share: share**2)
    monkeypatch.setattr(widening, "SAMPLES", 0)
    learner = coloured()
    wide = settle(learner, learner.config.train)
    assert settled_config(wide).model.widths == widening.WIDE
    assert settled_config(wide).load.sizes == SIZES
    assert wide.said[-1] == "the time is enough for 30 epochs: a wider network takes it, and pictures grow"
    assert sum(weight.numel() for weight in wide.state.module.parameters()) > 4_000_000


@pytest.mark.parametrize(
    ("step_s", "settings"),
    [(1.3, {}), (0.5, {"widths": (4, 4, 4)}), (0.5, {"model": "resnet18"}), (0.5, {"samples": 10_000})],
    ids=["fewer epochs", "widths by hand", "another model", "few pictures"],
)
def test_otherwise_the_network_stays(monkeypatch: pytest.MonkeyPatch, step_s: float, settings: dict[str, Any]) -> None:
    assert settled_with(monkeypatch, step_s, **settings).model.widths == settings.get("widths")
