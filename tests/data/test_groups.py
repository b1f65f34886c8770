"""Groups come from a table or from paths, and what tells none apart is refused."""

import re

import pytest

from tellapart.config import DataConfig
from tellapart.data.groups import described_groups, grouped, shared_groups
from tellapart.data.source import Entry
from tellapart.errors import SettingError
from tellapart.types import Part


def entry(name: str, group: str | None = None, part: Part | None = None) -> Entry:
    return Entry(id=name, label="a", part=part, digest=name.encode(), shape=(1, 1, 1), group=group)


def groups(group_by: str | None, *entries: Entry) -> list[str | None]:
    return [found.group for found in grouped(entries, DataConfig(group_by=group_by))]


def refused(group_by: str, *entries: Entry) -> str:
    with pytest.raises(SettingError) as caught:
        grouped(entries, DataConfig(group_by=group_by))
    return str(caught.value)


def test_the_first_bracket_of_a_pattern_is_the_group() -> None:
    assert groups(r"(p\d+)_(\d+)", entry("cat/p1_7.png"), entry("dog/p1_8.png"), entry("cat/p22_7.png")) == [
        *("p1", "p1", "p22")
    ]


def test_without_a_bracket_all_that_matches_is_the_group() -> None:
    assert groups("p[0-9]+", entry("cat/p1_7.png"), entry("cat/p2_7.png")) == ["p1", "p2"]


def test_what_a_pattern_does_not_fit_is_in_no_group() -> None:
    assert groups("p([0-9]+)", entry("p1"), entry("p2"), entry("x")) == ["1", "2", None]


def test_a_bracket_that_took_no_part_makes_no_group() -> None:
    assert groups("p([0-9])|q", entry("p1"), entry("q")) == ["1", None]
    assert groups("p([0-9]*)", entry("p1"), entry("p")) == ["1", None]


def test_groups_of_a_table_hold_without_a_setting_and_where_a_column_is_named() -> None:
    entries = [entry("a", "one"), entry("b", "two"), entry("c")]
    assert groups(None, *entries) == groups("patient", *entries) == groups("patient id", *entries)
    assert groups(None, *entries) == ["one", "two", None]


def test_a_pattern_goes_before_the_groups_of_a_table() -> None:
    assert groups("([xy])[0-9]", entry("x1", "one"), entry("y1", "one")) == ["x", "y"]


def test_a_column_is_refused_where_no_sample_has_a_group() -> None:
    assert refused("patient", entry("a"), entry("b")) == (
        "group_by is 'patient': a plain word is a column of a table, and no sample has a group from one. "
        "For groups by path give a pattern, as in '(patient_[0-9]+)'."
    )


def test_a_pattern_that_fits_nothing_is_refused_with_a_path() -> None:
    assert refused("(p[0-9]+)", entry("cat/1.png"), entry("cat/2.png")) == (
        "group_by is '(p[0-9]+)', which fits none of 2 paths, as 'cat/1.png'. "
        "Its first bracket must take the name of the group out of the path."
    )


def test_a_pattern_that_makes_one_group_of_all_is_refused_by_its_name() -> None:
    assert refused("([a-z]+)/", entry("cat/1.png"), entry("cat/2.png")) == (
        "group_by is '([a-z]+)/', by which all 2 samples are in one group, 'cat'. "
        "Its first bracket must take what differs from group to group, as in '(patient_[0-9]+)'."
    )


def test_a_group_in_two_given_parts_is_a_leak_with_its_counts() -> None:
    parts: dict[Part, list[Entry]] = {
        "train": [entry("1", "p"), entry("2", "p"), entry("3", "q"), entry("4")],
        "val": [],
        "test": [entry("5", "p"), entry("6")],
    }
    (issue,) = shared_groups(parts)
    assert (issue.path, issue.kind) == ("p", "leak")
    assert issue.detail == "the group 'p' stands in train (2 samples), test (1 sample)"
    assert re.search("one of them", issue.suggestion)
    assert described_groups(parts) == ["2 groups, 1 of them in two parts", "2 samples in no group"]


def test_nothing_is_said_of_groups_where_there_are_none() -> None:
    assert described_groups({"train": [entry("1")], "val": [], "test": []}) == []
