"""How a gradient becomes a step."""

from collections.abc import Callable

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
    return OPTIMISERS[config.optimiser]([g for g in groups if g["params"]], peak_lr(config), config)


def set_lr(optimiser: Optimizer, lr: float) -> None:
    """Give every group of weights the learning rate of this step."""
    for group in optimiser.param_groups:
        group["lr"] = lr
