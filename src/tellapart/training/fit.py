"""The one training loop."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tellapart.config import OptimConfig
from tellapart.errors import DivergedError
from tellapart.models.head import head_layer
from tellapart.seeds import seed_of
from tellapart.training.average import follow
from tellapart.training.eager import step
from tellapart.training.freezing import freeze_body
from tellapart.training.memory import cut, give_back_memory, moving_buffers, out_of_memory
from tellapart.training.objective import Objective
from tellapart.training.optimisers import build_optimiser, peak_lr, set_lr
from tellapart.training.penalty import shape_gradients
from tellapart.training.plan import Plan, convolves
from tellapart.training.schedules import lr_share
from tellapart.training.unrolled import unrolled
from tellapart.types import Batch, EpochEnd, Order, Pause
from tellapart.world import World


@dataclass(kw_only=True)
class TrainState:
    """What moves while a model is trained: with the seed, all that must be known to go on."""

    module: nn.Module
    optimiser: Optimizer
    objective: Objective
    """What a step makes small; it does not move."""
    average: nn.Module | None = None
    """The module with the moving average of its weights, where one is kept."""
    compiled: Callable[[Tensor], Tensor] | None = None
    """The module's forward pass as torch.compile makes it, where that is taken; not part of what is saved."""
    step: int = 0
    """Optimiser steps done."""
    epoch: int = 0
    """Epochs ended."""
    within: int = 0
    """Steps done of the epoch that runs."""
    length: int = 0
    """Steps that it has in all, by the plan that held at its start."""
    sums: Tensor | None = None
    """Over the epoch that runs: loss, right answers, weight (3,), float32 on the device."""
    trace: Tensor | None = None
    """Likewise: mean loss of each of its steps, (length,), float32 on the device; 0 for those to come."""
    samples: int = 0
    """Likewise."""
    seconds: float = 0.0
    """Likewise."""
    falls: int = 0
    """Times that the plateau schedule has lowered the learning rate."""
    pieces: int = 1
    """Parts that a batch is cut into, one after the other, since the whole did not fit the memory."""
    losses: Tensor | None = None
    """Loss of each training sample when it was last learned from (N,), float32; inf before. Kept where it chooses."""
    picks: Callable[[int, int], Tensor] | None = None
    """Epoch and number -> the rows that it goes over, where each class is shown as often; not part of what is saved."""
    among: Tensor | None = None
    """Rows that the epoch that runs goes over, int64, where it is not all of them."""

    @property
    def forward(self) -> Callable[..., Tensor]:
        """Raw inputs -> logits, as a training step takes them."""
        return self.module if self.compiled is None else self.compiled

    @property
    def position(self) -> float:
        """Epochs done, the one that runs by its share."""
        return self.epoch + (self.within / self.length if self.within else 0.0)

    @property
    def judged(self) -> nn.Module:
        """The module that is validated and kept: with averaged weights where there are such."""
        return self.average or self.module


def going_on(plan: Plan, state: TrainState) -> Plan:
    """The plan with the end that its epochs have from here: what was done may have been by another plan."""
    running = state.within > 0
    rest = state.length - state.within if running and state.epoch < plan.epochs else 0
    ahead = sum(plan.extent(epoch).steps for epoch in range(state.epoch + running, plan.epochs))
    return replace(plan, steps=state.step + rest + ahead)


def new_state(
    module: nn.Module, optim: OptimConfig, world: World, batch: int = 64, objective: Objective | None = None
) -> TrainState:
    """The module on its device, filters laid out channels last, with a fresh optimiser.

    objective  by default the loss of one class out of all
    """
    module = module.to(world.device)
    if convolves(module):
        module = module.to(memory_format=torch.channels_last)
    optimiser = build_optimiser(module, optim, batch)
    for group in optimiser.param_groups:
        group["bf16"] = world.bf16  # what Muon makes orthogonal
    average = None if optim.ema is None else copy.deepcopy(module).requires_grad_(False).eval()
    objective = objective or Objective(optim=optim)
    return TrainState(module=module, optimiser=optimiser, objective=objective, average=average)


