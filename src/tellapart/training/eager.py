"""torch's optimisers as they run eagerly: without the wrappers that load its compiler, 2.5 to 3.5 s a start."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.optim import Optimizer


def step(optimiser: Optimizer) -> None:
    """Move the weights by their gradients: the optimiser's own step, unwrapped."""
    with torch.no_grad():
        inspect.unwrap(type(optimiser).step)(optimiser)


@contextmanager
def without_compiler() -> Iterator[None]:
    """Keep torch from importing its compiler to set up an optimiser that runs eagerly.

    torch guards this method against being compiled, and imports the compiler to do so when it is first called. For the
    time inside, the guard of the method is the method itself; a compiler that is loaded already keeps its guards.
    """
    method = getattr(Optimizer.add_param_group, "__wrapped__", None)
    if method is None or "torch._dynamo" in sys.modules:
        yield
        return
    method.__dynamo_disable = method
    try:
        yield
    finally:
        del method.__dynamo_disable
