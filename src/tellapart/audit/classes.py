"""Too few of a class: one that is lost, of one example, tiny, or outnumbered by another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tellapart.data.source import Entry
from tellapart.names import counted, listed
from tellapart.types import PARTS, Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

FEW = 10
"""Samples below which a class is tiny."""
UNEVEN = 10
"""How many times the smallest class the largest may not reach."""


def uneven_classes(survey: Survey) -> list[Issue]:
    """An issue for each class with too few samples, and one where the largest class outnumbers the smallest."""
    said = "Replace its files or drop the class."
    lost = [_issue(name, "lost-class", "none of its samples can be read", said) for name in survey.lost]
    return [*lost, *few_of_a_class(survey.by_class, several=bool(survey.tasks)), *_missing(survey.by_class)]


def few_of_a_class(entries: Sequence[Entry], several: bool = False) -> list[Issue]:
    """The same from what is known before anything is decoded.

    several  whether a sample stands there once for each of its classes, so that one class alone tells something too
    """
    counts = Counter(entry.label for entry in entries)
    if not counts:
        return []
    found = []
    if len(counts) == 1 and not several:
        detail = "all samples are of one class; a classifier needs two"
        found.append(_issue(next(iter(counts)), "one-class", detail, "Put each class into a folder of its own."))
    for name, count in sorted(counts.items()):
        if count == 1:
            detail = "one example alone: it can be learned from or judged by, not both"
            found.append(_issue(name, "single-example", detail, "Add more, or drop the class."))
        elif count < FEW:
            detail = f"{counted(count, 'sample')}; {FEW} are the least to learn from and to judge by"
            found.append(_issue(name, "tiny-class", detail, "Add more, or merge it with another class."))
    return [*found, *_imbalance(counts)]


def _imbalance(counts: Counter[str]) -> list[Issue]:
    large, small = (max(counts, key=lambda name: (counts[name], name)), min(counts, key=lambda n: (counts[n], n)))
    if counts[large] < UNEVEN * counts[small]:
        return []
    detail = (
        f"{counts[large] / counts[small]:.0f} times as many as of {small!r}: {counts[large]:,} and {counts[small]:,}"
    )
    return [
        _issue(large, "imbalance", detail, "Look at balanced accuracy and macro-F1; accuracy hides the small class.")
    ]


def _missing(entries: Sequence[Entry]) -> list[Issue]:
    """An issue for each part that came with the data and lacks some of the classes."""
    classes = {entry.label for entry in entries}
    found = []
    for part in PARTS:
        there = {entry.label for entry in entries if (entry.part or "train") == part}
        absent = sorted(classes - there)
        if there and absent:
            suggestion = "Add some, or drop the class: it can't be " + ("learned." if part == "train" else "judged.")
            found.append(_issue(f"{part}", "missing-class", f"has no sample of {listed(absent)}", suggestion))
    return found


def _issue(path: str, kind: str, detail: str, suggestion: str) -> Issue:
    return Issue(path=path, kind=kind, detail=detail, suggestion=suggestion)
