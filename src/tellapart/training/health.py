"""How a network fares while it learns: a real step on a copy, and what it shows of each layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from tellapart.training.fit import TrainState, step_once
from tellapart.training.optimisers import set_lr
from tellapart.training.plan import Plan
from tellapart.training.rehearsal import own_draws
from tellapart.training.signals import Signals, layers_of, matrices
from tellapart.types import Batch, EpochEnd

BEFORE, SINCE = 50, 5
"""Steps before a spike whose median it is held against, and steps from it on whose median must be as high."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A module with filters or a matrix of its own, in one step. What is no finite number, or not there, is None."""

    name: str
    """Its path in the model, as in `blocks.4`."""
    kind: str
    """Its class."""
    units: int
    """Channels or features of its output; 0 where it was not called by itself."""
    activation: float | None
    """Root mean square of its output."""
    gradient: float | None
    """Norm of the gradient of the mean loss in its weights; None where none of them is trained."""
    weight: float | None
    """Norm of those weights."""
    update: float | None
    """Norm of what a step at the peak learning rate changes in them."""
    nonlinearity: str | None
    """What follows it, of those that are flat somewhere."""
    dead: float | None
    """Share of its units for which that is flat on the whole batch, in [0, 1]."""
    flat: float | None
    """Share of its values for which that is flat, in [0, 1]."""

    @property
    def pull(self) -> float | None:
        """Gradient times weight: change of the loss, in nats, for each doubling of the weights; the scale of the layer
        has no say in it, so that layers can be compared."""
        return None if self.gradient is None or self.weight is None else self.gradient * self.weight

    @property
    def change(self) -> float | None:
        """Update over weight: by which share of themselves the step moves the weights."""
        return None if self.update is None or not self.weight else self.update / self.weight


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A look into the network between two steps."""

    epoch: int
    """Epochs ended before it."""
    step: int
    """Steps done before it."""
    loss: float | None
    """Mean training loss of the batch; None where it is no finite number."""
    blind: float
    """What it would be if all logits were equal: log K for cross entropy."""
    layers: tuple[Layer, ...]
    """In the order in which the batch passes through them."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Probe:
        return Probe(**fields | {"layers": tuple(Layer(**layer) for layer in fields["layers"])})


@dataclass(frozen=True, kw_only=True)
class Spike:
    """A jump of the training loss that lasted."""

    epoch: int
    step: int
    """The first that was as bad as guessing."""
    loss: float
    """The highest from there on, to the end of its epoch."""
    before: float
    """Median of the steps before it."""


def probe(state: TrainState, batch: Batch, plan: Plan) -> Probe:
    """A step on copies of module and optimiser, and what it shows; nothing of `state` changes, nor any draw to come.

    It is made at the peak learning rate wherever the schedule stands, so that steps can be compared over a training.
    """
    module, optimiser = copy.deepcopy((state.module, state.optimiser))
    signals = Signals(module.train())
    copied = TrainState(
        module=module,
        optimiser=optimiser,
        objective=state.objective,
        compiled=signals,
        step=state.step,
        pieces=state.pieces,
    )
    set_lr(optimiser, 1.0)
    with own_draws(batch.targets.device):
        sums = step_once(copied, batch, plan)
    blind = state.objective.blind(batch, signals.outputs)
    loss, guess = torch.stack([sums[0] / sums[2], blind]).tolist()
    return Probe(
        epoch=state.epoch,
        step=state.step,
        loss=_finite(loss),
        blind=guess,
        layers=_layers(layers_of(state.module), layers_of(module), signals),
    )


def spike(end: EpochEnd, before: float | None, blind: float) -> Spike | None:
    """The first lasting jump of the loss in an epoch; None where there is none.

    before  mean loss of the epoch before it, which the first steps are held against
    blind   the loss of guessing
    From below half of `blind`, the loss has to rise to `blind` and to be there for most of SINCE steps: a single batch
    of wrong labels is no spike.
    """
    losses = end.losses
    for place in range(len(losses)):
        earlier = losses[max(0, place - BEFORE) : place]
        usual = median(earlier) if len(earlier) >= SINCE else before
        if losses[place] < blind or usual is None or usual > blind / 2:
            continue
        following = losses[place : place + SINCE]
        if len(following) == SINCE and median(following) >= blind:
            step = end.step - len(losses) + place + 1
            return Spike(epoch=end.epoch, step=step, loss=max(losses[place:]), before=usual)
    return None


def table(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """A row for each layer of each probe, for a file; numbers to six digits."""
    rows = []
    for each in probes:
        head = {"epoch": each.epoch, "step": each.step, "loss": each.loss}
        for depth, layer in enumerate(each.layers, 1):
            numbers = {"pull": layer.pull, "change": layer.change}
            rows.append(head | {"depth": depth} | asdict(layer) | numbers)
    return [{name: f"{v:.6g}" if isinstance(v, float) else v for name, v in row.items()} for row in rows]


def _layers(before: dict[str, nn.Module], after: dict[str, nn.Module], signals: Signals) -> tuple[Layer, ...]:
    """What the step shows of each layer, from its weights before and after it; all waits for the device are here."""
    shown = []
    for name in _by_depth(before, [*signals.found]):
        signal = signals.found.get(name)
        now, then = matrices(after[name]), matrices(before[name])
        trained = [(w, old.detach()) for w, old in zip(now, then, strict=True) if w.requires_grad]
        gradients = [w.grad for w, _ in trained if w.grad is not None]
        shown.append(
            Layer(
                name=name,
                kind=type(before[name]).__name__,
                units=signal.units if signal else 0,
                activation=_number(signal.size if signal else None),
                gradient=_number(_norm(gradients) if gradients or not trained else torch.zeros(())),
                weight=_number(_norm([old for _, old in trained])),
                update=_number(_norm([w.detach() - old for w, old in trained])),
                nonlinearity=signal.nonlinearity if signal else None,
                dead=_number(signal.dead if signal else None),
                flat=_number(signal.flat if signal else None),
            )
        )
    return tuple(shown)


def _by_depth(names: dict[str, nn.Module], met: list[str]) -> list[str]:
    """The names in the order in which they were met; one that was not stands behind the one registered before it."""
    places = {name: place for place, name in enumerate(met)}
    keys, last = {}, -1
    for name in names:
        last = keys[name] = places.get(name, last)
    return sorted(names, key=keys.__getitem__)


def _norm(tensors: Sequence[Tensor]) -> Tensor | None:
    """The norm of all their numbers together; None of nothing."""
    return torch.stack(torch._foreach_norm([*tensors])).norm() if tensors else None


def _number(value: Tensor | None) -> float | None:
    return None if value is None else _finite(value.item())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
