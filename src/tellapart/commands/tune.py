"""tellapart tune: data -> split -> batches -> model -> a few steps at rising learning rates -> one to train with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tellapart.commands.learner import Learner, batches
from tellapart.commands.preflight import check_config, check_folder
from tellapart.commands.settling import fitted_at_once
from tellapart.commands.train import prepared
from tellapart.commands.watch import Silence, Watch
from tellapart.config import RunConfig
from tellapart.errors import SettingError
from tellapart.evaluation.plots import lr_range_plot
from tellapart.models import chosen
from tellapart.runs.tune_folder import TuneFolder
from tellapart.training.lr_range import STEPS, LrRange, lr_range
from tellapart.training.optimisers import peak_lr
from tellapart.types import Batch, Order

ENDS = {
    "range": "all rates were tried",
    "diverged": "the loss rose too far",
    "time": "time was over: larger rates were not tried",
}
"""Why the steps ended, in words."""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What a search for the learning rate found."""

    path: Path
    """Folder with `lr.json` and `lr.svg`."""
    optimiser: str
    lr: float
    """The learning rate that holds without the search."""
    curve: LrRange
    """Each rate that was tried, with the loss at it and why the steps ended."""

    @property
    def suggested(self) -> float | None:
        """A learning rate to train with; None where the loss fell at none."""
        return self.curve.suggested

    @property
    def plot(self) -> Path:
        """The loss by the learning rate."""
        return TuneFolder(path=self.path).plot

    @property
    def said(self) -> str:
        """The result in a line."""
        if self.suggested is None:
            return f"The loss fell at none of these rates; {self.optimiser} has {self.lr:g} ({ENDS[self.curve.ended]})."
        return f"Suggested: --lr {self.suggested:.2g}; {self.optimiser} has {self.lr:g} ({ENDS[self.curve.ended]})."

    def to_json(self) -> dict[str, Any]:
        return {
            "suggested_lr": self.suggested,
            "optimiser": self.optimiser,
            "lr": self.lr,
            **asdict(self.curve),
        }


def tune(config: RunConfig, *, out: Path = Path("tune"), watch: Watch | None = None) -> Tuned:
    """Look for a learning rate on the training part; a folder with figures and a plot comes out.

    out  where that folder is made; a name that is taken gets a number
    Raises SettingError where the model learns in no steps.
    """
    check_config(config)
    check_folder("out", out)
    if config.load.augment == "tried":
        raise SettingError("augment is 'tried', which training does: to look for a rate, say none, light or strong.")
    watch = watch or Silence()
    learner, source = prepared(config, watch)
    if fitted_at_once(learner.config, learner.loaded):
        raise SettingError(_without_steps(learner))
    with watch.work("learning rates", STEPS, 0):
        made = endless(batches(learner, watch), config.train.seed)
        found = lr_range(learner.state, made, learner.plan)
    folder = TuneFolder.new(out, source)
    tuned = Tuned(path=folder.path, optimiser=config.optim.optimiser, lr=peak_lr(config.optim), curve=found)
    folder.write(tuned.to_json(), lr_range_plot(found.lrs, found.losses, found.smoothed, found.suggested))
    return tuned


def _without_steps(learner: Learner) -> str:
    """Why there is no learning rate to look for, and what to do."""
    if learner.config.transfer.preset == "instant":
        return "preset is 'instant', which fits the last layer at once: there is no learning rate. Leave preset out."
    model = chosen(learner.config.model, learner.loaded.spec)
    return (
        f"{model} is fitted at once, so there is no learning rate to look for: train it as it is, or name a model that "
        "learns in steps; tellapart models lists them."
    )


def endless(made: Callable[[Order], Iterable[Batch]], seed: int) -> Iterator[Batch]:
    """The batches of one epoch after the other."""
    for epoch in count():
        yield from made(Order(seed=seed, epoch=epoch))
