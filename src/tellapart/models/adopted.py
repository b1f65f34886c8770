"""Weights of one model put into another: whole, or as far as names and shapes go."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.models.head import head_of
from tellapart.models.normalise import Normalise
from tellapart.names import counted
from tellapart.types import DataSpec

Shape = tuple[int, ...]
GRIDS = ("pos_embed", "relative_position_bias_table")
"""Ends of the names of tensors with a row for each place of a square grid, which another picture size makes another."""
MOST_TOKENS = 5
"""Rows before the grid, for tokens that have no place in the picture, at most."""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What came over; the normalisation of the pixels does not count, since it is of the data."""

    taken: tuple[str, ...]
    """Names of the model's tensors that were taken, in whole or in part."""
    fresh: tuple[str, ...]
    """Those that were not, each with what differs in brackets."""
    adapted: tuple[str, ...]
    """Those of the taken that were changed to fit, likewise."""
    body: int
    """How many of the taken are no part of the head."""
    head: bool
    """Whether every row of the head was taken."""


@torch.no_grad()
def adopt(module: nn.Module, tensors: Mapping[str, Tensor], spec: DataSpec, before: DataSpec | None) -> Adopted:
    """Put into the module what fits of `tensors`, by name and shape; what was done comes out.

    spec    of the data that the module is for
    before  of the data that the tensors were trained on, where that is known; else its classes are not, and the head
            stays fresh
    A prefix that all names of one side have, as `network.` or `module.`, counts for nothing. Changed to fit are the
    first layer, to other channels (`with_channels`); the head, whose rows go by the names of the classes; and tables of
    positions, to other picture sizes (`with_grid`).
    """
    own, head = _without_scale(module), head_of(module)
    names = _renamed(own, tensors)
    first = next((name for name, tensor in own.items() if tensor.ndim in (2, 4) and not name.endswith(GRIDS)), "")
    taken, fresh, adapted, whole = [], [], [], True
    for name, tensor in own.items():
        given = tensors.get(names[name])
        of_head = name.rpartition(".")[0] == head
        found, said = _fitting(name, tensor, given, spec, before, first=name == first, of_head=of_head)
        if found is None:
            fresh.append(f"{name} ({said})")
        else:
            tensor.copy_(found)
            taken.append(name)
            if said:
                adapted.append(f"{name} ({said})")
        whole = whole and not (of_head and (found is None or said))
    body = sum(name.rpartition(".")[0] != head for name in taken)
    return Adopted(taken=tuple(taken), fresh=tuple(fresh), adapted=tuple(adapted), body=body, head=whole)


