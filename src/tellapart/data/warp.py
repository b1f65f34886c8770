"""Whole batches of pictures, rotated and scaled, each by its own angle and ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def warped(pictures: Tensor, y: Tensor, x: Tensor, degrees: Tensor, ratios: Tensor) -> Tensor:
    """The pictures rotated and scaled around their middle, then read at y and x: resampled once, mirrored at the edges.

    pictures  uint8 (B, H, W, C)
    y, x      int64 (B, H) and (B, W), the place of each row and column; may lie outside of the picture
    degrees   float64 (B,), against the clock
    ratios    float64 (B,), above 0; above 1 enlarges
    ->        uint8 (B, H, W, C); between four pixels their bilinear mean, mirrored at the middle of the edge pixels
    """
    height, width = pictures.shape[1:3]
    down = (y.float() - (height - 1) / 2)[:, :, None]
    right = (x.float() - (width - 1) / 2)[:, None, :]
    angles = degrees.deg2rad()
    # float64 until here: the last bit of a cosine may hang on the place in the batch, and float32 does not show it
    cos, sin = ((part / ratios).float()[:, None, None] for part in (angles.cos(), angles.sin()))
    return read_at(pictures, sin * right + cos * down, cos * right - sin * down)


def around_middle(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """How far down each row and how far right each column lies of the middle, in pixels: (H, 1) and (W,)."""
    import torch

    height, width = pictures.shape[1:3]
    down = torch.arange(height, device=pictures.device) - (height - 1) / 2
    return down[:, None], torch.arange(width, device=pictures.device) - (width - 1) / 2


def read_at(pictures: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """The pictures read at other places: bilinear between four pixels, mirrored at the middle of the edge pixels.

    pictures     uint8 (B, H, W, C)
    down, right  float32, together (B, H, W): how far from the middle each pixel is read, in pixels
    ->           uint8 (B, H, W, C)
    """
    import torch
    from torch.nn.functional import grid_sample

    height, width = pictures.shape[1:3]
    whole = (len(pictures), height, width)
    grid = torch.stack([(right * _per_pixel(width)).expand(whole), (down * _per_pixel(height)).expand(whole)], dim=3)
    planes = pictures.permute(0, 3, 1, 2).float()
    read = grid_sample(planes, grid, mode="bilinear", padding_mode="reflection", align_corners=True)
    return read.round_().to(torch.uint8, memory_format=torch.channels_last).permute(0, 2, 3, 1)


def _per_pixel(size: int) -> float:
    """Length of a pixel where the middles of the first and last one are -1 and 1."""
    return 2 / max(size - 1, 1)
