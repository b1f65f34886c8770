"""Pictures with nothing to see: of one tone, very dark or very bright."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tellapart.types import Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

Array = np.ndarray[Any, Any]

ONE_TONE = 1.0
"""Standard deviation of the pixels, of 255, up to which a picture is blank."""
DARK, BRIGHT = 30, 225
"""A picture is dark where 99 of 100 pixels are below the one, bright where 99 of 100 are above the other, of 255."""
USUAL = 0.1
"""Share of a set from which on it is the nature of the set."""
SUGGESTION = "Look at it; delete it if there is nothing to see."


def badly_lit(survey: Survey) -> list[Issue]:
    """An issue for each picture that is blank, very dark or very bright where few of the set are."""
    assert survey.thumbnails is not None
    pixels = survey.thumbnails.reshape(len(survey.thumbnails), -1)
    spread = _in_pieces(pixels, lambda part: part.std(axis=1))
    low, high = _in_pieces(pixels, lambda part: np.percentile(part, (1, 99), axis=1).T).T
    blank = spread <= ONE_TONE
    found = [
        Issue(path=survey.entries[row].id, kind="blank", detail="all its pixels are alike", suggestion=SUGGESTION)
        for row in np.flatnonzero(blank).tolist()
    ]
    dark, bright = ~blank & (high < DARK), ~blank & (low > BRIGHT)
    for kind, chosen, how in (("dark", dark, f"below {DARK}"), ("bright", bright, f"above {BRIGHT}")):
        if chosen.mean() < USUAL:
            detail = f"99 of 100 pixels are {how} of 255"
            rows = np.flatnonzero(chosen).tolist()
            found += [Issue(path=survey.entries[r].id, kind=kind, detail=detail, suggestion=SUGGESTION) for r in rows]
    return found


def _in_pieces(pixels: Array, measured: Callable[[Array], Array]) -> Array:
    """What is measured of each row (N, ...), so many at a time that memory stays small."""
    return np.concatenate([measured(pixels[start : start + 4096]) for start in range(0, len(pixels), 4096)])
