"""How a gradient becomes a step."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from tellapart.config import OptimConfig, Optimiser

Groups = list[dict[str, object]]


def _sgd(groups: Groups, lr: float, config: OptimConfig) -> Optimizer:
    return SGD(groups, lr=lr, momentum=config.momentum, fused=True)


def _adam(groups: Groups, lr: float, config: OptimConfig) -> Optimizer:  # noqa: ARG001
    return Adam(groups, lr=lr, fused=True)


def _adamw(groups: Groups, lr: float, config: OptimConfig) -> Optimizer:  # noqa: ARG001
    return AdamW(groups, lr=lr, fused=True)


OPTIMISERS: dict[Optimiser, Callable[[Groups, float, OptimConfig], Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
}


def peak_lr(config: OptimConfig) -> float:
    """The learning rate asked for, or the optimiser's usual one."""
    return config.lr or (0.05 if config.optimiser == "sgd" else 1e-3)


def build_optimiser(module: nn.Module, config: OptimConfig) -> Optimizer:
    """The optimiser over all trainable weights; decay pulls at matrices and filters, not at biases or scales."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups: Groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    with _without_compiler():
        return OPTIMISERS[config.optimiser]([g for g in groups if g["params"]], peak_lr(config), config)


def step(optimiser: Optimizer) -> None:
    """Move the weights by their gradients: torch's own step, without the wrappers that load its compiler."""
    with torch.no_grad():
        inspect.unwrap(type(optimiser).step)(optimiser)


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Keep torch from importing its compiler to set up an optimiser that runs eagerly: 2.5 to 3.5 s a start, measured.

    torch guards this method against being compiled, and imports the compiler to do so when it is first called. For the
    time inside, the guard of the method is the method itself; a compiler that is loaded already keeps its guards.
    """
    method = getattr(Optimizer.add_param_group, "__wrapped__", None)
    if method is None or "torch._dynamo" in sys.modules:
        yield
        return
    method.__dynamo_disable = method
    try:
        yield
    finally:
        del method.__dynamo_disable


def set_lr(optimiser: Optimizer, lr: float) -> None:
    """Give every group of weights the learning rate of this step."""
    for group in optimiser.param_groups:
        group["lr"] = lr
