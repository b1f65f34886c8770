"""Surveys that tests make themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.scenes import scene

from tellapart.audit.survey import Survey, surveyed
from tellapart.data.sources.arrays import ArraySource
from tellapart.types import Part


def survey_of(
    pictures: Sequence[np.ndarray[Any, Any]] | np.ndarray[Any, Any],
    labels: Sequence[str] | None = None,
    parts: Sequence[Part] | None = None,
    ids: Sequence[str] | None = None,
) -> Survey:
    """The survey of pictures of one size; by default of two classes in turns."""
    names = labels or ["cat" if row % 2 else "dog" for row in range(len(pictures))]
    return surveyed(ArraySource("made", np.stack(pictures), names, parts=parts, ids=ids))


def scenes(count: int, seed: int = 0, side: int = 48) -> list[np.ndarray[Any, Any]]:
    """So many pictures, no two alike."""
    return [scene(seed + number, side) for number in range(count)]
