"""Convolutions over small maps as one product of matrices: what a processor with tiles (AMX) is fast at.

There oneDNN fills the sixteen rows of a tile along the width of a map, so that of small maps most stay empty. Measured
by `bench/small_maps.py` on two cores of a Xeon with AMX, forward and backward, batch 500, times faster than oneDNN:
512 channels, maps of 2x2 7.7, of 4x4 3.0; 256 channels 3.6, 1.7, of 6x6 1.5; 128 channels, 6x6 1.4, 7x7 0.7; 64
channels, 6x6 0.9, 15x15 0.5. The neighbours of that machine moved single figures by half.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

WIDEST, FEWEST = 6, 128
"""Pixels of the longer side of the map and channels that come in, up to and from which a product is faster."""


def unrolled(on: bool) -> AbstractContextManager[object]:
    """A context in which small maps are convolved by products in bf16; nothing changes where it is not on."""
    return _Unrolled() if on else nullcontext()


class _Unrolled(TorchFunctionMode):
    """Whatever calls `conv2d`, of our models or timm's, comes through here."""

    def __torch_function__(
        self, called: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if called is torch.conv2d and not kwargs and _pays(*args):
            maps, filters, bias = args[:3]
            out = product(maps.bfloat16(), filters.bfloat16())
            return out if bias is None else out + bias.bfloat16()[:, None, None]
        return called(*args, **(kwargs or {}))


def _pays(
    maps: Tensor,
    filters: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether it is a plain convolution of maps that are small and deep."""
    del bias
    plain = groups == 1 and stride in (1, (1, 1)) and dilation in (1, (1, 1))
    rows, columns = filters.shape[2:]
    same = rows == columns > 1 and rows % 2 == 1 and padding in (rows // 2, (rows // 2, rows // 2))
    return plain and same and max(maps.shape[2:]) <= WIDEST and maps.shape[1] >= FEWEST


def product(maps: Tensor, filters: Tensor) -> Tensor:
    """maps (B, C, H, W), filters (O, C, k, k), k odd  ->  (B, O, H, W), channels last, as conv2d padded by k // 2."""
    out: Tensor = _Product.apply(maps, filters)
    return out


class _Product(torch.autograd.Function):
    """The same, with its gradient."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, filters: Tensor) -> Tensor:
        patches = _patches(maps, filters.shape[2])
        ctx.save_for_backward(filters, patches)
        return _folded(patches @ filters.permute(0, 2, 3, 1).reshape(len(filters), -1).t(), maps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        filters, patches = ctx.saved_tensors
        count, channels, side, _ = filters.shape
        of_maps = of_filters = None
        if ctx.needs_input_grad[1]:
            rows = gradient.permute(0, 2, 3, 1).reshape(-1, count)
            of_filters = (rows.t() @ patches).view(count, side, side, channels).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[0]:  # the convolution of the gradient with the filters turned by half
            turned = filters.flip(2, 3).permute(2, 3, 0, 1).reshape(-1, channels)
            of_maps = _folded(_patches(gradient, side) @ turned, gradient)
        return of_maps, of_filters


def _patches(maps: Tensor, side: int) -> Tensor:
    """What a filter of k = side sees at each place: (B, C, H, W) -> (B * H * W, k * k * C)."""
    batch, channels, height, width = maps.shape
    padding = side // 2
    last = functional.pad(maps.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding)).contiguous()
    image, row, column, _ = last.stride()
    seen = last.as_strided((batch, height, width, side, side * channels), (image, row, column, row, 1))
    return seen.reshape(batch * height * width, side * side * channels)


def _folded(rows: Tensor, like: Tensor) -> Tensor:
    """(B * H * W, O) -> (B, O, H, W), channels last, B, H and W those of `like`."""
    batch, _, height, width = like.shape
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)
