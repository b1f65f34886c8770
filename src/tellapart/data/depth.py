"""Numbers of more than 8 bits, brought to 8: over the whole range that their format has, never a picture's own."""

from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from tellapart.errors import UnreadableError

BITS_PER_SAMPLE, MAX_SAMPLE_VALUE = 258, 281
"""Tags of TIFF."""
CAMERA_BITS = range(9, 16)
"""Depths of sensors, which are stored in 16 bits."""
AT_ONCE = 1 << 20

Array = np.ndarray[Any, Any]


def eight_bits(values: Array, bits: int = 16) -> Array:
    """uint8 of whole numbers in [0, 2^bits): 0 stays 0, the largest becomes 255, and what is between is rounded."""
    table = _table(bits)
    out = np.empty(values.shape, np.uint8)
    rows = max(1, AT_ONCE * len(values) // max(1, values.size))
    for start in range(0, len(values), rows):  # an index takes eight bytes, so not all at once
        out[start : start + rows] = table[values[start : start + rows]]
    return out


@cache
def _table(bits: int) -> Array:
    most = 2**bits - 1
    table: Array = ((np.arange(most + 1) * 255 + most // 2) // most).astype(np.uint8)
    return table


def scaled(image: Image.Image) -> Array:
    """uint8 (H, W) of an image of whole numbers in 0..65535, or of floats in 0..1."""
    values = np.array(image)
    low, high = values.min(), values.max()
    most = 1 if image.mode == "F" else 65535
    if not (low >= 0 and high <= most):  # a NaN ends here as well
        raise UnreadableError(f"pixel values from {low:g} to {high:g}; only 0 to {most} can be scaled to 8 bits")
    bits = bits_of(getattr(image, "tag_v2", {}), int(high))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        values[values == transparent] = most if image.mode == "F" else 2**bits - 1
    return np.rint(values * np.float32(255)).astype(np.uint8) if image.mode == "F" else eight_bits(values, bits)


def bits_of(tags: Any, high: int) -> int:
    """The depth of whole numbers, 9 to 16, as the tags of a TIFF say it; 16 where they say nothing, or too little.

    high  the largest number of the picture
    MaxSampleValue counts where it is the most that some depth holds, as 4095 is of 12 bits: any other number is what
    one picture reaches, and would make the pictures of one camera differ.
    """
    said = tags.get(BITS_PER_SAMPLE), tags.get(MAX_SAMPLE_VALUE)
    depth, reached = (value[0] if isinstance(value, tuple) and value else value for value in said)
    if isinstance(reached, int) and depth not in CAMERA_BITS:
        depth = reached.bit_length() if reached == 2 ** reached.bit_length() - 1 else 16
    return depth if depth in CAMERA_BITS and high < 2**depth else 16
