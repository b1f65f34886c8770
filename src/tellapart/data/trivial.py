"""One operation on each picture, drawn evenly from a set, at a strength that is drawn evenly.

Source: Müller & Hutter 2021, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation" (arXiv:2103.10158).
The strengths are those of its table 1 that the paper calls RA, not the wide ones: no picture is moved out of sight or
turned on its head, where a 6 would be a 9. Places between pixels are bilinear, and edges are mirrored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tellapart.data.colour import coloured
from tellapart.data.warp import around_middle, read_at

if TYPE_CHECKING:
    from torch import Tensor

SHEAR = 0.3
"""Pixels to the side for each pixel up or down, at most."""
SHIFT = 10 / 32
"""Share of the side, at most."""
DEGREES = 30.0
FACTOR = 0.9
"""What brightness, contrast, saturation and sharpness are raised or lowered by, at most."""
BITS = 4
"""Bits of each value that are dropped, at most."""

Operation = Callable[["Tensor", "Tensor"], "Tensor"]
"""Pictures uint8 (b, H, W, C) and their strengths, float64 (b,) in [-1, 1), -> pictures alike."""


def trivially_changed(pictures: Tensor, draw: Callable[[str], Tensor]) -> None:
    """Change each picture uint8 (B, H, W, C) by its own operation, in place."""
    import torch

    which = (draw("trivial").double() * len(OPERATIONS)).long()
    strengths = 2 * draw("trivial-strength").double() - 1
    counts = torch.bincount(which, minlength=len(OPERATIONS)).tolist()  # the device is waited for
    grouped = torch.split(which.argsort(stable=True), counts)
    for operation, rows in zip(OPERATIONS.values(), grouped, strict=True):
        if operation is not identity and len(rows):
            pictures[rows] = operation(pictures[rows], strengths[rows])


def identity(pictures: Tensor, strengths: Tensor) -> Tensor:  # noqa: ARG001
    return pictures


def shear_x(pictures: Tensor, strengths: Tensor) -> Tensor:
    down, right = around_middle(pictures)
    return read_at(pictures, down, right + _each(SHEAR * strengths) * down)


def shear_y(pictures: Tensor, strengths: Tensor) -> Tensor:
    down, right = around_middle(pictures)
    return read_at(pictures, down + _each(SHEAR * strengths) * right, right)


def translate_x(pictures: Tensor, strengths: Tensor) -> Tensor:
    down, right = around_middle(pictures)
    return read_at(pictures, down, right + _each((SHIFT * pictures.shape[2] * strengths).round()))


def translate_y(pictures: Tensor, strengths: Tensor) -> Tensor:
    down, right = around_middle(pictures)
    return read_at(pictures, down + _each((SHIFT * pictures.shape[1] * strengths).round()), right)


def rotate(pictures: Tensor, strengths: Tensor) -> Tensor:
    down, right = around_middle(pictures)
    angles = (DEGREES * strengths).deg2rad()
    cos, sin = _each(angles.cos()), _each(angles.sin())
    return read_at(pictures, sin * right + cos * down, cos * right - sin * down)


def brightness(pictures: Tensor, strengths: Tensor) -> Tensor:
    return coloured(pictures, 1 + FACTOR * strengths, None, None)


def contrast(pictures: Tensor, strengths: Tensor) -> Tensor:
    return coloured(pictures, None, 1 + FACTOR * strengths, None)


def saturation(pictures: Tensor, strengths: Tensor) -> Tensor:
    return coloured(pictures, None, None, 1 + FACTOR * strengths)


def sharpness(pictures: Tensor, strengths: Tensor) -> Tensor:
    """Further from a smoothed picture or nearer to it; the outer pixels stay, as in Pillow's ImageEnhance.Sharpness."""
    import torch

    if min(pictures.shape[1:3]) < 3:
        return pictures
    pixels = pictures.float()
    rows = pixels[:, :-2] + pixels[:, 1:-1] + pixels[:, 2:]
    around = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    middle = pixels[:, 1:-1, 1:-1]
    smooth = ((around + 4 * middle + 6.5) / 13).floor()  # whole sums: the same whatever the batch
    changed = pictures.clone()
    sharp = smooth + _each(1 + FACTOR * strengths)[..., None] * (middle - smooth)
    changed[:, 1:-1, 1:-1] = sharp.clamp_(0, 255).round_().to(torch.uint8)
    return changed


def posterise(pictures: Tensor, strengths: Tensor) -> Tensor:
    """With the last bits of each value at zero."""
    import torch

    dropped = (BITS * strengths.abs()).round().long()
    return pictures & (256 - 2**dropped).to(torch.uint8)[:, None, None, None]


def solarise(pictures: Tensor, strengths: Tensor) -> Tensor:
    """With the values above a threshold inverted."""
    import torch

    last = (255 * (1 - strengths.abs())).round().to(torch.uint8)
    return torch.where(pictures > last[:, None, None, None], ~pictures, pictures)


def autocontrast(pictures: Tensor, strengths: Tensor) -> Tensor:  # noqa: ARG001
    """With each channel stretched to 0..255; one of a single value stays."""
    import torch

    low, high = pictures.amin((1, 2), keepdim=True).float(), pictures.amax((1, 2), keepdim=True).float()
    flat = low == high
    low, width = low.masked_fill(flat, 0), (high - low).masked_fill(flat, 255)
    return ((pictures - low).mul_(255) / width).to(torch.uint8)  # whole numbers until the quotient is cut off


def equalise(pictures: Tensor, strengths: Tensor) -> Tensor:  # noqa: ARG001
    """With the values of each channel spread evenly over 0..255, as by Pillow's ImageOps.equalize."""
    import torch

    count, channels = len(pictures), pictures.shape[3]
    table = torch.arange(count * channels, device=pictures.device).view(count, 1, 1, channels) * 256
    places = table + pictures
    counts = torch.bincount(places.flatten(), minlength=count * channels * 256).view(-1, 256)
    last = counts.gather(1, pictures.amax((1, 2)).long().view(-1, 1))
    step = (counts.sum(1, keepdim=True) - last) // 255
    before = counts.cumsum(1) - counts
    spread = ((before + step // 2) // step.clamp(min=1)).clamp(max=255)
    spread = spread.where(step > 0, torch.arange(256, device=pictures.device))
    return spread.to(torch.uint8).flatten()[places]


def _each(values: Tensor) -> Tensor:
    """float64 (b,) as float32 (b, 1, 1)."""
    return values.float()[:, None, None]


OPERATIONS: dict[str, Operation] = {
    "identity": identity,
    "shear-x": shear_x,
    "shear-y": shear_y,
    "translate-x": translate_x,
    "translate-y": translate_y,
    "rotate": rotate,
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "sharpness": sharpness,
    "posterise": posterise,
    "solarise": solarise,
    "autocontrast": autocontrast,
    "equalise": equalise,
}
"""What may happen to a picture, each as likely as any other."""
