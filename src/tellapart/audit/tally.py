"""What the data are, in counts and sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tellapart.data.source import Entry
from tellapart.names import natural_key
from tellapart.types import PARTS

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey


def classes_by_part(entries: Sequence[Entry]) -> dict[str, dict[str, int]]:
    """Samples of each class, naturally sorted, in each part that came with the data; without parts in `all`."""
    parts = [part for part in PARTS if any(entry.part == part for entry in entries)]
    names = sorted({entry.label for entry in entries}, key=natural_key)
    if not parts:
        alone = Counter(entry.label for entry in entries)
        return {name: {"all": alone[name]} for name in names}
    counts = Counter((entry.label, entry.part or "train") for entry in entries)
    return {name: {part: counts[name, part] for part in parts} for name in names}


def facts_of(survey: Survey) -> dict[str, str]:
    """Sizes and channels, by name, in words."""
    shapes = Counter(entry.shape for entry in survey.entries)
    if survey.thumbnails is None:
        return {"numbers a sample": f"{survey.entries[0].shape[0]:,}"}
    heights, widths = np.array([shape[:2] for shape in shapes.elements()]).T
    channels = Counter(shape[2] for shape in shapes.elements())
    kinds = {1: "grey", 3: "colour"}
    return {
        "size": f"{_span(widths)} wide, {_span(heights)} high, in pixels",
        "channels": ", ".join(
            f"{count:,} {kinds.get(number, f'of {number} channels')}" for number, count in sorted(channels.items())
        ),
    }


def _span(sides: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    low, middle, high = sides.min(), int(np.median(sides)), sides.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,} (median {middle:,})"
