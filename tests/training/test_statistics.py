"""Running statistics of averaged weights: those of batches that the average itself saw, between two epochs."""

from collections.abc import Iterable

import pytest
import torch
from torch import nn

from tellapart.config import OptimConfig
from tellapart.training.fit import TrainState, new_state
from tellapart.training.plan import Extent, Plan
from tellapart.training.statistics import settle_average
from tellapart.types import Batch, Order
from tellapart.world import World

WORLD = World(device=torch.device("cpu"), threads=1, bf16=False)
SAMPLES, BATCH = 160, 16


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 2)
    )


def planned(frozen: float = 0) -> Plan:
    extents = (Extent(samples=SAMPLES, steps=SAMPLES // BATCH),)
    return Plan(
        optim=OptimConfig(ema=0.9), seed=0, epochs=3, steps=30, extents=extents, autocast=None, frozen=frozen
    )  # fmt: skip


def passes(order: Order) -> Iterable[Batch]:
    draws = torch.Generator().manual_seed(order.epoch)
    for _ in range(SAMPLES // BATCH):
        x = 3 + 2 * torch.randn(BATCH, 1, 6, 6, generator=draws)
        yield Batch(inputs=x, targets=torch.zeros(BATCH, dtype=torch.int64), keys=torch.zeros(BATCH, 2))


def averaged(module: nn.Module, ema: float | None = 0.9) -> TrainState:
    state = new_state(module, OptimConfig(ema=ema), WORLD, BATCH)
    state.epoch = 1
    return state


def test_they_are_the_mean_over_batches_by_the_weights_of_the_average() -> None:
    state = averaged(network())
    assert state.average is not None
    weights = [weight.clone() for weight in state.average.parameters()]
    settle_average(state, passes, planned())
    convolution, norm = state.average[0], state.average[1]  # type: ignore[index]
    seen = [convolution(batch.inputs) for batch, _ in zip(passes(Order(seed=0, epoch=1)), range(4), strict=False)]
    torch.testing.assert_close(norm.running_mean, torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([x.var((0, 2, 3)) for x in seen]).mean(0))
    assert all(map(torch.equal, weights, state.average.parameters()))
    assert not state.average.training
    assert norm.momentum == 0.1
    assert state.module[1].running_mean.abs().sum() == 0  # type: ignore[index, union-attr]


def test_they_are_a_function_of_the_state_and_use_up_no_draw() -> None:
    state, again = averaged(network()), averaged(network())
    settle_average(state, passes, planned())
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    settle_average(again, passes, planned())
    assert torch.equal(torch.random.get_rng_state(), before)
    pairs = zip(state.average.state_dict().values(), again.average.state_dict().values(), strict=True)  # type: ignore[union-attr]
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(("frozen", "moves"), [(0, True), (1, False), (float("inf"), False)])
def test_those_of_a_frozen_body_stand_still(frozen: float, moves: bool) -> None:
    state = averaged(network())
    settle_average(state, passes, planned(frozen))
    assert bool(state.average[1].running_mean.abs().sum() > 0) == moves  # type: ignore[index]


@pytest.mark.parametrize("module", [nn.Sequential(nn.Flatten(), nn.Linear(36, 2)), None], ids=["no norm", "no average"])
def test_where_there_are_none_no_batch_is_made(module: nn.Module | None) -> None:
    state = averaged(module or network(), ema=0.9 if module else None)

    def refused(order: Order) -> Iterable[Batch]:
        raise AssertionError(order)

    settle_average(state, refused, planned())
