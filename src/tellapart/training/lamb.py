"""LAMB: Adam whose step in each layer is as long as the layer's weights ask for, so that large batches can be used."""

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

BETAS = (0.9, 0.999)
"""Shares of the mean gradient and of the mean squared gradient that stay at each step."""
EPS = 1e-6


class Lamb(Optimizer):
    """Matrices and filters move by `lr` times their own norm along Adam's direction, their decay added to it.

    Biases and scales, as all that is not decayed in the paper's code, move by Adam's own step.
    Source: You et al. 2020, "Large Batch Optimization for Deep Learning", algorithm 2 with phi(z) = z
    (arXiv:1904.00962).
    """

    def __init__(self, groups: list[dict[str, Any]], *, lr: float) -> None:
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    push = self._direction(weight, weight.grad) + group["weight_decay"] * weight
                    weight.sub_(push * (_trust(weight, push) if weight.ndim > 1 else 1.0) * group["lr"])

    def _direction(self, weight: Tensor, gradient: Tensor) -> Tensor:
        """Mean gradient by the root of the mean squared one, both corrected for their start at 0."""
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros((), device=weight.device)  # there, so that no step waits for the device
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        state["exp_avg"].lerp_(gradient, 1 - BETAS[0])
        state["exp_avg_sq"].lerp_(gradient.square(), 1 - BETAS[1])
        mean, square = (
            state[name] / (1 - beta ** state["step"])
            for name, beta in zip(("exp_avg", "exp_avg_sq"), BETAS, strict=True)
        )
        return mean / (square.sqrt() + EPS)  # type: ignore[no-any-return]


def _trust(weight: Tensor, push: Tensor) -> Tensor:
    """Norm of the weight in norms of the push; 1 where either is 0."""
    own, pushed = weight.norm(), push.norm()
    return torch.where((own > 0) & (pushed > 0), own / pushed, 1.0)
