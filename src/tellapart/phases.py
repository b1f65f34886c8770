"""Lists in settings that stretch over a training: each of their values has an equal share of the epochs, in order."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def phase(values: Sequence[T], epoch: float, epochs: float) -> T:
    """The value that holds at a point of the training, in epochs: 0 is its start."""
    return values[min(int(epoch * len(values) // epochs), len(values) - 1)]


def epochs_of_phases(count: int, epochs: int) -> list[int]:
    """How many epochs each of so many values holds for."""
    ends = [-(-(number + 1) * epochs // count) for number in range(count)]
    return [end - before for end, before in zip(ends, [0, *ends], strict=False)]
