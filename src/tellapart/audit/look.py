"""What is known of a sequence after one look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tellapart.data.gist import StepGist, WordGist, gist_of
from tellapart.data.source import Value


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen of a sequence."""

    length: int
    missing: float
    """Share of its values."""
    still: frozenset[int]
    """Channels that never change, or have no value."""
    channels: int
    gist: StepGist | WordGist
    """What near copies are found by."""


def look_at(value: Value) -> Look:
    """A series or a recording (T, C), or a text (T,)."""
    if value.ndim == 1:
        return Look(length=len(value), missing=0.0, still=frozenset(), channels=1, gist=gist_of(value))
    missing = np.isnan(value)
    low = np.where(missing, np.inf, value).min(axis=0, initial=np.inf)
    high = np.where(missing, -np.inf, value).max(axis=0, initial=-np.inf)
    still = frozenset(np.flatnonzero(low >= high).tolist())
    share = float(missing.mean()) if value.size else 0.0
    return Look(length=len(value), missing=share, still=still, channels=value.shape[1], gist=gist_of(value))
