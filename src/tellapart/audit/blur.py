"""Pictures that are far less sharp than the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tellapart.audit.outliers import robust_z
from tellapart.types import Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

FAR = -4.5
"""Robust standard deviations of the logarithm of sharpness, from which on a picture counts as blurred."""
LEAST = 0.35
"""What such a deviation is at least; so a blurred picture has a fifth of the usual sharpness at most."""
ENOUGH = 30
"""Pictures below which it cannot be said what is usual."""


def blurred(survey: Survey) -> list[Issue]:
    """An issue for each picture that is far less sharp than is usual in the set."""
    sharp = np.log(np.maximum(survey.sharpness, 1e-12))
    if np.isfinite(sharp).sum() < ENOUGH:
        return []
    usual = np.exp(np.nanmedian(sharp))
    return [
        Issue(
            path=survey.entries[row].id,
            kind="blurred",
            detail=f"its sharpness is {survey.sharpness[row] / usual:.1%} of what is usual in the set",
            suggestion="Look at it; delete it if nothing can be made out.",
        )
        for row in np.flatnonzero(robust_z(sharp, LEAST) < FAR).tolist()
    ]
