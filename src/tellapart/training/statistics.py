"""The running statistics of batch norm where weights are averaged: taken anew between two epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tellapart.seeds import seed_of
from tellapart.training.fit import TrainState, seed_draws
from tellapart.training.memory import cut
from tellapart.training.plan import Plan
from tellapart.training.unrolled import unrolled
from tellapart.types import Batch, Order

SHARE, LEAST, MOST = 8, 64, 2000
"""They are of an eighth of an epoch's samples, but of so many at least and at most."""


def settle_average(state: TrainState, batches: Callable[[Order], Iterable[Batch]], plan: Plan) -> None:
    """Between two epochs: the running statistics of averaged weights, from some batches of the epoch to come.

    While the body is frozen they stay as they are, as those of the module do.
    """
    if state.average is None or state.epoch <= plan.frozen or not has_statistics(state.average):
        return
    extent, device = plan.extent(0), next(state.average.parameters()).device
    samples = min(max(extent.samples // SHARE, LEAST), MOST, extent.samples)
    some = islice(batches(Order(seed=plan.seed, epoch=state.epoch)), -(-samples * extent.steps // extent.samples))
    arithmetic = torch.autocast(device.type, dtype=plan.autocast, enabled=plan.autocast is not None)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), arithmetic, unrolled(plan.unrolled):
        seed_draws(seed_of(plan.seed, "statistics", state.epoch), device)
        take_statistics(state.average, (piece for batch in some for piece in cut(batch, state.pieces)))


@torch.no_grad()
def take_statistics(average: nn.Module, batches: Iterable[Batch]) -> None:
    """Take the running statistics of batch norm anew, as the mean over batches; weights stay.

    What `follow` makes of them is an average of the statistics of other weights, and fits none: of MNIST's val part
    91 % were right by those after three epochs under Muon, 99.5 % by what four batches gave.
    Source: Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima", section 3.2 (arXiv:1803.05407).
    """
    layers = [layer for layer in average.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
    before = [layer.momentum for layer in layers]
    average.train()
    try:
        for number, batch in enumerate(batches, 1):
            for layer in layers:
                layer.momentum = 1 / number
            average(*batch.given)
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
        average.eval()


def has_statistics(module: nn.Module) -> bool:
    """Whether any layer of it goes by running statistics."""
    return any(isinstance(layer, _BatchNorm) and layer.track_running_stats for layer in module.modules())
