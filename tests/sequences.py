"""A file of series, a table of texts and a folder of recordings, each of classes that are easily told apart."""

import csv
import wave
from pathlib import Path
from typing import Any

import numpy as np

RATE = 4000


def series(count: int = 90, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Two channels of 20 to 40 steps, whose class is how fast the first one swings; some values are missing."""
    draws = np.random.default_rng(seed)
    y = np.arange(count) % 3
    lengths = draws.integers(20, 41, count)
    steps = np.arange(40)
    x = draws.normal(0, 0.2, (count, 2, 40)).astype(np.float32)
    x[:, 0] += np.sin(steps[None] * (0.3 + 0.4 * y[:, None]) + draws.uniform(0, 6, (count, 1)))
    x[draws.random(x.shape) < 0.02] = np.nan
    return {"x": x, "y": y, "lengths": lengths}


def make_sequences(home: Path) -> Path:
    """The folder with `swings.npz`, `messages.csv` and `tones`, which is made."""
    home.mkdir(parents=True, exist_ok=True)
    np.savez(home / "swings.npz", **series())
    draws = np.random.default_rng(0)
    with (home / "messages.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        for number in range(120):
            words = draws.choice(["the", "a", "to", "we", "and", "it"], draws.integers(4, 12)).tolist()
            words[draws.integers(len(words))] = "Prize!" if number % 2 else "lunch?"
            rows.writerow((" ".join(words), "spam" if number % 2 else "ham"))
    for name, pitch in (("low", 200), ("high", 800)):
        (home / "tones" / name).mkdir(parents=True)
        for number in range(24):
            length = int(draws.integers(RATE // 4, RATE // 2))
            tone = np.sin(np.arange(length) * 2 * np.pi * pitch * draws.uniform(0.9, 1.1) / RATE)
            loud = (tone * draws.uniform(0.1, 0.9) + draws.normal(0, 0.02, length)).clip(-1, 1)
            with wave.open(str(home / "tones" / name / f"{number}.wav"), "wb") as file:
                file.setparams((1, 2, RATE, 0, "NONE", ""))
                file.writeframes((loud * 32767).astype("<i2").tobytes())
    return home
