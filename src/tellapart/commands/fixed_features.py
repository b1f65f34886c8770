"""Sequences as a model of fixed features takes them: series as they are, sound by its spectrogram, how texts begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tellapart.data import sound, wording
from tellapart.data.sequences import rate_of
from tellapart.data.source import Entry, Source, Value
from tellapart.models.log_mel import LogMel
from tellapart.types import DataSpec, Kind

MOST_STEPS = 10_000
MOST_LETTERS = 5_000
MOST_SECONDS = 30
"""Of one sequence; the rest of it is not looked at."""
MODELS: dict[Kind, str] = {"series": "random-kernels", "text": "ngrams"}
"""Kind -> the model of fixed features."""
WORDS: dict[Kind, str] = {"series": "random kernels and ridge regression", "text": "n-grams and ridge regression"}
"""Kind -> the model in words."""


def taken(source: Source, entries: Sequence[Entry]) -> tuple[Kind, np.ndarray[Any, Any]]:
    """The kind that the sequences are taken as, and they themselves, an object for each (N,); recordings are series."""
    rate = rate_of(entries, None) if source.kind == "audio" else 0
    found = np.empty(len(entries), object)
    for row, entry in enumerate(entries):
        value = source.value(entry)
        if source.kind == "text":
            value = wording.encoded(wording.decoded(value).lstrip()[:MOST_LETTERS])
        elif rate:
            value = _bands(sound.at_rate(value, entry.shape[2], rate)[: MOST_SECONDS * rate], rate)
        found[row] = value[:MOST_STEPS] if source.kind == "series" else value
    return "text" if source.kind == "text" else "series", found


@torch.no_grad()
def _bands(samples: Value, rate: int) -> Value:
    """float32 (frames, bands): the log-mel spectrogram of a recording (T, 1)."""
    loud = float(np.sqrt((samples.astype(np.float64) ** 2).mean())) or 1.0
    spec = DataSpec(kind="audio", shape=(1, len(samples)), classes=(), mean=(0.0,), std=(loud,), rate=rate)
    given = torch.from_numpy(np.ascontiguousarray(samples.T)[None]).float()
    seen: Value = LogMel(spec)(given, torch.tensor([len(samples)]))[0][0].T.contiguous().numpy()
    return seen
