"""A convnet that starts from whitened patches: few epochs, few parameters, made for small pictures."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.config import Activation, ModelConfig, Views
from tellapart.errors import SettingError
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.norm import Norm
from tellapart.models.normalise import Normalise
from tellapart.models.views import Sighted
from tellapart.types import DataSpec

MAP_SIDE = 32
"""Pixels a side of the first feature map, at most about: larger pictures are read in strides."""
MOST_FILTERS = 48
"""Whitening filters, before their negatives."""
NORM_SHARE = 0.15
"""Share of the newest batch in the running statistics."""


class Whiten(nn.Module):
    """Convolution whose filters are frozen: they make patches of training pictures uncorrelated and of equal variance.

    normalised (B, C, H, W)  ->  (B, filters, H', W'): each of the strongest directions, and its negative.
    Source: Page 2018, "How to Train Your ResNet"; Jordan 2024, section 3.1 (arXiv:2404.00498).
    """

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.directions: int = min(MOST_FILTERS, channels * kernel * kernel)
        self.stride = stride
        filters = nn.init.orthogonal_(torch.empty(self.directions, channels * kernel * kernel))
        filters = filters.reshape(self.directions, channels, kernel, kernel)
        self.weight = nn.Parameter(torch.cat([filters, -filters]), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, stride=self.stride)

    @torch.no_grad()
    def look(self, pictures: Tensor, eps: float = 5e-4) -> None:
        """Take the filters from normalised training pictures (N, C, H, W), float32."""
        channels, kernel = self.weight.shape[1:3]
        patches = pictures.unfold(2, kernel, self.stride).unfold(3, kernel, self.stride).permute(0, 2, 3, 1, 4, 5)
        flat = patches.reshape(-1, channels * kernel * kernel).double()
        values, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
        strongest = vectors.flip(1)[:, : self.directions].T / torch.sqrt(
            values.flip(0)[: self.directions, None].clamp(0) + eps
        )
        signs = strongest.gather(1, strongest.abs().argmax(1, keepdim=True)).sign()  # for the sign is free
        filters = (strongest * signs).float().reshape(self.directions, channels, kernel, kernel)
        self.weight.copy_(torch.cat([filters, -filters]))


class Residual(nn.Module):
    """(B, width, H, W) -> the same: convolutions, each with its norm, added to what they were given; non-linearity."""

    def __init__(self, width: int, convolutions: int, activation: Activation) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(convolutions - 1):
            layers += [_conv(width, width), _norm(width), ACTIVATIONS[activation]()]
        self.layers = nn.Sequential(*layers, _conv(width, width), _norm(width))
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.activation(self.layers(x) + x)
        return added


class WhitenedCnn(nn.Module):
    """Whitening, a block per width (conv, pool, norm, non-linearity, conv, norm, non-linearity), global max, linear.

    raw (B, C, H, W)  ->  logits (B, K)
    A depth of three or more makes all convolutions of a block but the first a residual.
    Source: Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv:2404.00498); its 96 % network for the
    residual.
    """

    def __init__(self, spec: DataSpec, widths: Sequence[int], activation: Activation, stride: int, depth: int) -> None:
        super().__init__()
        channels, height, width = spec.shape
        kernel = min(stride + 1, height, width)
        self.normalise = Normalise(spec)
        self.whiten = Whiten(channels, kernel, stride)
        inputs, side = 2 * self.whiten.directions, (min(height, width) - kernel) // stride + 1
        layers: list[nn.Module] = [ACTIVATIONS[activation]()]
        for filters in widths:
            pool = min(2, side)
            layers += [_conv(inputs, filters), nn.MaxPool2d(pool), _norm(filters), ACTIVATIONS[activation]()]
            if depth > 2:
                layers.append(Residual(filters, depth - 1, activation))
            elif depth == 2:
                layers += [_conv(filters, filters), _norm(filters), ACTIVATIONS[activation]()]
            inputs, side = filters, side // pool
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, spec.outputs, bias=False)
        self.head.weight.data *= 1 / (inputs * self.head.weight.data.std())

    def forward(self, x: Tensor) -> Tensor:
        features = self.blocks(self.whiten(self.normalise(x))).amax((2, 3))
        logits: Tensor = self.head(features)
        return logits

    def look(self, pictures: Tensor) -> None:
        """Take the first filters from raw training pictures (N, C, H, W)."""
        self.whiten.look(self.normalise(pictures))


def whitened_cnn(
    spec: DataSpec,
    *,
    widths: Sequence[int] | None = None,
    activation: Activation = "gelu",
    stride: int | None = None,
    depth: int = 2,
    views: Views = "one",
) -> nn.Module:
    """The network, looked through by several views where it is unsure, unless `views` is one, or auto and not settled.

    widths  by default as many as the picture can be halved, wider for colour
    stride  pixels between patches, which are a pixel larger
    depth   convolutions of each block
    """
    stride = stride or usual_stride(spec)
    if views not in ("auto", "one") and spec.tasks:
        raise SettingError(f"views is {views!r}, which goes by the probability of one class: leave it out with tasks.")
    network = WhitenedCnn(spec, widths or usual_widths(spec, stride), activation, stride, depth)
    return network if views in ("auto", "one") else Sighted(network, mirrored=views == "mirrored")


def settled(config: ModelConfig, spec: DataSpec) -> ModelConfig:
    """The settings with widths and stride, which go by the pictures where they are left open."""
    stride = config.stride or usual_stride(spec)
    return replace(config, stride=stride, widths=config.widths or usual_widths(spec, stride))


def usual_stride(spec: DataSpec) -> int:
    """Pixels between patches, so that about 32 fit a side."""
    return max(1, round(min(spec.shape[1:]) / MAP_SIDE))


def usual_widths(spec: DataSpec, stride: int) -> tuple[int, ...]:
    """A width for each time that the first map can be halved and still has 3 pixels a side; three at most."""
    side = (min(spec.shape[1:]) - 1) // stride
    halvings = sum(side >> times >= 3 for times in (1, 2, 3))
    widths = (64, 256, 256) if spec.channels >= 3 else (32, 64, 64)
    return widths[: max(1, halvings)]


def _conv(inputs: int, filters: int) -> nn.Conv2d:
    """3x3, at first the identity as far as the inputs go."""
    layer = nn.Conv2d(inputs, filters, 3, padding=1, bias=False)
    nn.init.dirac_(layer.weight.data[:inputs])
    return layer


def _norm(filters: int) -> Norm:
    """A scale would have no use: the filters before it have none, and those after it make one needless."""
    return Norm(filters, momentum=NORM_SHARE, scaled=False)
