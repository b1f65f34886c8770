"""Pictures like photos that tests make themselves: noise at all scales, no two alike, the same everywhere."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def scene(seed: int, side: int = 64) -> np.ndarray[Any, Any]:
    """uint8 (side, side, 3), whose waves are the weaker the shorter they are, as in photos."""
    draws = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    strength = 1 / np.maximum(np.hypot(down, across), 1 / side)
    waves = draws.normal(size=(3, side, side // 2 + 1)) + 1j * draws.normal(size=(3, side, side // 2 + 1))
    waves = 0.8 * waves[:1] + 0.6 * waves  # channels of a photo go together
    planes = np.fft.irfft2(waves * strength, (side, side))
    planes = (planes - planes.mean()) / planes.std()
    return np.clip(128 + 45 * planes, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy()


def make_scenes(root: Path, *, each: int = 12, seed: int = 0, classes: tuple[str, ...] = ("cat", "dog")) -> Path:
    """A folder per class with scenes in it."""
    for k, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            Image.fromarray(scene(seed + 1000 * k + number)).save(root / name / f"{number}.png")
    return root
