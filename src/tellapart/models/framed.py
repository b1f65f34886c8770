"""A network made elsewhere, with what every model here has: raw pixels in, and any size that it is shown."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.models.normalise import Normalise
from tellapart.types import DataSpec


class Framed(nn.Module):
    """Raw pictures, normalised, at the size that the network sees them. Raw (B, C, H, W) -> logits (B, K)."""

    def __init__(self, spec: DataSpec, network: nn.Module, size: tuple[int, ...] | None) -> None:
        """size: height and width that every picture is brought to; None leaves each as it is."""
        super().__init__()
        self.normalise = Normalise(spec)
        self.network = network
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        x = self.normalise(x)
        if self.size is not None and x.shape[2:] != self.size:
            smaller = self.size[0] < x.shape[2] or self.size[1] < x.shape[3]
            x = functional.interpolate(x, self.size, mode="bilinear", antialias=smaller)
        logits: Tensor = self.network(x)
        return logits


def answers(module: nn.Module, spec: DataSpec) -> bool:
    """Whether one picture of the data's shape gives logits (1, K)."""
    training = module.training
    try:
        with torch.inference_mode():
            logits = module.eval()(torch.zeros(1, *spec.shape))
    except (RuntimeError, AssertionError):  # torch says the first of shapes that do not fit, timm the second
        return False
    finally:
        module.train(training)
    return isinstance(logits, Tensor) and logits.shape == (1, spec.outputs)
