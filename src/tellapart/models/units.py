"""Numbers in the unit of the data: the last layer of a model that is asked for how much."""

import torch
from torch import Tensor, nn

from tellapart.types import DataSpec


class Units(nn.Module):
    """Logits (B, K) with each number times its spread in the training part, plus its mean; classes stay as they are.

    So the layers below give numbers around zero, which is where they start, whatever the unit.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        numbers = [(task.std, task.mean) if task.kind == "number" else (1.0, 0.0) for task in spec.tasks]
        of_logits = [pair for task, pair in zip(spec.tasks, numbers, strict=True) for _ in range(task.outputs)]
        scale, shift = torch.tensor(of_logits, dtype=torch.float64).float().unbind(1)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        return x.float() * self.scale + self.shift


class InUnits(nn.Module):
    """A network of sequences and its Units: raw (B, ...), lengths (B,) -> logits (B, K)."""

    def __init__(self, network: nn.Module, units: Units) -> None:
        super().__init__()
        self.network = network
        self.units = units

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = self.units(self.network(x, lengths))
        return logits
