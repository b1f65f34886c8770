"""The learning rate as a share of its peak: pure functions of the share of training that is done, and of the falls."""

import math
from collections.abc import Callable

from tellapart.config import OptimConfig, Schedule

RISES = 0.3
"""Share of all steps that one-cycle rises for."""
CYCLE = (1 / 25, 1 / 250_000)
"""Shares of the peak where one-cycle begins and ends."""


def _constant(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    return 1.0


def _step(done: float, config: OptimConfig) -> float:
    return config.gamma ** sum(done >= milestone for milestone in config.milestones)


def _cosine(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    return 0.5 * (1 + math.cos(math.pi * done))


def _linear(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    return 1 - done


def _one_cycle(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    """Half a cosine up to the peak, half a cosine down; momentum stays what it is.

    Source: Smith & Topin 2018, "Super-Convergence" (arXiv:1708.07120), with the cosines and shares of fastai and torch.
    """
    begins, ends = CYCLE
    if done < RISES:
        return begins + (1 - begins) * 0.5 * (1 - math.cos(math.pi * done / RISES))
    return ends + (1 - ends) * 0.5 * (1 + math.cos(math.pi * (done - RISES) / (1 - RISES)))


SCHEDULES: dict[Schedule, Callable[[float, OptimConfig], float]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "linear": _linear,
    "one-cycle": _one_cycle,
    "plateau": _constant,
}


def lr_share(step: int, steps: int, config: OptimConfig, falls: int = 0) -> float:
    """Learning rate of a step as a share of its peak, in [0, 1].

    step   0-based, below steps
    falls  times that plateau has multiplied it by gamma
    During warm-up it rises linearly, and its last step reaches the peak. The step schedule counts its milestones from
    the first step, as one-cycle does its rise; cosine (Loshchilov & Hutter 2017, "SGDR", arXiv:1608.03983, eq. 5) and
    linear run from the end of the warm-up to the last step.
    """
    warm, fallen = round(config.warmup * steps), config.gamma**falls
    if step < warm:
        return fallen * (step + 1) / warm
    done = step / steps if config.schedule in ("step", "one-cycle") else (step - warm) / (steps - warm)
    return fallen * SCHEDULES[config.schedule](done, config)
