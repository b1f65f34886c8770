"""A sheet of training pictures as the model meets them: the quickest check that labels and augmentation make sense."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tellapart.types import Batch

CELL = 96
"""Pixels a side of one picture on the sheet."""
LABEL = 16
"""Pixels of the strip under it that holds its class."""


def preview_sheet(batch: Batch, classes: tuple[str, ...], columns: int = 8) -> bytes:
    """PNG of a batch of pictures with their class names under them; at most 32 are shown."""
    pictures = batch.inputs.permute(0, 2, 3, 1).cpu().numpy()[:32]
    targets = batch.targets.tolist()
    lines = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (CELL + 8) + 8, lines * (CELL + LABEL + 8) + 8), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for i, picture in enumerate(pictures):
        x, y = 8 + i % columns * (CELL + 8), 8 + i // columns * (CELL + LABEL + 8)
        sheet.paste(enlarged(picture, CELL), (x, y))
        pen.text((x, y + CELL + 1), _shortened(classes[targets[i]], font), fill="#333333", font=font)
    return png(sheet)


def enlarged(picture: np.ndarray[Any, Any], side: int) -> Image.Image:
    """The picture (H, W, C) inside a square; small ones keep their hard pixels.

    Of other channels than one or three the first three are shown as red, green and blue, or the first as grey.
    """
    height, width, channels = picture.shape
    seen = picture[..., 0] if channels < 3 else picture[..., :3]
    image = Image.fromarray(np.ascontiguousarray(seen)).convert("RGB")
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


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    short = text
    while font.getlength(short) > CELL and len(text) > 1:
        text = text[:-1]
        short = text + "…"
    return short
