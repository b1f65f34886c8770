"""The head of a model, its last linear layer, and the body before it."""

from __future__ import annotations

import copy

from torch import nn

from tellapart.models.views import at_first_sight


def head_of(module: nn.Module) -> str:
    """Name of the layer that gives the logits: the last linear one."""
    names: list[str] = [name for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    return names[-1]


def head_layer(module: nn.Module) -> nn.Linear:
    """The layer that gives the logits: features (B, F) -> (B, K)."""
    layer = module.get_submodule(head_of(module))
    assert isinstance(layer, nn.Linear)
    return layer


def body_of(module: nn.Module) -> nn.Module:
    """A copy that gives what the head is given: raw (B, ...) -> features (B, F), of one look at a picture."""
    network = at_first_sight(module)
    body = copy.deepcopy(network)
    parent, _, name = head_of(body).rpartition(".")
    setattr(body.get_submodule(parent), name, nn.Identity())
    return body
