"""Whether the steps of a module are faster in bf16 than in fp32, and lose nothing by it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tellapart.world import World

CONV_PRODUCTS = 20_000_000
"""Multiplications of a step's convolutions, forward, below which casting to bf16 costs more than it saves.

Measured on two Zen 4 cores, batch 64: 5 M (8x8 pictures) trains 1.9x slower in bf16, 65 M (28x28) 1.2x faster.
"""
LSTM_PRODUCTS = 1_000_000
"""Multiplications of the LSTM layers for one step of a batch of sequences, forward, from which on a cast pays where
bf16 comes in tiles. Measured on two cores of a Xeon with AMX, forward and backward: of 0.3 M 0.95 to 1.3 times as fast,
of 1.1 M 1.3 to 1.7 times, of 37 M 1.7 to 2.2 times."""
LSTM_STEPS = 100
"""Steps of the longest sequence, above which an LSTM stays with fp32: oneDNN rounds what it remembers at each, and of
six channels that wander the states were off by 0.01 at most after 100 steps, by 0.3 after 1,000."""


def bf16_pays(module: nn.Module, sample: tuple[Tensor, ...], batch: int, world: World, longer: float = 1.0) -> bool:
    """Whether a training step is faster in bf16.

    sample  what the module is called with for one raw input (1, ...), on its device
    longer  how many times as long the longest sequence is
    """
    if not world.bf16:
        return False
    found, steps = products(module, sample)
    if batch * found[nn.Conv2d] >= CONV_PRODUCTS:
        return True
    return world.tiles and steps * longer <= LSTM_STEPS and batch * found[nn.LSTM] >= LSTM_PRODUCTS


def products(module: nn.Module, sample: tuple[Tensor, ...]) -> tuple[dict[type[nn.Module], int], int]:
    """Multiplications for one sample (1, ...), forward, in a training step: of convolutions, and of LSTM layers a step.

    ->  these by the type of layer, and the steps of the longest LSTM
    Each layer counts once: another look at an unsure picture is not for training.
    """
    found: dict[nn.Module, int] = {}
    steps = 0

    def count(layer: nn.Module, _: tuple[Tensor, ...], output: Any) -> None:
        nonlocal steps
        if isinstance(layer, nn.LSTM):
            found.setdefault(layer, sum(weight.numel() for weight in layer.parameters() if weight.dim() == 2))
            steps = max(steps, output[0].shape[1 if layer.batch_first else 0])
        elif isinstance(layer, nn.Conv2d):
            found.setdefault(layer, output.numel() * layer.weight[0].numel())

    layers = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.LSTM)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    training = module.training
    with torch.inference_mode():
        module.eval()(*sample)
    module.train(training)
    for hook in hooks:
        hook.remove()
    kinds: tuple[type[nn.Module], ...] = (nn.Conv2d, nn.LSTM)
    return {kind: sum(n for layer, n in found.items() if isinstance(layer, kind)) for kind in kinds}, steps
