"""Pictures whose size or aspect is far from that of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tellapart.audit.outliers import robust_z
from tellapart.types import Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

FAR = 5.0
"""Robust standard deviations from which on a picture is odd."""
LEAST = 0.22
"""What such a deviation is at least, of a logarithm: an odd picture is three times as wide as is usual."""
ENOUGH = 10
"""Pictures below which it cannot be said what is usual."""


def odd_shapes(survey: Survey) -> list[Issue]:
    """An issue for each picture of an odd size, and for each of an odd aspect."""
    if len(survey.entries) < ENOUGH:
        return []
    height, width = np.log(np.array([entry.shape[:2] for entry in survey.entries], dtype=np.float64)).T
    found = []
    for row in np.flatnonzero(np.abs(robust_z((height + width) / 2, LEAST)) > FAR).tolist():
        usual = " x ".join(f"{np.exp(np.median(side)):.0f}" for side in (width, height))
        found.append(_issue(survey, row, "odd-size", f"where {usual} is usual"))
    for row in np.flatnonzero(np.abs(robust_z(width - height, LEAST)) > FAR).tolist():
        usual = f"{np.exp(np.median(width - height)):.2f}"
        found.append(_issue(survey, row, "odd-aspect", f"where {usual} is usual for width by height"))
    return found


def _issue(survey: Survey, row: int, kind: str, usual: str) -> Issue:
    height, width = survey.entries[row].shape[:2]
    suggestion = "Look at it; a part of another picture, or a sheet of several, does not belong here."
    return Issue(
        path=survey.entries[row].id, kind=kind, detail=f"{width} x {height} pixels, {usual}", suggestion=suggestion
    )