def never(state: TrainState) -> bool:  # noqa: ARG001
    """No pause before the end of the epoch."""
    return False


def fit(
    state: TrainState,
    batches: Callable[[Order], Iterable[Batch]],
    plan: Plan,
    pause: Callable[[TrainState], bool] = never,
) -> Iterator[EpochEnd | Pause]:
    """Train; the end of each epoch comes out, with `state` as it is then. Stop by not asking for the next.

    batches  which pass -> its batches
    pause    asked after each step but an epoch's last; where it says so, a Pause comes out between two steps
    Going on from a state that was kept gives the same bits as never having stopped. Raises DivergedError in the place
    of a state whose loss or weights stopped being finite numbers: none that comes out is broken.
    """
    while state.step < plan.steps:
        device = next(state.module.parameters()).device
        extent = plan.extent(state.epoch)
        if state.within == 0:
            ties = torch.Generator().manual_seed(seed_of(plan.seed, "hardest", state.epoch))
            state.among = hardest(state.losses, extent.samples, ties)
            state.length = extent.steps
        if state.picks is not None:
            state.among = state.picks(state.epoch, extent.samples)
        order = Order(seed=plan.seed, epoch=state.epoch, skip=state.within, among=state.among)
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            paused = _steps(state, batches(order), plan, pause)
        _refuse_broken(state, plan)
        yield Pause(step=state.step) if paused else _epoch_end(state, plan)


def _steps(state: TrainState, batches: Iterable[Batch], plan: Plan, pause: Callable[[TrainState], bool]) -> bool:
    """Train on the batches; whether it paused before the last of them."""
    began, before = time.perf_counter(), state.seconds
    state.module.train()
    if state.trace is None:
        state.trace = torch.zeros(state.length, device=next(state.module.parameters()).device)
    if plan.frozen:
        freeze_body(state.module, state.optimiser, head_layer(state.module), frozen=state.epoch < plan.frozen)
    last = min(state.length, plan.steps - state.step + state.within)
    for batch in islice(batches, last - state.within):
        set_lr(state.optimiser, lr_share(state.step, plan.steps, plan.optim, state.falls))
        sums = step_once(state, batch, plan)
        state.sums = sums if state.sums is None else state.sums + sums
        torch.div(sums[0], sums[2], out=state.trace[state.within])
        state.samples += len(batch.targets)
        state.step += 1
        state.within += 1
        state.seconds = before + time.perf_counter() - began
        if state.within < last and pause(state):
            return True
    return False


def _epoch_end(state: TrainState, plan: Plan) -> EpochEnd:
    """Close the running epoch: the means are taken here, once."""
    state.epoch += 1
    state.module.eval()
    began = time.perf_counter()
    loss, right, weight = (0.0, 0.0, 0.0) if state.sums is None else state.sums.tolist()
    end = EpochEnd(
        epoch=state.epoch,
        step=state.step,
        loss=loss / max(weight, 1e-12),
        accuracy=right / max(state.samples, 1),
        lr=peak_lr(plan.optim) * lr_share(state.step - 1, plan.steps, plan.optim, state.falls),
        samples=state.samples,
        seconds=state.seconds + time.perf_counter() - began,
        losses=() if state.trace is None else tuple(state.trace[: state.within].tolist()),
    )
    state.within, state.sums, state.trace, state.samples, state.seconds = 0, None, None, 0, 0.0
    return end


