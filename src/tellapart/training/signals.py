"""What passes through a network: how large the output of each layer is, and which units behind it learn nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

FLAT: dict[str, tuple[float, float]] = {
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "elu": (-4.61, math.inf),
    "gelu": (-3.03, math.inf),
    "silu": (-6.15, math.inf),
    "sigmoid": (-5.99, 5.99),
    "tanh": (-3.0, 3.0),
}
"""Non-linearity, as torch calls its function -> the input up to which, and the one from which on, it is flat: its slope
is at most 1 % of its steepest, so that next to nothing is learned through it. leaky_relu is flat nowhere."""


@dataclass(kw_only=True)
class Signal:
    """What one layer gave to a batch; the tensors are numbers that may still be on their way on the device."""

    size: Tensor
    """Root mean square of its output."""
    units: int
    """Channels or features of its output."""
    nonlinearity: str | None = None
    """The first of FLAT behind it, before the next layer."""
    dead: Tensor | None = None
    """Share of the units for which that is flat at every place of every sample."""
    flat: Tensor | None = None
    """Share of all values for which it is flat."""


class Signals(TorchFunctionMode):
    """Raw inputs -> what `module` gives to them; the signal of each layer is noted, in the order they are met.

    The hooks stay on the module: it should be a copy. Functions are heard while it is called, so relu counts whether it
    is a module or not. Of what is called several times, as pieces of a batch are, the first counts.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.found: dict[str, Signal] = {}
        self.outputs = 0
        """Logits of a sample."""
        self._module = module
        self._last: tuple[Signal, int] | None = None
        for name, layer in layers_of(module).items():
            layer.register_forward_hook(partial(self._meet, name, -1 if matrices(layer)[0].ndim == 2 else 1))

    def __call__(self, *given: Tensor) -> Tensor:
        with self:
            logits: Tensor = self._module(*given)
        self.outputs = logits.shape[1]
        return logits

    def _meet(self, name: str, axis: int, _: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        """Note the output of a layer, whose units lie along `axis`."""
        values = (output[0] if isinstance(output, tuple) else output).detach()
        if name not in self.found:
            size = torch.linalg.vector_norm(values, dtype=torch.float32) / math.sqrt(values.numel())
            self.found[name] = Signal(size=size, units=values.shape[axis])
        self._last = self.found[name], axis

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "").rstrip("_")
        if name in FLAT and self._last is not None and args and self._last[0].nonlinearity is None:
            self._listen(name, args[0].detach(), *self._last)  # before it, since it may work in place
        return func(*args, **(kwargs or {}))

    def _listen(self, name: str, values: Tensor, signal: Signal, axis: int) -> None:
        """Note where the non-linearity behind a layer is flat."""
        low, high = FLAT[name]
        flat = values <= low
        if high < math.inf:
            flat |= values >= high
        signal.nonlinearity = name
        signal.dead = flat.movedim(axis, 0).flatten(1).all(1).float().mean()
        signal.flat = flat.count_nonzero() / flat.numel()


def layers_of(module: nn.Module) -> dict[str, nn.Module]:
    """Path -> each module with filters or a matrix of its own, whatever it is made of; in the order of registration."""
    return {name or type(module).__name__: layer for name, layer in module.named_modules() if matrices(layer)}


def matrices(layer: nn.Module) -> list[nn.Parameter]:
    """The weights of a layer itself that are more than one number a unit."""
    return [weight for weight in layer.parameters(recurse=False) if weight.ndim > 1]
