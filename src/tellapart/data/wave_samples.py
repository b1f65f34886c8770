"""The numbers of a WAV file as float32 in [-1, 1], whatever they are stored as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tellapart.errors import UnreadableError

INTEGER, FLOAT, A_LAW, MU_LAW = 1, 3, 6, 7
KINDS = {INTEGER: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
"""Format -> bytes that a sample may take."""
LOUDEST = 100.0
"""A float beyond it is no sample of a scale of [-1, 1]."""
Samples = np.ndarray[Any, np.dtype[np.float32]]
"""float32 (T, C) in [-1, 1]."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How samples are stored: frame after frame, in each a number for each channel."""

    kind: int
    channels: int
    wide: int
    """Bytes of one number."""

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.wide

    @staticmethod
    def of(kind: int, channels: int, wide: int, bits: int) -> Layout:
        """The layout; UnreadableError where numbers of that format are never so wide."""
        if wide not in KINDS[kind] or bits < 1:
            stored = {INTEGER: "whole numbers", FLOAT: "floats", A_LAW: "A-law", MU_LAW: "mu-law"}[kind]
            raise UnreadableError(
                f"{stored} of {bits} bits in {wide} bytes; whole numbers of 8 to 32 bits and floats of 32 and 64 "
                "are read"
            )
        return Layout(kind=kind, channels=channels, wide=wide)


def samples_in(content: bytes, start: int, size: int, layout: Layout) -> Samples:
    """float32 (T, C) of `size` bytes from `start` on; UnreadableError where a float is not finite, or out of scale."""
    raw = np.frombuffer(content, np.uint8, size, start)
    flat: Samples
    if layout.kind == FLOAT:
        flat = _finite(raw.view(f"<f{layout.wide}"))
    elif layout.kind in (A_LAW, MU_LAW):
        flat = (_a_law() if layout.kind == A_LAW else _mu_law())[raw]
    elif layout.wide == 1:
        flat = raw.astype(np.float32)
        flat -= 128
        flat /= 128
    elif layout.wide == 3:
        wider = np.zeros((len(raw) // 3, 4), np.uint8)
        wider[:, 1:] = raw.reshape(-1, 3)
        flat = wider.view("<i4")[:, 0].astype(np.float32)
        flat /= 2.0**31
    else:
        flat = raw.view(f"<i{layout.wide}").astype(np.float32)
        flat /= 2.0 ** (8 * layout.wide - 1)
    return flat.reshape(-1, layout.channels)


def _finite(floats: np.ndarray[Any, Any]) -> Samples:
    low, high = float(floats.min()), float(floats.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UnreadableError("samples that are not finite numbers stand in it")
    if max(-low, high) > LOUDEST:
        raise UnreadableError(f"floats up to {max(-low, high):,.0f}; those of a recording are in [-1, 1]. Scale them")
    cut: Samples = np.clip(floats, -1, 1).astype(np.float32)
    return cut


def _mu_law() -> Samples:
    """Of each byte its sample (ITU-T G.711)."""
    flipped = ~np.arange(256, dtype=np.uint8)
    steps = flipped.astype(np.int32)
    heights = (((steps & 15) << 3) + 132 << ((steps >> 4) & 7)) - 132
    values: Samples = (np.where(steps & 128, -heights, heights) / 32768).astype(np.float32)
    return values


def _a_law() -> Samples:
    """Likewise."""
    steps = np.arange(256, dtype=np.int32) ^ 0x55
    power, part = (steps >> 4) & 7, (steps & 15) << 4
    heights = np.where(power == 0, part + 8, part + 264 << np.maximum(power - 1, 0))
    values: Samples = (np.where(steps & 128, heights, -heights) / 32768).astype(np.float32)
    return values
