"""Convolutions that a normalisation follows."""

from torch import nn


def conv(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    """A convolution that a Norm follows, with the first weights of He et al. 2015 (arXiv:1502.01852), eq. 14."""
    layer = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer
