"""The learning rate as a share of its peak: pure functions of the share of training that is done."""

import math
from collections.abc import Callable

from tellapart.config import OptimConfig, Schedule


def _constant(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    return 1.0


def _step(done: float, config: OptimConfig) -> float:
    return config.gamma ** sum(done >= milestone for milestone in config.milestones)


def _cosine(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    return 0.5 * (1 + math.cos(math.pi * done))


def _linear(done: float, config: OptimConfig) -> float:  # noqa: ARG001
    return 1 - done


SCHEDULES: dict[Schedule, Callable[[float, OptimConfig], float]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "linear": _linear,
}


def lr_share(step: int, steps: int, config: OptimConfig) -> float:
    """Learning rate of a step as a share of its peak, in [0, 1].

    step   0-based, below steps
    During warm-up it rises linearly, and its last step reaches the peak. The step schedule counts its milestones from
    the first step; cosine (Loshchilov & Hutter 2017, "SGDR", arXiv:1608.03983, eq. 5) and linear run from the end of
    the warm-up to the last step.
    """
    warm = round(config.warmup * steps)
    if step < warm:
        return (step + 1) / warm
    done = step / steps if config.schedule == "step" else (step - warm) / (steps - warm)
    return SCHEDULES[config.schedule](done, config)
