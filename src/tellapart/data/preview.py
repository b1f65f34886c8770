"""A sheet of training pictures as the model meets them: the quickest check that labels and augmentation make sense."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tellapart.data.passage import occurrences
from tellapart.data.resize import visible
from tellapart.data.tasks import worded_targets
from tellapart.seeds import seed_of
from tellapart.types import Batch, DataSpec

if TYPE_CHECKING:
    from torch import Tensor

CELL = 96
"""Pixels a side of one picture on the sheet."""
LABEL = 16
"""Pixels of the strip under it that holds its class; of a mixed one, of each of two."""


def preview_sheet(batch: Batch, spec: DataSpec, columns: int = 8) -> bytes:
    """PNG of a batch of pictures with their class names under them; at most 32 are shown.

    Under a mixed picture stand both of its classes with their shares, the larger one first.
    """
    pictures = batch.inputs.permute(0, 2, 3, 1).cpu().numpy()[:32]
    labels = labels_of(batch, spec)
    rows, strip = -(-len(pictures) // columns), LABEL * (1 if batch.shares is None else 2)
    sheet = Image.new("RGB", (columns * (CELL + 8) + 8, rows * (CELL + strip + 8) + 8), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for i, picture in enumerate(pictures):
        x, y = 8 + i % columns * (CELL + 8), 8 + i // columns * (CELL + strip + 8)
        sheet.paste(enlarged(picture, CELL), (x, y))
        for line, (share, name) in enumerate(labels[i]):
            text = share + shortened(name, font, CELL - font.getlength(share))
            pen.text((x, y + CELL + 1 + line * (LABEL - 2)), text, fill="#333333", font=font)
    return png(sheet)


def rows_of_each(targets: Tensor, seed: int, most: int) -> Tensor:
    """Rows of a part to show, int64: drawn, and of each class as many as of the others, as far as it has them."""
    import torch

    drawn = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed_of(seed, "preview")))
    if targets.ndim > 1:  # several things are asked
        return drawn[:most]
    return drawn[occurrences(targets[drawn]).argsort(stable=True)][:most]


def labels_of(batch: Batch, spec: DataSpec) -> list[list[tuple[str, str]]]:
    """For each picture its classes with a share before each; without one where there is nothing else in it."""

    def words(targets: Tensor) -> list[str]:
        rows = targets.tolist()
        return [worded_targets(row, spec) for row in rows] if spec.tasks else [spec.classes[row] for row in rows]

    targets = words(batch.targets)
    if batch.partners is None or batch.shares is None:
        return [[("", target)] for target in targets]
    labels = []
    for target, partner, share in zip(targets, words(batch.partners), batch.shares.tolist(), strict=True):
        percent = round(100 * share)
        if partner == target or percent in (0, 100):
            labels.append([("", target if percent else partner)])
        else:
            parts = sorted([(percent, target), (100 - percent, partner)], reverse=True)
            labels.append([(f"{part} % ", name) for part, name in parts])
    return labels


def enlarged(picture: np.ndarray[Any, Any], side: int) -> Image.Image:
    """The picture (H, W, C) inside a square; small ones keep their hard pixels.

    Of other channels than one or three the first three are shown as red, green and blue, or the first as grey.
    """
    height, width = picture.shape[:2]
    seen = visible(picture)
    image = Image.fromarray(seen[:, :, 0] if seen.shape[2] == 1 else seen).convert("RGB")
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR)
    square = Image.new("RGB", (side, side), "#f2f2f2")
    square.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square


def png(image: Image.Image) -> bytes:
    """The image as PNG bytes."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """The text, cut so that it is at most `room` pixels wide."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    short = text
    while font.getlength(short) > room and len(text) > 1:
        text = text[:-1]
        short = text + "…"
    return short
