"""Models that a training learns from or has to agree with: found, loaded, and compared with the new one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tellapart.config import OptimConfig
from tellapart.data.batches import in_order
from tellapart.data.resident import Resident
from tellapart.evaluation.flips import Flips, flips
from tellapart.evaluation.measures import answers
from tellapart.evaluation.predict import BATCH
from tellapart.files import MANIFEST
from tellapart.runs.model_folder import read_model
from tellapart.runs.run_folder import model_folder
from tellapart.training.objective import Objective
from tellapart.training.teacher import Teacher
from tellapart.types import DataSpec, Predictions
from tellapart.world import World

OLD = ("teacher", "agree_with")
"""The settings that name another model."""


def with_teachers(objective: Objective, spec: DataSpec, world: World) -> Objective:
    """The objective with the models that its settings name."""
    found = {setting: _loaded(getattr(objective.optim, setting), setting, spec, world.device) for setting in OLD}
    return replace(objective, teacher=found["teacher"], agree=found["agree_with"])


def fingerprints(config: OptimConfig) -> dict[str, str]:
    """Of each model that the settings name the hash of its manifest: what the promise of equal bits hangs on."""
    paths = {setting: getattr(config, setting) for setting in OLD}
    return {
        setting: hashlib.sha256((model_folder(path) / MANIFEST).read_bytes()).hexdigest()
        for setting, path in paths.items()
        if path is not None
    }


def compared(path: Path, setting: str, part: Resident, spec: DataSpec, predictions: Predictions) -> Flips:
    """What changes for those who used the model at `path`, on a part that the new one was judged on."""
    old = _loaded(path, setting, spec, torch.device("cpu"))
    assert old is not None
    right = [
        old.right(old.logits(*(each.cpu() for each in batch.given)), batch.targets.cpu()).numpy()
        for batch in in_order(part, BATCH)
    ]
    return flips(np.concatenate(right), answers(predictions) == predictions.targets)


def _loaded(path: Path | None, setting: str, spec: DataSpec, device: torch.device) -> Teacher | None:
    if path is None:
        return None
    module, card = read_model(model_folder(path))
    return Teacher.of(module, card.spec, spec, device, setting)
