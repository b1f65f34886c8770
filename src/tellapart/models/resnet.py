"""Residual networks, of basic blocks and of bottlenecks."""

from collections.abc import Sequence

from torch import Tensor, nn

from tellapart.config import Activation, Pooling
from tellapart.models.activations import after_norm
from tellapart.models.drop_path import DropPath, rates
from tellapart.models.filters import conv
from tellapart.models.norm import Norm
from tellapart.models.normalise import Normalise
from tellapart.models.pooling import POOLINGS
from tellapart.types import DataSpec

WIDTHS = (64, 128, 256, 512)
"""Of the four stages."""
SMALL_SIDE = 64
"""Pixels a side up to which the first layers keep every pixel."""
EXPANSION = 4
"""Times that a bottleneck's output is as wide as its 3x3 convolution."""


class BasicBlock(nn.Module):
    """(B, C, H, W) -> (B, width, H / stride, W / stride): two 3x3 convolutions, added to their input, then activated.

    Where the shape changes, the input comes over by a 1x1 convolution (option B of the paper).
    """

    def __init__(self, channels: int, width: int, stride: int, activation: Activation, drop_path: float) -> None:
        super().__init__()
        self.conv1, self.norm1 = conv(channels, width, 3, stride), Norm(width)
        self.conv2, self.norm2 = conv(width, width, 3), Norm(width)
        self.shortcut = _shortcut(channels, width, stride)
        self.activation = after_norm(activation)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out = self.activation(self.norm1(self.conv1(x)))
        out = self.drop_path(self.norm2(self.conv2(out)))
        added: Tensor = self.activation(out + self.shortcut(x))
        return added


class Bottleneck(nn.Module):
    """(B, C, H, W) -> (B, 4 width, H / stride, W / stride): convolutions of 1x1, 3x3 and 1x1, added to their input.

    The 3x3 convolution makes the stride, where the paper has the first 1x1: no pixel is left out ("version 1.5").
    """

    def __init__(self, channels: int, width: int, stride: int, activation: Activation, drop_path: float) -> None:
        super().__init__()
        wide = EXPANSION * width
        self.conv1, self.norm1 = conv(channels, width, 1), Norm(width)
        self.conv2, self.norm2 = conv(width, width, 3, stride), Norm(width)
        self.conv3, self.norm3 = conv(width, wide, 1), Norm(wide)
        self.shortcut = _shortcut(channels, wide, stride)
        self.activation = after_norm(activation)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out = self.activation(self.norm1(self.conv1(x)))
        out = self.activation(self.norm2(self.conv2(out)))
        out = self.drop_path(self.norm3(self.conv3(out)))
        added: Tensor = self.activation(out + self.shortcut(x))
        return added


Block = type[BasicBlock] | type[Bottleneck]


def resnet18(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    activation: Activation = "relu",
    dropout: float = 0.0,
    pooling: Pooling = "mean",
    drop_path: float = 0.0,
) -> nn.Module:
    """Eight basic blocks of two convolutions, the first layer and the last."""
    return _network(spec, BasicBlock, (2, 2, 2, 2), widths, activation, dropout, pooling, drop_path)


def resnet34(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    activation: Activation = "relu",
    dropout: float = 0.0,
    pooling: Pooling = "mean",
    drop_path: float = 0.0,
) -> nn.Module:
    """Sixteen basic blocks."""
    return _network(spec, BasicBlock, (3, 4, 6, 3), widths, activation, dropout, pooling, drop_path)


def resnet50(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    activation: Activation = "relu",
    dropout: float = 0.0,
    pooling: Pooling = "mean",
    drop_path: float = 0.0,
) -> nn.Module:
    """Sixteen bottlenecks of three convolutions, the first layer and the last."""
    return _network(spec, Bottleneck, (3, 4, 6, 3), widths, activation, dropout, pooling, drop_path)


def resnet101(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    activation: Activation = "relu",
    dropout: float = 0.0,
    pooling: Pooling = "mean",
    drop_path: float = 0.0,
) -> nn.Module:
    """33 bottlenecks."""
    return _network(spec, Bottleneck, (3, 4, 23, 3), widths, activation, dropout, pooling, drop_path)


def resnet152(
    spec: DataSpec,
    *,
    widths: Sequence[int] = WIDTHS,
    activation: Activation = "relu",
    dropout: float = 0.0,
    pooling: Pooling = "mean",
    drop_path: float = 0.0,
) -> nn.Module:
    """50 bottlenecks."""
    return _network(spec, Bottleneck, (3, 8, 36, 3), widths, activation, dropout, pooling, drop_path)


def _network(
    spec: DataSpec,
    block: Block,
    counts: Sequence[int],
    widths: Sequence[int],
    activation: Activation,
    dropout: float,
    pooling: Pooling,
    drop_path: float,
) -> nn.Module:
    """Blocks of each width, the sides halved from one width to the next; then a pool over all pixels and one layer.

    raw (B, C, H, W)  ->  logits (B, K). Another number of widths makes another depth, a width past the last count has
    as many blocks as that, and none at all makes a linear layer on the pooled channels.
    Source: He et al. 2016, "Deep Residual Learning for Image Recognition" (arXiv:1512.03385): table 1 where a side is
    above 64 pixels, else the first layer of its section 4.2, a 3x3 convolution that keeps every pixel.
    """
    layers: list[nn.Module] = [Normalise(spec)]
    channels = spec.channels
    blocks = [(stage, width) for stage, width in enumerate(widths) for _ in range(counts[min(stage, len(counts) - 1)])]
    if widths:
        layers += _stem(channels, widths[0], activation, large=max(spec.shape[1:]) > SMALL_SIDE)
        channels = widths[0]
    before = 0
    for (stage, width), rate in zip(blocks, rates(drop_path, len(blocks)), strict=True):
        layers.append(block(channels, width, 1 if stage == before else 2, activation, rate))
        channels, before = width * (EXPANSION if block is Bottleneck else 1), stage
    layers += [POOLINGS[pooling](), nn.Flatten()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(channels, spec.outputs))


def _stem(channels: int, width: int, activation: Activation, large: bool) -> list[nn.Module]:
    """The first layers: a 3x3 convolution for small pictures; 7x7 and a max-pool, a quarter of the sides, for large."""
    if large:
        return [conv(channels, width, 7, 2), Norm(width), after_norm(activation), nn.MaxPool2d(3, 2, padding=1)]
    return [conv(channels, width, 3), Norm(width), after_norm(activation)]


def _shortcut(channels: int, width: int, stride: int) -> nn.Module:
    """How a block's input comes to its output's shape: as it is, or by a 1x1 convolution."""
    if stride == 1 and channels == width:
        return nn.Identity()
    return nn.Sequential(conv(channels, width, 1, stride), Norm(width))
