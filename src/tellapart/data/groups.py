"""Samples that belong together, as pictures of one patient do: by a column of a table, or by a part of their path."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tellapart.config import DataConfig
from tellapart.data.source import Entry
from tellapart.errors import SettingError
from tellapart.names import counted, listed
from tellapart.types import PARTS, Issue, Part


def grouped(entries: Sequence[Entry], config: DataConfig) -> list[Entry]:
    """The entries with the groups that the setting says: of a pattern its first group, or all that it matches.

    Without the setting, or where it names a column, the groups are those that come with the data. SettingError where
    a pattern tells no groups apart, or where a column is named and no sample has a group.
    """
    group_by = config.group_by
    if group_by is None:
        return list(entries)
    if config.group_column is not None:
        if entries and all(entry.group is None for entry in entries):
            raise SettingError(
                f"group_by is {group_by!r}: a plain word is a column of a table, and no sample has a group from one. "
                "For groups by path give a pattern, as in '(patient_[0-9]+)'."
            )
        return list(entries)
    pattern = re.compile(group_by)
    found = [replace(entry, group=_part_of(entry.id, pattern)) for entry in entries]
    _check(found, group_by)
    return found


def _part_of(path: str, pattern: re.Pattern[str]) -> str | None:
    match = pattern.search(path)
    return (match[1 if pattern.groups else 0] or None) if match else None


def _check(entries: Sequence[Entry], group_by: str) -> None:
    names = {entry.group for entry in entries}
    if names == {None}:
        raise SettingError(
            f"group_by is {group_by!r}, which fits none of {counted(len(entries), 'path')}, as {entries[0].id!r}. "
            "Its first bracket must take the name of the group out of the path."
        )
    if len(names) == 1 and len(entries) > 1:
        raise SettingError(
            f"group_by is {group_by!r}, by which all {len(entries):,} samples are in one group, {entries[0].group!r}. "
            "Its first bracket must take what differs from group to group, as in '(patient_[0-9]+)'."
        )


def shared_groups(parts: Mapping[Part, Sequence[Entry]]) -> list[Issue]:
    """An issue for each group that stands in several parts: what is given stays as it is."""
    counts = _counts(parts)
    issues = []
    for name in sorted(name for name, found in counts.items() if len(found) > 1):
        where = listed(f"{part} ({counted(counts[name][part], 'sample')})" for part in PARTS if counts[name][part])
        detail = f"the group {name!r} stands in {where}"
        issues.append(Issue(path=name, kind="leak", detail=detail, suggestion="Move all of it into one of them."))
    return issues


def described_groups(parts: Mapping[Part, Sequence[Entry]]) -> list[str]:
    """`12 groups, 0 of them in two parts; 3 samples in no group`, as two things said; nothing without groups."""
    counts = _counts(parts)
    if not counts:
        return []
    alone = sum(entry.group is None for entries in parts.values() for entry in entries)
    shared = sum(len(found) > 1 for found in counts.values())
    rest = [f"{counted(alone, 'sample')} in no group"] if alone else []
    return [f"{counted(len(counts), 'group')}, {shared:,} of them in two parts", *rest]


def _counts(parts: Mapping[Part, Sequence[Entry]]) -> dict[str, Counter[Part]]:
    """Samples of each group in each part."""
    counts: dict[str, Counter[Part]] = defaultdict(Counter)
    for part, entries in parts.items():
        for entry in entries:
            if entry.group is not None:
                counts[entry.group][part] += 1
    return counts
