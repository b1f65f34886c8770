"""Non-linearities by name."""

from collections.abc import Callable

from torch import nn

from tellapart.config import Activation

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def after_norm(activation: Activation) -> nn.Module:
    """The non-linearity for what is nobody else's, as the output of a Norm: relu needs no memory of its own there."""
    return nn.ReLU(inplace=True) if activation == "relu" else ACTIVATIONS[activation]()
