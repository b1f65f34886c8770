"""The training step by torch.compile: fewer and larger kernels, for half a minute and more before the first step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tellapart.training.memory import out_of_memory

WORTH_S = 120.0
"""Seconds of training below which compiling can't pay: it takes half a minute for each picture size."""
GAIN = 0.95
"""Share of the eager step's time that the compiled one must stay below to be taken."""


def compiled(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """The forward pass of the module, with its backward pass compiled when it is first called for a shape."""
    forward: Any = torch.compile(module)
    return forward  # type: ignore[no-any-return]


def cannot_compile(error: RuntimeError) -> bool:
    """Whether this is torch saying that it can't compile here, as where there is no C++ compiler or no Triton."""
    return not out_of_memory(error) and type(error).__module__.startswith(("torch._dynamo", "torch._inductor"))
