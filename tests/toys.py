"""A tiny problem and a whole training of it in this process: for laws that are tried after every step."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tellapart.commands.learn import note
from tellapart.commands.learner import Learner, batches, new_learner
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig
from tellapart.data.resident import load
from tellapart.data.sources.arrays import ArraySource
from tellapart.runs.checkpoint import moment, newest_checkpoint, restore, write_checkpoint
from tellapart.training.fit import TrainState, fit, never
from tellapart.types import EpochEnd
from tellapart.world import World

SIDE = 8
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "mlp": {"model": "mlp", "widths": (6,)},
    "cnn with dropout, crop and flip": {"dropout": 0.5, "crop_padding": 2, "flip": True},
    "every augmentation": {
        "flip": True, "alternating": True, "rotate": 20.0, "scale": 0.2, "brightness": 0.3, "contrast": 0.3,
        "saturation": 0.3, "cutout": 3,
    },
    "mixup and cutmix": {"mixup": 0.4, "cutmix": 1.0, "trivial": True, "erasing": 0.5, "flip": True, "batch": 8},
    "a strong policy": {"augment": "strong"},
    "growing mixtures": {"model": "whitened-cnn", "widths": (4,), "sizes": (0.5, 1.0), "augment": "strong"},
    "growing pictures": {"model": "whitened-cnn", "widths": (4,), "sizes": (0.5, 1.0)},
    "the hardest": {"hardest": (1.0, 0.7, 0.4), "flip": True, "batch": 8},
    "running statistics": {"model": "resnet18", "widths": (8, 16)},
    "average": {"ema": 0.9},
    "average of running statistics": {"ema": 0.9, "model": "whitened-cnn", "widths": (4,), "optimiser": "muon"},
    "bf16": {"precision": "bf16"},
    "sgd": {"optimiser": "sgd", "nesterov": True, "weight_decay": 0.01, "schedule": "step", "warmup": 0.2},
    "plain sgd": {"optimiser": "sgd", "momentum": 0.0},
    "muon": {"optimiser": "muon", "schedule": "linear", "weight_decay": 0.01},
    "adamw": {"optimiser": "adamw", "label_smoothing": 0.1},
    "a sampler": {"balance": "sampler", "flip": True, "rotate": 20.0, "batch": 8},
    "adjusted logits": {"balance": "logit-adjust"},
    "one-cycle": {"schedule": "one-cycle"},
    "plateau": {
        "schedule": "plateau", "plateau_patience": 1, "optimiser": "sgd", "lr": 5.0, "metric": "log-loss", "epochs": 4,
    },
    "nadam": {"optimiser": "nadam", "weight_decay": 0.01},
    "rmsprop": {"optimiser": "rmsprop", "model": "whitened-cnn", "widths": (4,)},
    "adagrad": {"optimiser": "adagrad", "layer_decay": 0.7},
    "lamb": {"optimiser": "lamb", "weight_decay": 0.01},
    "focal": {"loss": "focal"},
    "huber": {"loss": "huber", "label_smoothing": 0.1},
    "clipped, with l1": {"clip": 0.5, "l1": 0.001},
    "layer-wise rates": {"layer_decay": 0.5, "optimiser": "muon", "ema": 0.9},
    "early stop": {"optimiser": "sgd", "lr": 5.0, "patience": 1, "epochs": 9},
    "no val part": {"val_share": 0.0},
    "steps": {"steps": 7},
}  # fmt: skip
"""Name -> settings: what a training can have to be remembered."""


def toy_learner(threads: int = 1, **settings: Any) -> Learner:
    """A model before its first step: three classes that tell apart by where the bright rows are, 3 steps an epoch."""
    draws, N = np.random.default_rng(0), 60
    labels = np.arange(N) % 3
    pictures = draws.integers(0, 100, (N, SIDE, SIDE)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[1 + 2 * label : 3 + 2 * label] += 150
    usual = {"model": "cnn", "widths": (3,), "test_share": 0.1, "val_share": 0.2, "batch": 16}
    if "model" not in settings:
        usual |= {"dense": 5}
    if not {"epochs", "steps", "time"} & settings.keys():
        usual |= {"epochs": 3}
    config = RunConfig.of("toys", usual | settings)
    world = World(device=torch.device("cpu"), threads=threads, bf16=False)
    return new_learner(config, load(ArraySource("toys", pictures, labels), config.load), world)


def go_on(learner: Learner, pause: Callable[[TrainState], bool] = never) -> None:
    """Train until `pause` says so, at an epoch's end too, or to the end."""
    if learner.done:
        return
    for end in fit(learner.state, batches(learner, Silence()), learner.plan, pause):
        if isinstance(end, EpochEnd):
            note(end, learner)
        if learner.done or pause(learner.state):
            return


def taken_up(learner: Learner, folder: Path, **settings: Any) -> Learner:
    """A fresh learner, brought to where this one is by way of the disk."""
    write_checkpoint(folder, moment(learner.state, learner.progress, {}))
    fresh = toy_learner(**settings)
    fresh.progress = restore(newest_checkpoint(folder), fresh.state)
    return fresh


def everything(learner: Learner) -> dict[str, Any]:
    """All that training has brought about, weights and moments as bytes; but for what a clock said."""
    kept = moment(learner.state, learner.progress, {})
    position = {part: dict(values) for part, values in kept.position.items()}
    position["state"].pop("seconds")
    position["progress"]["history"] = [
        {name: value for name, value in row.items() if name != "seconds"} for row in position["progress"]["history"]
    ]
    return position | {
        f"{file}/{name}": tensor.numpy().tobytes()
        for file, tensors in kept.tensors.items()
        for name, tensor in tensors.items()
    }
