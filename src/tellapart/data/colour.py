"""Brightness, contrast and saturation of whole batches of pictures, each by its own factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

GREY = (0.299, 0.587, 0.114)
"""Share of red, green and blue in the grey of a colour (ITU-R BT.601)."""


def coloured(pictures: Tensor, brightness: Tensor | None, contrast: Tensor | None, saturation: Tensor | None) -> Tensor:
    """The pictures in other colours; a factor of 1 leaves a picture as it was, None leaves all.

    pictures    uint8 (B, H, W, C); the grey of other channels than three is their mean
    brightness  float64 (B,), times which each pixel is taken; 0 is black
    contrast    float64 (B,), times which its distance from the picture's mean grey is taken; 0 is that grey
    saturation  float64 (B,), times which its distance from its own grey is taken; 0 is a grey picture; it is
                of colours, so that it changes nothing but pictures of three channels
    ->          uint8 (B, H, W, C), in that order, limited to 0..255 and rounded once, at the end
    Source: torchvision's ColorJitter, which limits and rounds after each of the three.
    """
    import torch

    pixels = pictures.float()
    if brightness is not None:
        pixels.mul_(_per_picture(brightness))
    if contrast is not None:
        sums = pictures.sum(1, dtype=torch.int32).sum(1)  # whole numbers: the same whatever the batch
        mean = _grey(sums.double()) / (pictures.shape[1] * pictures.shape[2])
        mean = mean if brightness is None else mean * brightness
        pixels.mul_(_per_picture(contrast)).add_(_per_picture((1 - contrast) * mean))
    if saturation is not None and pictures.shape[3] == 3:
        grey = _grey(pixels)[..., None]
        pixels.mul_(_per_picture(saturation)).add_(grey.mul_(_per_picture(1 - saturation)))
    return pixels.clamp_(0, 255).round_().to(torch.uint8)


def _per_picture(factors: Tensor) -> Tensor:
    """(B,) as float32 (B, 1, 1, 1)."""
    return factors.float()[:, None, None, None]


def _grey(colours: Tensor) -> Tensor:
    """(..., C) as its grey (...)."""
    if colours.shape[-1] == 1:
        return colours[..., 0]
    if colours.shape[-1] != 3:
        return colours.mean(-1)
    red, green, blue = colours.unbind(-1)
    return GREY[0] * red + GREY[1] * green + GREY[2] * blue
