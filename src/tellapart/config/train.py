"""The settings of the run of training: how far it goes, on what, and what picks the best epoch."""

from dataclasses import dataclass, replace
from typing import Literal

from tellapart.checks import at_least, check_types, seconds_of, seconds_or_steps
from tellapart.errors import SettingError

Metric = Literal[
    "accuracy", "balanced-accuracy", "macro-f1", "log-loss", "average-precision", "r2", "mae", "rmse", "score"
]
MOST_THREADS = 1024
BATCHES = (16, 500)
"""Least and most samples a step that `batch = auto` takes."""
ENDS = ("epochs", "steps", "time")
"""Settings that say when training ends: one of them in a layer goes before all of them in the layers below."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The run of training."""

    epochs: int | None = None
    """Passes over the training part; by default as many as make 3,000 steps, 10 at least and 200 at most."""
    steps: int | None = None
    """Optimiser steps in all, in place of epochs; the last epoch may be cut short."""
    time: str | None = None
    """Time for the training, as in 90s, 10m or 1h: a few steps are timed, then steps and picture sizes planned so that
    the schedule ends in it; in place of epochs."""
    hardest: tuple[float, ...] = (1.0,)
    """Shares of the training part that an epoch learns from, as in 1 0.75 0.5, each for an equal share of the epochs:
    those that the model was most wrong about when it last learned from them. The train measures told are theirs."""
    batch: int | Literal["auto"] = 64
    """Samples a step; auto takes a hundredth of the training part, between 16 and 500, and tries one real step."""
    seed: int = 0
    """Everything random is a function of it: initial weights, order, augmentation, dropout."""
    metric: Metric | None = None
    """Measure on the val part that picks the best epoch; a tie goes to the lower log-loss. By default accuracy, of
    fewer than 100 samples log-loss; average-precision of labels, r2 of a number, of several tasks the mean of these."""
    patience: int | None = None
    """Epochs without a better val measure after which training stops; by default it does not stop early."""
    save_every: str = "30s"
    """How often a checkpoint is written beside the training, as in 30s, 5m or "200 steps"; the end is always saved."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it runs; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; by default as many as torch takes, which heeds OMP_NUM_THREADS."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the training step: auto takes bf16 for convolutions on hardware that has it, and for an LSTM over
    short sequences where it comes in tiles. Weights stay fp32."""
    compile: Literal["auto", "on", "off"] = "auto"
    """Whether torch.compile makes forward and backward of the training step; auto takes it on a GPU where training is
    long and a few steps, timed both ways, say that it pays."""

    health: bool = True
    """Look into the network from time to time: whether gradients reach every layer, units fire, steps are of a fitting
    size and the loss stays calm. What is wrong is told, with what to change; the weights are the same without it."""

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("epochs", "steps", "patience", "threads"):
            at_least(self, name, 1)
        if not self.hardest or not all(0 < share <= 1 for share in self.hardest):
            raise SettingError(f"hardest is {list(self.hardest)}; must be shares of the part: above 0, at most 1.")
        ends = [name for name in ENDS if getattr(self, name) is not None]
        if len(ends) > 1:
            raise SettingError(f"{ends[0]} and {ends[1]} both say when training ends; give one of them.")
        if self.time is not None:
            seconds_of("time", self.time)
        if self.batch != "auto":
            at_least(self, "batch", 1)
        at_least(self, "seed", 0)
        seconds_or_steps(self.save_every)
        if self.threads is not None and self.threads > MOST_THREADS:
            raise SettingError(
                f"threads is {self.threads}; at most {MOST_THREADS}, and more than cores only slow it down."
            )

    @property
    def metric_taken(self) -> Metric:
        """The measure that picks the best epoch, once it is settled what is asked of the data."""
        return self.metric or "accuracy"

    @property
    def samples_a_step(self) -> int:
        """The batch, once it is settled what `auto` means for the data."""
        assert self.batch != "auto"
        return self.batch

    def settled(self, samples: int) -> "TrainConfig":
        """The same with a number for the batch."""
        least, most = BATCHES
        return self if self.batch != "auto" else replace(self, batch=min(most, max(least, samples // 100)))
