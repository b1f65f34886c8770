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


def asked(**settings: Any) -> RunConfig:
    usual = {"model": "whitened-cnn", "optimiser": "muon", "batch": 30, "test_share": 0.0, "val_share": 0.0}
    return RunConfig.of("toys", usual | {"time": "60s"} | settings)


def coloured(samples: int = 60, **settings: Any) -> Learner:
    pictures = np.random.default_rng(0).integers(0, 255, (samples, 32, 32, 3)).astype(np.uint8)
    config = asked(**settings)
    source = ArraySource("toys", pictures, np.arange(samples) % 2)
    return new_learner(config, load(source, config.load), World(device=torch.device("cpu"), threads=1, bf16=False))


def settled_with(monkeypatch: pytest.MonkeyPatch, step_s: float, *, samples: int = 0, **settings: Any) -> RunConfig:
    """What is settled where a step takes so long."""
    monkeypatch.setattr(timing, "step_seconds", lambda _, share: step_s * share**2)
    monkeypatch.setattr(widening, "SAMPLES", samples)
    learner = coloured(**settings)
    return settled_config(settle(learner, asked(**settings)))


def test_a_time_of_many_epochs_goes_into_a_wider_network_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "step_seconds", lambda _, share: share**2)
    monkeypatch.setattr(widening, "SAMPLES", 0)
    learner = coloured()
    wide = settle(learner, asked())
    load = settled_config(wide).load
    assert settled_config(wide).model.widths == widening.WIDE
    assert (load.sizes, load.crop_padding, load.cutout) == (SIZES, None, None)
    assert wide.said[-1] == "the time is enough for 30 epochs: a wider network takes it, and pictures grow"
    assert sum(weight.numel() for weight in wide.state.module.parameters()) > 4_000_000


@pytest.mark.parametrize(
    ("step_s", "settings"),
    [(1.3, {}), (0.5, {"widths": (4, 4, 4)}), (0.5, {"model": "resnet18"}), (0.5, {"samples": 10_000})],
    ids=["fewer epochs", "widths by hand", "another model", "few pictures"],
)
def test_otherwise_the_network_stays(monkeypatch: pytest.MonkeyPatch, step_s: float, settings: dict[str, Any]) -> None:
    assert settled_with(monkeypatch, step_s, **settings).model.widths == settings.get("widths")


@pytest.mark.parametrize(
    ("settings", "crop_padding", "cutout"),
    [
        ({"augment": "auto"}, 4, 12),
        ({"augment": "auto", "cutout": 5}, 4, 5),
        ({"augment": "auto", "crop_padding": 1, "erasing": 0.1}, 1, None),
        ({"augment": "light"}, 2, None),
        ({"augment": "none"}, None, None),
    ],
    ids=str,
)
def test_pictures_for_the_wide_network_are_moved_further_and_partly_hidden_where_auto_has_a_say(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], crop_padding: int | None, cutout: int | None
) -> None:
    monkeypatch.setattr("tellapart.data.policy.FEW_COLOURED", 10)
    load = settled_with(monkeypatch, 0.5, **settings).load
    assert (load.crop_padding, load.cutout) == (crop_padding, cutout)
