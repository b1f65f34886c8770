"""Muon: momentum whose matrices are made orthogonal, so that every direction moves alike."""

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients whose slope at 0 is steepest; singular values end up between 0.7 and 1.2, which is near enough."""
ITERATIONS = 3


def orthogonal(matrix: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """The matrix with its singular values brought near 1, its directions kept.

    matrix  (rows, columns)  ->  the same shape and dtype
    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; Newton-Schulz, degree five.
    """
    a, b, c = QUINTIC
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    turned = x.shape[0] > x.shape[1]
    if turned:
        x = x.T
    for _ in range(iterations):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if turned else x


class Muon(Optimizer):
    """Groups of the rule `muon` move by orthogonalised Nesterov momentum, those of the rule `sgd` by plain one.

    With `rescale` a filter is brought to the norm sqrt(its outputs) before each step: for filters that a normalisation
    follows, where the norm has no effect but on the step's relative size. `decay` is the share of a weight that is
    taken off in a step at the peak of the learning rate.
    """

    def __init__(self, groups: list[dict[str, Any]], *, momentum: float) -> None:
        super().__init__(groups, {"lr": 0.0, "momentum": momentum, "rescale": False, "decay": 0.0})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        for group in self.param_groups:
            moved = [weight for weight in group["params"] if weight.grad is not None]
            if moved:
                (self._orthogonal_step if group["rule"] == "muon" else self._plain_step)(group, moved)

    def _orthogonal_step(self, group: dict[str, Any], weights: list[Tensor]) -> None:
        for weight, push in zip(weights, self._pushes(group, weights), strict=True):
            if group["rescale"]:
                weight.mul_(len(weight) ** 0.5 / weight.norm())
            matrix = push.reshape(len(push), -1)
            fast = matrix.bfloat16() if group.get("bf16") else matrix
            weight.add_(orthogonal(fast).to(weight.dtype).view(weight.shape), alpha=-group["lr"])

    def _plain_step(self, group: dict[str, Any], weights: list[Tensor]) -> None:
        pushes = self._pushes(group, weights)
        torch._foreach_mul_(weights, 1 - group["decay"] * group["lr"] / group["peak"])
        torch._foreach_add_(weights, pushes, alpha=-group["lr"])

    def _pushes(self, group: dict[str, Any], weights: list[Tensor]) -> tuple[Tensor, ...]:
        """Nesterov momentum: gradient + momentum x (momentum x buffer + gradient)."""
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        for weight in weights:
            if "momentum_buffer" not in self.state[weight]:
                self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
        buffers = [self.state[weight]["momentum_buffer"] for weight in weights]
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_add_(buffers, gradients)
        return torch._foreach_add(gradients, buffers, alpha=group["momentum"])
