"""Mean and standard deviation of each channel or feature of the training part: what models are normalised by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tellapart.data.ragged import Ragged
from tellapart.data.source import Value
from tellapart.data.stored import Stored

if TYPE_CHECKING:
    from torch import Tensor

SUMMED = 64
"""Pictures whose squares are summed in float32, exactly: 64 x 255 x 255 is below 2^24; few enough for the caches."""


def scale_of(train: Tensor | Stored | Ragged) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel or feature, in raw units; a constant one gets a deviation of 1."""
    if isinstance(train, Ragged):
        mean, std = step_means(train.values.numpy())
    elif train.ndim == 4:
        mean, square = _picture_means(train)
        std = np.sqrt(np.maximum(square - mean**2, 0))  # sums of whole numbers: 0 where a channel is constant
    else:
        values = train[:].numpy()
        mean, std = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
        std[values.max(axis=0) == values.min(axis=0)] = 0
    return tuple(mean.tolist()), tuple(np.where(std > 0, std, 1.0).tolist())


def step_means(steps: Value) -> tuple[Value, Value]:
    """Mean and deviation of each channel over all steps (S, C) where there is a value; 0 where there is none."""
    there = ~np.isnan(steps)
    counts = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, steps, 0).sum(axis=0, dtype=np.float64) / counts
    std = np.sqrt(np.where(there, (steps - mean) ** 2, 0).sum(axis=0, dtype=np.float64) / counts)
    low, high = (np.where(there, steps, worst) for worst in (np.inf, -np.inf))
    std[low.min(axis=0) >= high.max(axis=0)] = 0
    return mean, std


def _picture_means(pictures: Tensor | Stored) -> tuple[Value, Value]:
    """Mean and mean square of each channel (C,); sums of whole numbers, so exact in any order."""
    import torch

    count, height, width, channels = pictures.shape
    sums, squares = torch.zeros(2, height * width * channels, dtype=torch.int64)
    for start in range(0, count, SUMMED):
        wide = pictures[start : start + SUMMED].flatten(1).float()
        sums += wide.sum(0).long()
        squares += wide.square_().sum(0).long()
    values = count * height * width
    mean, square = (total.reshape(-1, channels).sum(0).double().numpy() / values for total in (sums, squares))
    return mean, square
