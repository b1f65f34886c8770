"""The audit room: what is known of data in, what is wrong with them out. The table below is where a finding goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from tellapart.names import natural_key
from tellapart.types import Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """A kind of finding: where its finder is, and what it says."""

    finder: str
    """`module:function` below this package: takes a Survey, gives a list of Issues."""
    kinds: tuple[str, ...]
    """The kinds of issue that come out."""
    pictures: bool
    """Whether it looks at pictures, and has nothing to say about vectors."""


FINDINGS: dict[str, FindingRow] = {
    "classes": FindingRow(
        finder="classes:uneven_classes",
        kinds=("lost-class", "one-class", "single-example", "tiny-class", "imbalance", "missing-class"),
        pictures=False,
    ),
    "copies": FindingRow(finder="copies:exact_copies", kinds=("leak", "conflict", "copy"), pictures=False),
    "groups": FindingRow(finder="copies:group_leaks", kinds=("leak",), pictures=False),
    "near copies": FindingRow(finder="copies:near_copies", kinds=("leak", "conflict", "near-copy"), pictures=True),
    "near sequences": FindingRow(
        finder="copies:near_copies_of_sequences", kinds=("leak", "conflict", "near-copy"), pictures=False
    ),
    "steps": FindingRow(
        finder="steps:odd_steps", kinds=("constant", "constant-channel", "missing-values"), pictures=False
    ),
    "light": FindingRow(finder="light:badly_lit", kinds=("blank", "dark", "bright"), pictures=True),
    "blur": FindingRow(finder="blur:blurred", kinds=("blurred",), pictures=True),
    "shapes": FindingRow(finder="shapes:odd_shapes", kinds=("odd-size", "odd-aspect"), pictures=True),
    "shortcuts": FindingRow(finder="shortcuts:shortcuts", kinds=("shortcut",), pictures=True),
}
BLOCKING = ("leak", "conflict", "lost-class", "one-class", "single-example")
"""Kinds that training should not be started with."""
ORDER = (*BLOCKING, "unreadable", "label")
"""Kinds that come first in lists, in this order; the others follow by name."""


def findings(survey: Survey) -> list[Issue]:
    """Every finding of the table, sorted by kind and path."""
    found: list[Issue] = []
    for row in FINDINGS.values():
        if survey.thumbnails is not None or not row.pictures:
            module, function = row.finder.split(":")
            finder: Callable[[Survey], list[Issue]] = getattr(import_module(f"tellapart.audit.{module}"), function)
            found += finder(survey)
    return in_order(found)


def in_order(issues: list[Issue]) -> list[Issue]:
    """The same, what blocks first, each kind by path; those of a kind that are ranked keep their rank."""

    def key(issue: Issue) -> tuple[object, ...]:
        place = ORDER.index(issue.kind) if issue.kind in ORDER else len(ORDER)
        ranked = issue.kind == "label"
        return (place, issue.kind, () if ranked else natural_key(issue.path), "" if ranked else issue.detail)

    return sorted(issues, key=key)


def blocking(issues: list[Issue]) -> list[Issue]:
    """Those that training should not be started with."""
    return [issue for issue in issues if issue.kind in BLOCKING]
