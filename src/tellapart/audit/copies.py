"""The same sample twice: in two parts a leak, as a group is, under two labels a conflict, else a copy."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tellapart.data.groups import shared_groups
from tellapart.data.near import near_pairs
from tellapart.data.near_sequences import MOST, near_sequences
from tellapart.data.source import Entry
from tellapart.data.tasks import worded
from tellapart.names import natural_key
from tellapart.types import PARTS, Issue

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

log = logging.getLogger("tellapart")


@dataclass(frozen=True, kw_only=True)
class PairIssue(Issue):
    """An issue about two samples."""

    other: str
    """Id of the one that stands first."""


def other_of(issue: Issue) -> str | None:
    """Id of the other sample of an issue about two; None where it is about one."""
    return issue.other if isinstance(issue, PairIssue) else None


def exact_copies(survey: Survey) -> list[Issue]:
    """An issue for each sample whose content stands before it already."""
    return same_content(survey.entries)


def same_content(entries: Sequence[Entry]) -> list[Issue]:
    """The same from what is known before anything is decoded."""
    groups: dict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.digest].append(entry)
    found: list[Issue] = []
    for group in (group for group in groups.values() if len(group) > 1):
        first, *others = sorted(group, key=_place)
        found += [_issue(first, other, "the same as", "copy") for other in others]
    return found


def group_leaks(survey: Survey) -> list[Issue]:
    """An issue for each group, as a patient, that stands in several parts."""
    return shared_groups({part: [e for e in survey.entries if (e.part or "train") == part] for part in PARTS})


def near_copies(survey: Survey) -> list[Issue]:
    """An issue for each pair of pictures that are nearly the same; of equal ones the first stands for all."""
    assert survey.thumbnails is not None
    rows = _firsts(survey.entries)
    found: list[Issue] = []
    for pair in near_pairs(survey.thumbnails[rows]):
        first, other = sorted((survey.entries[rows[pair.first]], survey.entries[rows[pair.second]]), key=_place)
        how = "nearly the mirror image of" if pair.mirrored else "nearly the same as"
        found.append(_issue(first, other, how, "near-copy", f" (pixels correlate by {pair.likeness:.2f})"))
    return found


def near_copies_of_sequences(survey: Survey) -> list[Issue]:
    """The same of series, recordings and texts; of more than 50,000 none, and a warning says so."""
    rows = [row for row in _firsts(survey.entries) if survey.looks]
    if len(rows) > MOST:
        log.warning("Near copies are not looked for among more than %s sequences.", f"{MOST:,}")
        return []
    found: list[Issue] = []
    for pair in near_sequences([survey.looks[row].gist for row in rows], loudness=survey.kind == "audio"):
        first, other = sorted((survey.entries[rows[pair.first]], survey.entries[rows[pair.second]]), key=_place)
        found.append(_issue(first, other, "nearly the same as", "near-copy", f" ({pair.said})"))
    return found


def _firsts(entries: Sequence[Entry]) -> list[int]:
    """The row of one sample of each content: the one that stands first."""
    firsts: dict[bytes, int] = {}
    for row in sorted(range(len(entries)), key=lambda row: _place(entries[row])):
        firsts.setdefault(entries[row].digest, row)
    return list(firsts.values())


def _place(entry: Entry) -> tuple[object, ...]:
    return PARTS.index(entry.part) if entry.part else 0, natural_key(entry.id)


def _issue(first: Entry, other: Entry, how: str, kind: str, more: str = "") -> PairIssue:
    """What a pair is: a conflict goes before a leak, which goes before a copy."""
    suggestion = "Nothing to do if it is meant; one of the two teaches as much."
    that, this = list[str](), list[str]()
    if (first.part or "train") != (other.part or "train"):
        kind = "leak"
        that, this = [f"in {first.part or 'train'}"], [f"in {other.part or 'train'}"]
        suggestion = f"Take the one in {first.part or 'train'} away: {other.part} would judge by what was learned."
    if first.label != other.label:
        kind = "conflict"
        that, this = [*that, f"labelled {worded(first.label)!r}"], [*this, f"labelled {worded(other.label)!r}"]
        suggestion = "Keep the one whose label is right."
    apart = f"; that one is {' and '.join(that)}, this one {' and '.join(this)}" if that else ""
    detail = f"{how} {first.id!r}{more}{apart}"
    return PairIssue(path=other.id, kind=kind, detail=detail, suggestion=suggestion, other=first.id)
