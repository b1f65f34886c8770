"""Lists in settings that stretch over a training: each of their values has an equal share of the epochs, in order."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def phase(values: Sequence[T], epoch: int, epochs: int) -> T:
    """The value that holds in an epoch, 0-based."""
    return values[min(epoch * len(values) // epochs, len(values) - 1)]


def epochs_of_phases(count: int, epochs: int) -> list[int]:
    """How many epochs each of so many values holds for."""
    ends = [-(-(number + 1) * epochs // count) for number in range(count)]
    return [end - before for end, before in zip(ends, [0, *ends], strict=False)]


def end_of_phase(count: int, epoch: int, epochs: int) -> int | None:
    """The epoch at which the next of so many values begins to hold; None where the last one holds."""
    number = epoch * count // epochs
    return None if number >= count - 1 else -(-(number + 1) * epochs // count)