def _refuse_broken(state: TrainState, plan: Plan) -> None:
    """Raise DivergedError, with the step, where a loss of the running epoch or a weight is no finite number.

    It waits for the device, at the end of an epoch or in a pause, where whoever saves would wait for it too.
    """
    if state.trace is None:
        return
    losses = state.trace[: state.within]
    moved = [*state.module.parameters(), *(each for each in moving_buffers(state.module) if each.is_floating_point())]
    norms = torch.stack(torch._foreach_norm([tensor.detach() for tensor in moved]))
    good, whole = torch.stack([losses.isfinite().all(), norms.isfinite().all()]).tolist()
    if good and whole:
        return
    step, what = state.step, "the weights are no usable numbers any more"
    if not good:
        first = int(losses.isfinite().logical_not().nonzero()[0])
        step, what = state.step - state.within + first + 1, f"the training loss became {losses[first].item()}"
    lower = f"Take a smaller lr than {peak_lr(plan.optim):g}."
    raise DivergedError(f"In step {step:,} of {plan.steps:,}, in epoch {state.epoch + 1}, {what}. {lower}")


def step_once(state: TrainState, batch: Batch, plan: Plan) -> Tensor:
    """Move the weights once; sums over the batch come out: loss, right answers, weight (3,).

    Where memory runs out, the same step is made again in twice as many pieces, whose gradients add up.
    """
    kept = [buffer.clone() for buffer in moving_buffers(state.module)]
    while True:
        seed_draws(seed_of(plan.seed, "step", state.step), batch.targets.device)
        try:
            sums = _gradients(state, batch, plan)
            break
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or state.pieces >= len(batch.targets):
                raise
        state.pieces *= 2
        give_back_memory(state.module, kept)
        said = f"Out of memory: batches of {len(batch.targets)} go on in {state.pieces} pieces, with the same result"
        said += ", but that normalisation sees a piece alone." if kept else "."
        logging.getLogger("tellapart").warning(said)
    shape_gradients(state.optimiser, plan.optim)
    step(state.optimiser)
    if state.average is not None and plan.optim.ema is not None:
        follow(state.average, state.module, plan.optim.ema, state.step)
    return sums


def _gradients(state: TrainState, batch: Batch, plan: Plan) -> Tensor:
    """Fill the gradients of the mean loss of the batch; its sums come out: loss, right answers, weight (3,)."""
    for group in state.optimiser.param_groups:
        for trained in group["params"]:
            trained.grad = None
    if batch.weights is None:
        weight = torch.full((), float(len(batch.targets)), device=batch.targets.device)
    else:
        weight = batch.weights.sum().clamp(min=torch.finfo(torch.float32).tiny)  # a batch may be of weight 0
    done = [_piece(state, piece, weight, plan) for piece in cut(batch, state.pieces)]
    total, right = done[0]
    for more, also_right in done[1:]:
        total, right = total + more, right + also_right
    return torch.stack([total, right, weight])


def _piece(state: TrainState, batch: Batch, weight: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
    """Add the gradients of a piece of a batch, whose whole weighs `weight`: its summed loss and right answers."""
    arithmetic = torch.autocast(batch.targets.device.type, dtype=plan.autocast, enabled=plan.autocast is not None)
    with arithmetic, unrolled(plan.unrolled):
        logits = state.forward(*batch.given)
    losses = state.objective.losses(logits, batch)
    total = losses.sum() if batch.weights is None else (losses * batch.weights).sum()
    (total / weight).backward()  # type: ignore[no-untyped-call]
    if state.losses is not None and batch.rows is not None:
        state.losses[batch.rows] = state.objective.unsmoothed(logits.detach(), batch)
    return total.detach(), state.objective.right(logits.detach(), batch)


def hardest(losses: Tensor | None, count: int, ties: torch.Generator) -> Tensor | None:
    """Rows of the largest losses; None where that is all of them.

    losses  float32 (N,)  ->  int64 (count,), rising
    ties    what decides between equal losses, as all are before the first epoch
    Source: Jiang et al. 2019, "Accelerating Deep Learning by Focusing on the Biggest Losers" (arXiv:1910.00762).
    """
    if losses is None or count >= len(losses):
        return None
    drawn = torch.randperm(len(losses), generator=ties).to(losses.device)
    return drawn[losses[drawn].argsort(descending=True, stable=True)[:count]].sort().values


def seed_draws(seed: int, device: torch.device) -> None:
    """Make what dropout draws a function of the step. torch.manual_seed does the same for every backend, at 0.6 ms."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
