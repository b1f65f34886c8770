"""Learning-rate range test: a few steps at ever larger rates, on copies, say at which rate the loss falls."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tellapart.config import OptimConfig
from tellapart.training.fit import TrainState, step_once
from tellapart.training.optimisers import peak_lr, set_lr
from tellapart.training.plan import Plan
from tellapart.training.rehearsal import copy_of, own_draws
from tellapart.types import Batch

STEPS = 120
"""Of the whole test, one at each rate."""
DECADES = 3
"""Powers of ten below and above the rate asked for, or the optimiser's usual one."""
MOST_S = 120.0
"""Seconds after which the test ends, wherever it is."""
STAYS = 0.9
"""Share of the smoothed loss that stays at each step."""
DIVERGED = 4.0
"""Times its least at which the smoothed loss ends the test."""
FELL = 0.95
"""Share of its first value that the smoothed loss must come below."""
BELOW = 10.0
"""What the rate of the least loss is divided by: there it is about to rise."""


@dataclass(frozen=True, kw_only=True)
class LrRange:
    """What the loss did as the learning rate rose; a value a step."""

    lrs: tuple[float, ...]
    losses: tuple[float, ...]
    """Mean loss of the batch, before the step at this rate."""
    smoothed: tuple[float, ...]
    """Their moving average."""
    ended: Literal["range", "diverged", "time"]
    """Why: all rates were tried, the loss rose too far or was no number, or time was over."""

    @property
    def suggested(self) -> float | None:
        """A tenth of the rate at which the smoothed loss was least; None where it never fell."""
        if not self.smoothed or min(self.smoothed) > FELL * self.smoothed[0]:
            return None
        return self.lrs[self.smoothed.index(min(self.smoothed))] / BELOW


def rates(optim: OptimConfig) -> list[float]:
    """The learning rates that are tried, rising by one factor from each to the next."""
    peak = peak_lr(optim)
    return [peak * 10 ** (DECADES * (2 * step / (STEPS - 1) - 1)) for step in range(STEPS)]


def lr_range(state: TrainState, batches: Iterable[Batch], plan: Plan, most_s: float = MOST_S) -> LrRange:
    """What the loss does as the learning rate rises from batch to batch; `state` stays.

    batches  at least as many as there are rates
    A function of state, batches and seed alone, unless time is over before the end.
    Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3 (arXiv:1506.01186); rates
    that rise by a factor, and smoothing, as fastai has them.
    """
    moving, peak = copy_of(state), peak_lr(plan.optim)
    moving.module.train()
    lrs: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    mean, began = 0.0, time.monotonic()

    def found(ended: Literal["range", "diverged", "time"]) -> LrRange:
        return LrRange(lrs=tuple(lrs), losses=tuple(losses), smoothed=tuple(smoothed), ended=ended)

    with own_draws(next(moving.module.parameters()).device):
        for lr, batch in zip(rates(plan.optim), batches, strict=False):
            set_lr(moving.optimiser, lr / peak)
            total, _, weight = step_once(moving, batch, plan).tolist()  # waits for the device
            moving.step += 1
            loss = total / weight
            if not math.isfinite(loss):
                return found("diverged")
            mean = STAYS * mean + (1 - STAYS) * loss
            lrs.append(lr)
            losses.append(loss)
            smoothed.append(mean / (1 - STAYS**moving.step))
            if smoothed[-1] > DIVERGED * min(smoothed):
                return found("diverged")
            if time.monotonic() - began > most_s:
                return found("time")
    return found("range")
