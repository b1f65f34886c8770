"""The findings that cost next to nothing: those that every training begins with."""

from __future__ import annotations

from tellapart.audit.classes import few_of_a_class
from tellapart.audit.copies import same_content
from tellapart.data.resident import Loaded
from tellapart.data.stored import Stored
from tellapart.types import Issue


def first_findings(loaded: Loaded) -> list[Issue]:
    """Tiny classes, imbalance, equal pictures under two labels, and blank pictures, of data that are loaded."""
    entries = [entry for part in loaded.split.parts.values() for entry in part]
    conflicts = [issue for issue in same_content(entries) if issue.kind == "conflict"]
    return [*few_of_a_class(entries), *conflicts, *_blank(loaded)]


def _blank(loaded: Loaded) -> list[Issue]:
    if loaded.spec.kind != "image":
        return []
    found = []
    for part in loaded.parts.values():
        if isinstance(part.inputs, Stored):
            continue  # to read them all would cost as much as an epoch
        pixels = part.inputs.flatten(1)
        alike = (pixels.amin(1) == pixels.amax(1)).nonzero().flatten().tolist()
        found += [
            Issue(path=part.ids[row], kind="blank", detail="all its pixels are alike", suggestion="Delete it.")
            for row in alike
        ]
    return found
