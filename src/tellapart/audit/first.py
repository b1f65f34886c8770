"""The findings that cost next to nothing: those that every training begins with."""

from __future__ import annotations

from tellapart.audit.classes import few_of_a_class
from tellapart.audit.copies import same_content
from tellapart.data.resident import Loaded
from tellapart.data.tasks import apart
from tellapart.types import Issue

AT_ONCE = 512
"""Pictures that are looked at in one go."""


def first_findings(loaded: Loaded) -> list[Issue]:
    """Tiny classes, imbalance, equal pictures under two labels, and blank pictures, of data that are loaded."""
    entries = [entry for part in loaded.split.parts.values() for entry in part]
    conflicts = [issue for issue in same_content(entries) if issue.kind == "conflict"]
    classes = apart(entries, loaded.spec.tasks, loaded.spec.separator)
    return [*few_of_a_class(classes, several=bool(loaded.spec.tasks)), *conflicts, *_blank(loaded)]


def _blank(loaded: Loaded) -> list[Issue]:
    """Pictures of one colour; none are looked for where each would have to be decoded for it once more."""
    if loaded.spec.kind != "image" or loaded.cache == "none":
        return []
    found = []
    for part in loaded.parts.values():
        for start in range(0, len(part), AT_ONCE):
            pixels = part.pictures[start : start + AT_ONCE].flatten(1)
            alike = (pixels.amin(1) == pixels.amax(1)).nonzero().flatten() + start
            found += [
                Issue(path=part.ids[row], kind="blank", detail="all its pixels are alike", suggestion="Delete it.")
                for row in alike.tolist()
            ]
    return found
