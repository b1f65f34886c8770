"""Pictures that tests make themselves: easy to tell apart, of differing sizes, the same on every machine."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


def make_photos(root: Path, *, each: int = 12, seed: int = 0) -> Path:
    """A folder per colour with noisy pictures of it."""
    draws = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            height, width = draws.integers(20, 40, 2)
            noise = draws.normal(0, 30, (height, width, 3))
            picture = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(root / name / f"{seed}-{number}.png")
    return root
