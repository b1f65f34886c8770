"""How pictures of other shapes are brought to one size, where the settings leave it open."""

from collections.abc import Sequence

import numpy as np

from tellapart.types import Fit

MOST = 0.95
"""Share of the pictures that a rule has to hold for; the others may be anything."""
ALIKE = 4 / 3
"""Ratio of the widest aspect to the narrowest one up to which pictures count as of one shape."""
MODERATE, LONG = 1.5, 2.0
"""How many times as long as the target a picture may be to be stretched, and to be cropped."""


def fitting_fit(shapes: Sequence[tuple[int, ...]], height: int, width: int) -> tuple[Fit, str]:
    """The fit for training pictures of these shapes (H, W, C), and the reason in a few words.

    From what the headers say, for 95 % of the pictures:

    - of one shape, their aspects within 4:3 of each other: stretch. Nothing is lost, all pixels are used, and what is
      done to all alike tells no class from another, however long the pictures are.
    - of several shapes, none more than 3:2 off the target, as photos taken upright and across: stretch. Nothing is cut
      off, and the distortion is little more than what random-resized-crop makes on purpose (3:4 to 4:3).
    - none more than 2:1 off, as those of phones: crop. Stretched both ways, one thing would come in aspects that differ
      by four; the centre, half of the picture at least, is where a camera is pointed at.
    - beyond, as panoramas and lines of text: pad. A crop would lose most of the picture.
    """
    aspects = np.sort([shape[1] / shape[0] for shape in shapes])
    rest = (1 - MOST) / 2
    low, high = np.quantile(aspects, [rest, 1 - rest])
    if high <= ALIKE * low:
        return "stretch", "they are of nearly the same shape"
    off = np.quantile(np.maximum(aspects * height / width, width / (aspects * height)), MOST)
    if off <= MODERATE:
        return "stretch", "few are far from that shape"
    if off <= LONG:
        return "crop", f"1 in 20 is {off:.1f} times as long and more"
    return "pad", f"1 in 20 is {off:.1f} times as long and more"
