"""Weights that stay as they are for a while: the body of a model whose head is fresh."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import SGD, Optimizer


def freeze_body(module: nn.Module, optimiser: Optimizer, head: nn.Module, *, frozen: bool) -> None:
    """Let the optimiser move the head alone, or all that it has; for a module in training mode.

    A frozen weight gets no gradient, so that its layers cost their forward pass alone, and an optimiser lets be what
    has none. Normalisation over the batch goes by its running statistics then, which stay as they are.
    """
    own = {id(weight) for weight in head.parameters()}
    for group in optimiser.param_groups:
        for weight in group["params"]:
            weight.requires_grad_(not frozen or id(weight) in own)
            if isinstance(optimiser, SGD) and group["momentum"] and weight.requires_grad:
                # from no momentum, the first step is the same; of a group, torch takes all with one or none
                optimiser.state[weight].setdefault("momentum_buffer", torch.zeros_like(weight))
    if frozen:
        for layer in module.modules():
            if isinstance(layer, _BatchNorm):
                layer.eval()
