"""The one training loop."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tellapart.config import OptimConfig, TrainConfig
from tellapart.errors import TellapartError
from tellapart.seeds import seed_of
from tellapart.training.losses import LOSSES
from tellapart.training.optimisers import build_optimiser, peak_lr, set_lr, step
from tellapart.training.schedules import lr_share
from tellapart.types import Batch, EpochEnd
from tellapart.world import World

LEAST_STEPS, LEAST_EPOCHS, MOST_EPOCHS = 3000, 10, 200
"""What `epochs = None` aims at: enough steps for small data, enough passes for large."""

BF16_PRODUCTS = 20_000_000
"""Multiplications of a step's convolutions, forward, below which casting to bf16 costs more than it saves.

Measured on two Zen 4 cores, batch 64: 5 M (8x8 pictures) trains 1.9x slower in bf16, 65 M (28x28) 1.2x faster.
"""


@dataclass(kw_only=True)
class TrainState:
    """What moves while a model is trained."""

    module: nn.Module
    optimiser: Optimizer
    step: int = 0
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is settled before the first step."""

    optim: OptimConfig
    seed: int
    epochs: int
    steps: int
    """Of all epochs together."""
    autocast: torch.dtype | None
    """Arithmetic of forward and backward; None is the weights' own fp32."""


def new_state(module: nn.Module, optim: OptimConfig, world: World) -> TrainState:
    """The module on its device, filters laid out channels last, with a fresh optimiser."""
    module = module.to(world.device)
    if convolves(module):
        module = module.to(memory_format=torch.channels_last)
    return TrainState(module=module, optimiser=build_optimiser(module, optim))


def plan(
    module: nn.Module, sample: Tensor, optim: OptimConfig, train: TrainConfig, steps_per_epoch: int, world: World
) -> Plan:
    """Epochs, steps and arithmetic. All follow from settings, model and hardware; no clock has a say, so runs repeat.

    sample  one raw input (1, ...) on the module's device
    """
    epochs = train.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, -(-LEAST_STEPS // steps_per_epoch)))
    pays = world.bf16 and train.batch * conv_products(module, sample) >= BF16_PRODUCTS
    bf16 = train.precision == "bf16" or (train.precision == "auto" and pays)
    return Plan(
        optim=optim,
        seed=train.seed,
        epochs=epochs,
        steps=epochs * steps_per_epoch,
        autocast=torch.bfloat16 if bf16 else None,
    )


def fit(state: TrainState, batches: Callable[[int], Iterable[Batch]], plan: Plan) -> Iterator[EpochEnd]:
    """Train; the end of each epoch comes out, with `state` as it is then. Stop by not asking for the next.

    batches  epoch, 0-based -> its batches
    Raises TellapartError where the loss stops being a finite number.
    """
    while state.epoch < plan.epochs:
        devices = [state.optimiser.param_groups[0]["params"][0].device]
        with torch.random.fork_rng(devices=[d for d in devices if d.type == "cuda"]):
            end = _epoch(state, batches(state.epoch), plan)
        yield end


def _epoch(state: TrainState, batches: Iterable[Batch], plan: Plan) -> EpochEnd:
    started, samples, lr = time.perf_counter(), 0, 0.0
    sums: Tensor | None = None
    state.module.train()
    for batch in batches:
        lr = peak_lr(plan.optim) * lr_share(state.step, plan.steps, plan.optim)
        set_lr(state.optimiser, lr)
        _seed_draws(seed_of(plan.seed, "step", state.step), batch.targets.device)
        done = _step(state, batch, plan)
        sums = done if sums is None else sums + done
        samples += len(batch.targets)
        state.step += 1
    state.epoch += 1
    state.module.eval()
    loss, right, weight = [0.0, 0.0, 0.0] if sums is None else sums.tolist()  # the one wait for the device in an epoch
    if not math.isfinite(loss):
        smaller = f"{peak_lr(plan.optim) / 10:g}"
        raise TellapartError(f"The training loss became {loss} in epoch {state.epoch}. Try --lr {smaller}.")
    return EpochEnd(
        epoch=state.epoch,
        step=state.step,
        loss=loss / max(weight, 1e-12),
        accuracy=right / max(samples, 1),
        lr=lr,
        samples=samples,
        seconds=time.perf_counter() - started,
    )


def _step(state: TrainState, batch: Batch, plan: Plan) -> Tensor:
    """Move the weights once; sums over the batch come out: loss, right answers, weight (3,)."""
    with torch.autocast(batch.targets.device.type, dtype=plan.autocast, enabled=plan.autocast is not None):
        logits = state.module(batch.inputs)
    losses = LOSSES[plan.optim.loss](logits, batch.targets, plan.optim.label_smoothing)
    if batch.weights is None:
        total, weight = losses.sum(), losses.new_full((), len(losses))
    else:
        total, weight = (losses * batch.weights).sum(), batch.weights.sum()
    for group in state.optimiser.param_groups:
        for trained in group["params"]:
            trained.grad = None
    (total / weight).backward()  # type: ignore[no-untyped-call]
    step(state.optimiser)
    right = (logits.detach().argmax(1) == batch.targets).sum()
    return torch.stack([total.detach(), right, weight])


def _seed_draws(seed: int, device: torch.device) -> None:
    """Make what dropout draws a function of the step. torch.manual_seed does the same for every backend, at 0.6 ms."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def conv_products(module: nn.Module, sample: Tensor) -> int:
    """Multiplications that the convolutions of `module` make for one sample (1, ...), forward."""
    total = 0

    def count(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d)
        total += output.numel() * layer.weight[0].numel()

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    training = module.training
    with torch.inference_mode():
        module.eval()(sample)
    module.train(training)
    for hook in hooks:
        hook.remove()
    return total


def convolves(module: nn.Module) -> bool:
    """Whether any layer is a 2-d convolution: what channels last and bf16 pay for."""
    return any(isinstance(layer, nn.Conv2d) for layer in module.modules())