def with_channels(filters: Tensor, channels: int) -> Tensor:
    """Filters for other channels, whose answer to a picture of alike channels is the old one.

    filters (O, C, ...)  ->  (O, channels, ...): to one channel they are summed; to others repeated, and scaled by the
    ratio of the channels.
    """
    if channels == 1:
        return filters.sum(1, keepdim=True)
    C = filters.shape[1]
    times = -(-channels // C)
    repeated = filters.repeat(1, times, *(1,) * (filters.ndim - 2))[:, :channels]
    return repeated * (C / channels)


def with_grid(table: Tensor, rows: int) -> Tensor | None:
    """A table with a row for each place of a square grid, resized to another grid; None where there is no such.

    table (..., R, D), or (R, D)  ->  (..., rows, D): bicubic, between the same corners; rows before the grid, of tokens
    without a place, stay.
    """
    R = table.shape[-2]
    for tokens in range(MOST_TOKENS + 1):
        old, new = math.isqrt(max(R - tokens, 0)), math.isqrt(max(rows - tokens, 0))
        if old > 0 and new > 0 and old * old == R - tokens and new * new == rows - tokens:
            break
    else:
        return None
    flat = table.reshape(-1, R, table.shape[-1])
    grid = flat[:, tokens:].transpose(1, 2).reshape(len(flat), -1, old, old)
    resized = functional.interpolate(grid, (new, new), mode="bicubic", align_corners=False, antialias=new < old)
    rest = resized.flatten(2).transpose(1, 2)
    return torch.cat([flat[:, :tokens], rest], 1).reshape(*table.shape[:-2], rows, table.shape[-1])


def _fitting(
    name: str, own: Tensor, given: Tensor | None, spec: DataSpec, before: DataSpec | None, *, first: bool, of_head: bool
) -> tuple[Tensor | None, str]:
    """What goes in the place of `own`, None for nothing; and what differs, empty where nothing does."""
    if given is None:
        return None, "not there"
    if given.is_floating_point() != own.is_floating_point():
        return None, f"{given.dtype} there".replace("torch.", "")
    if of_head:
        return _rows_by_class(own, given, spec, before)
    if given.shape == own.shape:
        return given, ""
    differing = f"{shaped(given.shape)} there, {shaped(own.shape)} here"
    if first:
        return _first_layer(own, given, spec, before), differing
    if name.endswith(GRIDS) and given.ndim == own.ndim >= 2 and given.shape[-1] == own.shape[-1]:
        return with_grid(given, own.shape[-2]), differing
    return None, differing


def _rows_by_class(own: Tensor, given: Tensor, spec: DataSpec, before: DataSpec | None) -> tuple[Tensor | None, str]:
    """The head's tensor with the rows of the classes that are known by name; the others as they were."""
    if given.shape[1:] != own.shape[1:]:
        return None, f"{shaped(given.shape)} there, {shaped(own.shape)} here"
    if before is None or len(before.classes) != len(given) or len(spec.classes) != len(own):
        return None, f"{counted(len(given), 'class')} there, {len(own)} here"
    if before.classes == spec.classes:
        return given, ""
    row = {name: k for k, name in enumerate(before.classes)}
    known = [name for name in spec.classes if name in row]
    found = own.clone()
    for k, name in enumerate(spec.classes):
        if name in row:
            found[k] = given[row[name]]
    if not known:
        same = ", none of the same name" if len(given) == len(own) else ""
        return None, f"{counted(len(given), 'class')} there, {len(own)} here{same}"
    exact = len(known) == len(own)
    return found, "" if exact else f"{len(known)} of {counted(len(own), 'class')} by name"


def _first_layer(own: Tensor, given: Tensor, spec: DataSpec, before: DataSpec | None) -> Tensor | None:
    """The first layer's filters for the channels of now; None where more than the channels differs."""
    if spec.kind != "image" or given.ndim != own.ndim or len(given) != len(own):
        return None
    if own.ndim == 4:
        same = given.shape[2:] == own.shape[2:] and own.shape[1] == spec.channels
        return with_channels(given, spec.channels) if same else None
    if before is None or before.kind != "image" or before.shape[1:] != spec.shape[1:]:
        return None
    if (given.shape[1], own.shape[1]) != (before.features, spec.features):
        return None
    return with_channels(given.reshape(len(given), *before.shape), spec.channels).flatten(1)


def _without_scale(module: nn.Module) -> dict[str, Tensor]:
    """The module's tensors by name, without the mean and scale of the data."""
    scales = [name for name, layer in module.named_modules() if isinstance(layer, Normalise)]
    return {name: tensor for name, tensor in module.state_dict().items() if name.rpartition(".")[0] not in scales}


def _renamed(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Name of each own tensor -> the name it has there: as it is, or with another prefix where more fit then."""
    ways = [
        {name: there + name.removeprefix(here) for name in own}
        for here in _prefixes(own)
        for there in _prefixes(tensors)
    ]
    return max(ways, key=lambda way: sum(w in tensors and tensors[w].shape == own[n].shape for n, w in way.items()))


def _prefixes(names: Iterable[str]) -> list[str]:
    """Nothing, and what half of the names or more begin with, of one word or two."""
    names = list(names)
    found = [""]
    for words in (1, 2):
        starts = Counter(".".join(name.split(".")[:words]) + "." for name in names if name.count(".") >= words)
        found += [start for start, count in starts.most_common(1) if 2 * count >= len(names)]
    return found


def shaped(shape: Iterable[int]) -> str:
    """`16x3x3x3`."""
    return "x".join(map(str, shape)) or "one number"
