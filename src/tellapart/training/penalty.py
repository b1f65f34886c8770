"""What is done to gradients before they become a step: shortened where they are long, and pulled at by L1."""

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from tellapart.config import OptimConfig


@torch.no_grad()
def shape_gradients(optimiser: Optimizer, config: OptimConfig) -> None:
    """Shorten the gradients to a norm of `clip` at most, over all weights; then add `l1` times the signs of matrices.

    The second is the subgradient of l1 * sum |w| over matrices and filters; as weight decay, it is not clipped. The
    clipping does not wait for the device.
    Sources: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1
    (arXiv:1211.5063); Tibshirani 1996.
    """
    weights: list[Tensor] = [weight for group in optimiser.param_groups for weight in group["params"]]
    if config.clip is not None:
        clip_grad_norm_(weights, config.clip)
    if config.l1 is not None:
        for weight in weights:
            if weight.grad is not None and weight.ndim > 1:
                weight.grad.add_(weight.sign(), alpha=config.l1)
