"""A few real steps on copies that are thrown away: what a step takes, and whether its memory suffices."""

import copy
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch

from tellapart.models.head import head_layer
from tellapart.training.compiled import compiled
from tellapart.training.fit import TrainState, step_once
from tellapart.training.freezing import freeze_body
from tellapart.training.plan import Plan
from tellapart.types import Batch

WARM, TIMED = 1, 2
"""Steps that warm up caches and kernels, and steps that are timed."""


def rehearse(state: TrainState, batches: Iterable[Batch], plan: Plan) -> float:
    """Seconds of a step on batches like these, their making counted in; `state` stays, but for the pieces that fit.

    batches  three at least are better; fewer are taken as they come
    """
    copied = copy_of(state)
    copied.module.train()
    if plan.frozen:  # as in the last epochs, which are the dearest
        freeze_body(copied.module, copied.optimiser, head_layer(copied.module), frozen=plan.epochs <= plan.frozen)
    began, timed = time.perf_counter(), 0
    with own_draws(next(copied.module.parameters()).device):
        for number, batch in enumerate(batches):
            step_once(copied, batch, plan)
            finish_work(batch)
            if number + 1 == WARM:
                began, timed = time.perf_counter(), 0
            else:
                timed += 1
            if timed == TIMED:
                break
    state.pieces = copied.pieces
    return (time.perf_counter() - began) / max(timed, 1)


def copy_of(state: TrainState) -> TrainState:
    """A state before its first step, with copies of module, optimiser and average to be thrown away."""
    module, optimiser = copy.deepcopy((state.module, state.optimiser))
    average = copy.deepcopy(state.average)
    copied = TrainState(
        module=module, optimiser=optimiser, objective=state.objective, pieces=state.pieces, average=average
    )
    copied.compiled = None if state.compiled is None else compiled(module)
    return copied


def finish_work(batch: Batch) -> None:
    """Wait for the device: only then does a clock say what a step took."""
    if batch.targets.device.type == "cuda":
        torch.cuda.synchronize()


@contextmanager
def own_draws(device: torch.device) -> Iterator[None]:
    """What is drawn inside leaves the global generators as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
