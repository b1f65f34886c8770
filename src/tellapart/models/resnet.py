"""Residual networks of basic blocks."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from tellapart.models.norm import Norm
from tellapart.models.normalise import Normalise
from tellapart.types import DataSpec

SMALL_SIDE = 64
"""Pixels a side up to which the first layers keep every pixel."""
BLOCKS = 2
"""Of each width."""


def resnet_18(spec: DataSpec, *, widths: Sequence[int] = (64, 128, 256, 512)) -> nn.Module:
    """Two basic blocks per width, the sides halved from one width to the next; then the mean over pixels and one layer.

    raw (B, C, H, W)  ->  logits (B, K). Eight blocks of two convolutions, the first layer and the last make 18; another
    number of widths makes another depth, and none a linear layer on the means of the channels.
    Source: He et al. 2016, "Deep Residual Learning for Image Recognition" (arXiv:1512.03385): table 1 where a side is
    above 64 pixels, else the first layer of its section 4.2, a 3x3 convolution that keeps every pixel.
    """
    layers: list[nn.Module] = [Normalise(spec)]
    channels = spec.channels
    for stage, width in enumerate(widths):
        if stage == 0:
            layers += _stem(channels, width, large=max(spec.shape[1:]) > SMALL_SIDE)
            channels = width
        for block in range(BLOCKS):
            layers.append(BasicBlock(channels, width, stride=2 if stage and not block else 1))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, spec.outputs))


class BasicBlock(nn.Module):
    """(B, C, H, W) -> (B, width, H / stride, W / stride): two 3x3 convolutions, added to their input, then relu.

    Where the shape changes, the input comes over by a 1x1 convolution (option B of the paper).
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = _conv(channels, width, 3, stride), Norm(width)
        self.conv2, self.norm2 = _conv(width, width, 3), Norm(width)
        same = stride == 1 and channels == width
        self.shortcut = nn.Identity() if same else nn.Sequential(_conv(channels, width, 1, stride), Norm(width))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return F.relu(self.norm2(self.conv2(out)) + self.shortcut(x), inplace=True)


def _stem(channels: int, width: int, large: bool) -> list[nn.Module]:
    """The first layers: a 3x3 convolution for small pictures; 7x7 and a max-pool, a quarter of the sides, for large."""
    if large:
        return [_conv(channels, width, 7, 2), Norm(width), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)]
    return [_conv(channels, width, 3), Norm(width), nn.ReLU(inplace=True)]


def _conv(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    """A convolution that a Norm follows, with the first weights of He et al. 2015 (arXiv:1502.01852), eq. 14."""
    layer = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer
