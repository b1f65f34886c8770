"""Series and recordings as curves: a picture of one, and a sheet of training samples as the model meets them."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tellapart.data.preview import LABEL, labels_of, png, shortened
from tellapart.types import Batch, DataSpec

Steps = np.ndarray[Any, Any]
"""float32 (T, C), NaN where a value is missing."""

WIDTH, HEIGHT = 208, 104
"""Pixels of one curve on the sheet."""
SHOWN = 32
COLOURS = ("#1f6cb0", "#bd5209", "#2f8557", "#8a4fa3", "#8a6d00", "#5a6472")
"""Of the channels; more of them are not drawn."""
FINER = 3
"""Times as large as it is shown a curve is drawn: so its lines come out soft."""
OUTLIERS = 0.002
"""Share of the values at either end that the scale of a sheet does not make room for."""


def curve(steps: Steps, spec: DataSpec, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """A series, or a recording, over the whole width and height."""
    scaled = _scaled(steps, spec)
    return _drawn(scaled, _limits([scaled], spec), 1.0, width, height)


def curve_sheet(batch: Batch, spec: DataSpec, columns: int = 4) -> bytes:
    """PNG of a batch of series or recordings with their class names under them; at most 32 are shown.

    Under a mixed one stand both of its classes with their shares, as under a picture.
    All have one scale, in deviations of each channel, and one for the steps: a shorter one ends sooner. A recording has
    its own height, since a model does not hear how loud it is.
    """
    assert batch.lengths is not None
    values, lengths = batch.inputs[:SHOWN].cpu(), batch.lengths[:SHOWN].tolist()
    each = [_scaled(value[:, :end].T.numpy(), spec) for value, end in zip(values, lengths, strict=True)]
    rows, limits = -(-len(each) // columns), _limits(each, spec)
    sheet = Image.new("RGB", (columns * (WIDTH + 8) + 8, rows * (HEIGHT + LABEL + 8) + 8), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for i, (steps, label) in enumerate(zip(each, labels_of(batch, spec), strict=False)):
        x, y = 8 + i % columns * (WIDTH + 8), 8 + i // columns * (HEIGHT + LABEL + 8)
        own = _limits([steps], spec) if spec.kind == "audio" else limits
        sheet.paste(_drawn(steps, own, len(steps) / max(lengths), WIDTH, HEIGHT), (x, y))
        room = WIDTH / len(label) - font.getlength(", ")
        text = ", ".join(share + shortened(name, font, room - font.getlength(share)) for share, name in label)
        pen.text((x, y + HEIGHT + 1), text, fill="#333333", font=font)
    return png(sheet)


def _scaled(steps: Steps, spec: DataSpec) -> Steps:
    """The channels that are drawn, float64 (T, C), in deviations of the training part."""
    shown = len(COLOURS)
    scaled: Steps = (steps[:, :shown] - np.array(spec.mean[:shown])) / np.array(spec.std[:shown])
    return scaled


def _limits(each: list[Steps], spec: DataSpec) -> tuple[float, float]:
    """The lowest and the highest value that there is room for."""
    values = np.concatenate([steps.ravel() for steps in each])
    values = values[np.isfinite(values)]
    if not len(values):
        return -1.0, 1.0
    if spec.kind == "audio":
        loudest = float(np.abs(values).max()) or 1.0
        return -loudest, loudest
    low, high = (
        np.quantile(values, [OUTLIERS, 1 - OUTLIERS]).tolist() if len(each) > 1 else (values.min(), values.max())
    )
    room = 0.04 * (high - low) or 1.0
    return float(low) - room, float(high) + room


def _drawn(steps: Steps, limits: tuple[float, float], share: float, width: int, height: int) -> Image.Image:
    """The curve over a share of the width, each channel in its colour, with gaps where values are missing."""
    wide, high = width * FINER, height * FINER
    paper = Image.new("RGB", (wide, high), "#f7f8f9")
    pen = ImageDraw.Draw(paper)
    low, top = limits
    places = (high - 1) * (1 - np.clip((steps - low) / (top - low), 0, 1))
    reach = max(1.0, share * (wide - 1))
    for colour, channel in zip(COLOURS, places.T, strict=False):
        if len(channel) > 2 * wide:
            _envelope(pen, channel, int(reach), colour)
        else:
            _line(pen, channel, reach / max(1, len(channel) - 1), colour)
    return paper.resize((width, height), Image.Resampling.LANCZOS)


def _line(pen: ImageDraw.ImageDraw, channel: Steps, apart: float, colour: str) -> None:
    """From step to step; a value that stands alone between missing ones is a dot."""
    there = np.flatnonzero(~np.isnan(channel))
    for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
        points = [(float(step * apart), float(channel[step])) for step in run]
        if len(points) > 1:
            pen.line(points, fill=colour, width=FINER + 1, joint="curve")
        elif points:
            x, y = points[0]
            pen.ellipse((x - FINER, y - FINER, x + FINER, y + FINER), fill=colour)


def _envelope(pen: ImageDraw.ImageDraw, channel: Steps, columns: int, colour: str) -> None:
    """Of many steps: in each column of pixels from the lowest to the highest value."""
    starts = np.linspace(0, len(channel), columns, endpoint=False).astype(int)
    tops = np.fmin.reduceat(channel, starts)
    ends = np.fmax.reduceat(channel, starts)
    for x, (top, end) in enumerate(zip(tops.tolist(), ends.tolist(), strict=True)):
        if top == top:  # not NaN
            pen.line([(x, top), (x, end + FINER)], fill=colour)
