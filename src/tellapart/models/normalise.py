"""Raw values in, values around zero out: the first layer of every model, so that it can't be forgotten outside."""

import torch
from torch import Tensor, nn

from tellapart.types import DataSpec


class Normalise(nn.Module):
    """(x - mean) / std of the training part, per channel or feature. Raw (B, ...) of any dtype -> float32 (B, ...)."""

    mean: Tensor
    scale: Tensor

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        shape = (1, -1) + (1,) * (len(spec.shape) - 1)
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32).reshape(shape))
        self.register_buffer("scale", 1 / torch.tensor(spec.std, dtype=torch.float32).reshape(shape))

    def forward(self, x: Tensor) -> Tensor:
        return (x.to(torch.float32) - self.mean) * self.scale
