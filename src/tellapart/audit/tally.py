"""What the data are, in counts and sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tellapart.audit.steps import facts_of_steps
from tellapart.data.source import Entry
from tellapart.data.traits import ASTRAY, CAMERA, MARKS, PLACE, TURNED
from tellapart.names import natural_key
from tellapart.types import PARTS

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

SIZES_TOLD = 50
"""Past so many sizes the rest is counted."""
WORDS = {
    TURNED: "turned, which is undone",
    ASTRAY: "with an orientation out of 1 to 8, which is ignored",
    CAMERA: "with the camera",
    PLACE: "with a GPS position: take it out before the data are shared",
}
"""What a picture bears in EXIF, as it is told."""


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
    """Sizes, channels and what the files say of themselves, by name, in words."""
    if survey.looks:
        return facts_of_steps(survey.kind, survey.entries, survey.looks)
    shapes = Counter(entry.shape for entry in survey.entries)
    if survey.thumbnails is None:
        return {"numbers a sample": f"{survey.entries[0].shape[0]:,}"}
    heights, widths = np.array([shape[:2] for shape in shapes.elements()]).T
    channels = Counter(shape[2] for shape in shapes.elements())
    kinds = {1: "grey", 3: "colour"}
    counts = counts_of(survey)
    facts = {
        "size": f"{_span(widths)} wide, {_span(heights)} high, in pixels",
        "channels": ", ".join(
            f"{count:,} {kinds.get(number, f'of {number} channels')}" for number, count in sorted(channels.items())
        ),
    }
    if not survey.traits:
        return facts
    found = [f"{count:,} {WORDS[mark]}" for mark, count in counts["exif"].items() if count]
    return facts | {
        "formats": ", ".join(f"{count:,} {name}" for name, count in counts["formats"].items()),
        "modes": ", ".join(f"{count:,} {name}" for name, count in counts["modes"].items()),
        "EXIF": "; ".join(found) or "nothing that turns a picture, names a camera or tells a place",
    }


def counts_of(survey: Survey) -> dict[str, dict[str, int]]:
    """How many pictures are of each size, format and mode, the most frequent first, and bear each mark of EXIF.

    Past `SIZES_TOLD` the sizes are counted together as `others`. Vectors have none of it, arrays have sizes alone.
    """
    if survey.thumbnails is None:
        return {}
    sizes = [*_ranked(Counter(f"{entry.shape[1]}x{entry.shape[0]}" for entry in survey.entries)).items()]
    rest = sum(count for _, count in sizes[SIZES_TOLD:])
    counts = {"sizes": dict(sizes[:SIZES_TOLD]) | ({"others": rest} if rest else {})}
    if not survey.traits:
        return counts
    formats, modes, marks = Counter[str](), Counter[str](), Counter[str]()
    for traits, count in survey.traits.items():
        formats[traits.format] += count
        modes[traits.mode] += count
        marks.update(dict.fromkeys(traits.marks, count))
    exif = {mark: marks[mark] for mark in MARKS}
    return counts | {"formats": _ranked(formats), "modes": _ranked(modes), "exif": exif}


def _ranked(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first, the others by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], natural_key(item[0]))))


def _span(sides: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    low, middle, high = sides.min(), int(np.median(sides)), sides.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,} (median {middle:,})"
