"""What an optimiser has come to: tensors and numbers, of a weight or of a group; handed on to a fresh one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from tellapart.errors import SettingError

COUNTERS = ("step",)
"""What some optimisers count for a group of weights in place of each weight, as timm's adan and lamb."""
OF_GROUP = "group-"
Number = int | float | bool


@dataclass(frozen=True, kw_only=True)
class Moments:
    """All that the next step goes by beside weights, gradients, settings; by `3.name` of a weight, `group-0.name`."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    on_cpu: list[str] = field(default_factory=list)
    """Tensors that lie there although their weight does not: on the device they would count in other bits."""


def moments_of(optimiser: Optimizer) -> Moments:
    """The moments as they are now, not copied; SettingError where one is neither a tensor nor a number."""
    found = Moments()
    for key, value, weight in _kept(optimiser):
        if isinstance(value, Tensor):
            found.tensors[key] = value
            if value.device != weight.device and value.device.type == "cpu":
                found.on_cpu.append(key)
        elif isinstance(value, Number):
            found.numbers[key] = value
        elif value is not None:
            raise SettingError(
                f"The optimiser {type(optimiser).__name__} keeps {key.partition('.')[2]!r}, which is neither a tensor "
                "nor a number: no checkpoint holds it. Take another optimiser."
            )
    return found


def take_up(optimiser: Optimizer, moments: Moments) -> None:
    """Hand a fresh optimiser copies of moments, each where and as the optimiser itself would have made it."""
    for key, value in moments.tensors.items():
        home, name, weight = _home(optimiser, key)
        if value.shape == weight.shape:  # laid out in memory as the weight is: another order of bytes is another sum
            value = torch.empty_like(weight.detach(), dtype=value.dtype).copy_(value)
        home[name] = value.to("cpu" if key in moments.on_cpu else weight.device, copy=True)
    for key, number in moments.numbers.items():
        home, name, _ = _home(optimiser, key)
        home[name] = number


def _kept(optimiser: Optimizer) -> Iterator[tuple[str, Any, Tensor]]:
    """Key, value, and a weight that it is of."""
    for number, group in enumerate(optimiser.param_groups):
        for name in COUNTERS:
            if name in group:
                yield f"{OF_GROUP}{number}.{name}", group[name], group["params"][0]
    for number, weight in enumerate(_weights(optimiser)):
        for name, value in optimiser.state[weight].items():
            yield f"{number}.{name}", value, weight


def _home(optimiser: Optimizer, key: str) -> tuple[dict[str, Any], str, Tensor]:
    """Where the value of a key is kept, under which name, and a weight that it is of."""
    number, name = key.split(".", 1)
    if number.startswith(OF_GROUP):
        group = optimiser.param_groups[int(number.removeprefix(OF_GROUP))]
        return group, name, group["params"][0]
    weight = _weights(optimiser)[int(number)]
    return optimiser.state[weight], name, weight


def _weights(optimiser: Optimizer) -> list[Tensor]:
    return [weight for group in optimiser.param_groups for weight in group["params"]]
