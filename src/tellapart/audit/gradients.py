"""Few pictures in numbers that a linear model can learn from: coarse pixels, and where edges run which way."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CELL, WAYS = 4, 8
"""Pixels a side of a cell of edges, and directions that are told apart in it."""


def features(thumbnails: Array) -> Array:
    """float32 (N, F) of thumbnails uint8 (N, 32, 32, C): means of 4x4 pixels, and edges by cell and direction.

    Source: Dalal & Triggs 2005, "Histograms of Oriented Gradients for Human Detection", without its blocks.
    """
    count, side = len(thumbnails), thumbnails.shape[1]
    cells = side // CELL
    pixels = thumbnails.astype(np.float32) / 255
    coarse = pixels.reshape(count, cells, CELL, cells, CELL, -1).mean(axis=(2, 4)).reshape(count, -1)
    down, across = np.gradient(pixels.mean(axis=3), axis=(1, 2))
    way = np.floor(np.arctan2(down, across) / (2 * np.pi) * WAYS).astype(int) % WAYS
    strength = np.hypot(down, across)
    edges = np.stack([np.where(way == k, strength, 0) for k in range(WAYS)], axis=3)
    edges = edges.reshape(count, cells, CELL, cells, CELL, WAYS).sum(axis=(2, 4)).reshape(count, -1)
    edges /= np.linalg.norm(edges, axis=1, keepdims=True) + 1e-3
    return np.concatenate([coarse / np.sqrt(coarse.shape[1]), edges], axis=1).astype(np.float32)
