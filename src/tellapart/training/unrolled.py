"""Convolutions over small maps by products of matrices: what a processor with tiles (AMX) is fast at.

There oneDNN is slow at the gradient of the filters, which takes as long as four passes forward, and fills the sixteen
rows of a tile along the width of a map, so that those of tiny maps stay empty. So the gradient of the filters is a
product of what each place sees, and where maps are tiny or filters deep, so is the convolution itself. Measured by
`bench/small_maps.py` on two cores of a Xeon with AMX, forward and backward, batch 500, times faster than oneDNN:
256 channels with the gradient alone, maps of 3x3 2.1, of 5x5 1.7, of 7x7 1.5, of 9x9 1.3 (all by products 3.0, 2.1,
1.5, 1.2); 128 channels 2.0, 1.3, 1.2, 1.0 (1.9, 1.1, 1.2, 0.7); 512 channels of 3x3 2.4, of 5x5 1.7 (4.2, 2.5). The
neighbours of that machine moved single figures by half: in another hour 256 channels had 2.5, 1.6, 1.2, 0.9 (2.3, 1.5,
1.0, 0.7), so maps of 8 and 9 stay with oneDNN.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

WIDEST, FEWEST = 7, 128
"""Pixels of the longer side of the map and channels that come in, up to and from which products are faster."""
TINY, DEEP = 4, 384
"""Likewise, for the convolution itself."""


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


def product(maps: Tensor, filters: Tensor, *, whole: bool | None = None) -> Tensor:
    """maps (B, C, H, W), filters (O, C, k, k), k odd  ->  (B, O, H, W), channels last, as conv2d padded by k // 2.

    whole  whether the convolution is a product, or the gradient of its filters alone; None: where that is faster
    """
    if whole is None:
        whole = max(maps.shape[2:]) <= TINY or maps.shape[1] >= DEEP
    out: Tensor = _Product.apply(maps, filters, whole)
    return out


class _Product(torch.autograd.Function):
    """The same, with its gradient."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, filters: Tensor, whole: bool) -> Tensor:
        ctx.whole = whole
        if not whole:
            ctx.save_for_backward(filters, maps)
            return _convolved(maps, filters)
        patches = _patches(maps, filters.shape[2])
        ctx.save_for_backward(filters, patches)
        return _multiplied(patches, filters, maps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        filters, seen = ctx.saved_tensors
        count, channels, side, _ = filters.shape
        of_maps = of_filters = None
        if ctx.needs_input_grad[1]:
            patches = seen if ctx.whole else _patches(seen, side)
            rows = gradient.permute(0, 2, 3, 1).reshape(-1, count)
            of_filters = (rows.t() @ patches).view(count, side, side, channels).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[0]:  # the convolution of the gradient with the filters turned by half
            turned = filters.flip(2, 3).transpose(0, 1)
            if ctx.whole:
                of_maps = _multiplied(_patches(gradient, side), turned, gradient)
            else:
                of_maps = _convolved(gradient, turned)
        return of_maps, of_filters, None


def _convolved(maps: Tensor, filters: Tensor) -> Tensor:
    """By oneDNN, padded to the size of the maps."""
    return torch.conv2d(maps, filters, padding=filters.shape[2] // 2)


def _multiplied(patches: Tensor, filters: Tensor, like: Tensor) -> Tensor:
    """What each place sees (B * H * W, k * k * C), filters (O, C, k, k)  ->  (B, O, H, W), channels last, as `like`."""
    batch, _, height, width = like.shape
    rows = patches @ filters.permute(0, 2, 3, 1).reshape(len(filters), -1).t()
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


def _patches(maps: Tensor, side: int) -> Tensor:
    """What a filter of k = side sees at each place: (B, C, H, W) -> (B * H * W, k * k * C)."""
    batch, channels, height, width = maps.shape
    padding = side // 2
    last = functional.pad(maps.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding)).contiguous()
    image, row, column, _ = last.stride()
    seen = last.as_strided((batch, height, width, side, side * channels), (image, row, column, row, 1))
    return seen.reshape(batch * height * width, side * side * channels)
