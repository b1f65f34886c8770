"""What a picture file says of itself beside its pixels: its format, how it keeps colours, and what EXIF tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import ExifTags

if TYPE_CHECKING:
    from PIL import Image, ImageFile

MODES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with transparency",
    "La": "grey with transparency",
    "P": "palette",
    "PA": "palette with transparency",
    "RGB": "colour",
    "RGBA": "colour with transparency",
    "I": "grey",
    "F": "grey in floats",
}
"""Pillow's mode -> what it is called; another is called by its own name, as CMYK."""
TURNED, ASTRAY, CAMERA, PLACE = "turned", "orientation out of 1 to 8", "camera", "GPS position"
MARKS = (TURNED, ASTRAY, CAMERA, PLACE)
"""What is looked for in EXIF."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """Few files differ in it, so it is counted."""

    format: str
    """As in `JPEG`."""
    mode: str
    """As in `colour` or `16-bit grey`."""
    marks: tuple[str, ...] = ()
    """Those of `MARKS` that it bears."""


def mode_of(image: ImageFile.ImageFile) -> str:
    """How an image that is not loaded yet keeps its colours, in words."""
    name = MODES.get(image.mode.split(";")[0], image.mode)
    packed = [*(str(tile.args) for tile in image.tile[:1]), image.mode]
    return f"16-bit {name}" if any(";16" in said for said in packed) else name


def marks_of(exif: Image.Exif) -> tuple[str, ...]:
    """What EXIF tells: a turn, an orientation that there is not, who took it, and where."""
    orientation = exif.get(ExifTags.Base.Orientation, 1)
    found = {
        TURNED: orientation in range(2, 9),
        ASTRAY: orientation not in range(1, 9),
        CAMERA: ExifTags.Base.Make in exif or ExifTags.Base.Model in exif,
        PLACE: ExifTags.IFD.GPSInfo in exif,
    }
    return tuple(mark for mark in MARKS if found[mark])
