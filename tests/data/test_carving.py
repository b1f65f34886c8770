"""Whole units leave training: groups, and what looks alike; where they go is theirs alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.config import DataConfig
from tellapart.data.carving import carved
from tellapart.data.source import Entry
from tellapart.data.split import Split, described, split_entries
from tellapart.errors import DataError
from tellapart.types import PARTS, Part

CONFIG = DataConfig(val_share=0.2, test_share=0.2)


def sample(number: int, label: str, group: str | None = None, part: Part | None = None) -> Entry:
    digest = number.to_bytes(8, "big") * 2
    return Entry(id=f"{label}/{number}", label=label, part=part, digest=digest, shape=(1, 1, 1), group=group)


def grouped(groups: int, each: int, start: int = 0) -> list[Entry]:
    """Groups of two classes."""
    return [
        sample(1000 * (start + group) + number, "ab"[number % 2], f"p{start + group}")
        for group in range(groups)
        for number in range(each)
    ]


def places(split: Split) -> dict[str, Part]:
    return {e.id: part for part in PARTS for e in split.parts[part]}


samples = st.lists(
    st.builds(sample, st.integers(0, 40), st.sampled_from("ab"), st.sampled_from("pqrstuvw") | st.none()),
    min_size=2,
    max_size=50,
    unique_by=lambda e: e.id,
)
numbers = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5)


def split_of(entries: list[Entry], pairs: list[tuple[int, int]], config: DataConfig = CONFIG) -> Split | None:
    """The split with these contents looking alike; None where it is refused."""
    alike = [(one.to_bytes(8, "big") * 2, other.to_bytes(8, "big") * 2) for one, other in pairs]
    try:
        return split_entries(entries, config, lambda _: alike)
    except DataError:
        return None


@given(samples, numbers, st.integers(0, 3) | st.none())
@settings(deadline=None)
def test_no_group_and_no_look_is_on_two_sides(
    entries: list[Entry], pairs: list[tuple[int, int]], fold: int | None
) -> None:
    folds = {} if fold is None else {"folds": 4, "fold": fold}
    split = split_of(entries, pairs, DataConfig(val_share=0.2, test_share=0.2, **folds))
    if split is None:
        return
    where = places(split)
    for one in entries:
        for other in entries:
            alike = {(int(one.id[2:]), int(other.id[2:])), (int(other.id[2:]), int(one.id[2:]))} & set(pairs)
            if one.digest == other.digest or alike or (one.group is not None and one.group == other.group):
                assert where[one.id] == where[other.id]
    assert not [issue for issue in split.issues if issue.kind == "leak"]


@given(samples, numbers, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_samples_has_no_say(
    entries: list[Entry], pairs: list[tuple[int, int]], random: object
) -> None:
    mixed = list(entries)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = split_of(entries, pairs), split_of(mixed, pairs[::-1])
    assert (one is None) == (other is None)
    assert one is None or other is None or places(one) == places(other)


@pytest.mark.parametrize("seed", range(5))
def test_pictures_and_groups_that_are_added_move_no_other(seed: int) -> None:
    config = DataConfig(split_seed=seed)
    before = grouped(60, 4)
    after = places(split_entries([*before, *grouped(60, 9), *grouped(30, 4, start=500)], config))
    then = places(split_entries(before, config))
    assert {name: after[name] for name in then} == then


def test_a_group_goes_whole_and_groups_fill_the_shares() -> None:
    where = places(split_entries(grouped(400, 4), CONFIG))
    counts = [sum(place == part for place in where.values()) / len(where) for part in PARTS]
    assert counts == pytest.approx([0.6, 0.2, 0.2], abs=0.08)


def test_two_groups_that_each_have_all_classes_make_training_and_a_test_part() -> None:
    split = split_entries(grouped(2, 6), CONFIG)
    assert [len(split.parts[part]) for part in PARTS] == [6, 0, 6]


def test_a_group_over_given_parts_stays_and_is_a_leak_by_name() -> None:
    entries = [*grouped(9, 4), *(sample(90_000 + k, "ab"[k], "p3", "test") for k in range(2))]
    split = split_entries(entries, CONFIG)
    assert split.carved == ("val",)
    assert len(split.parts["test"]) == 2
    (issue,) = split.issues
    assert (issue.path, issue.kind) == ("p3", "leak")
    assert "9 groups, 1 of them in two parts" in described(split)


def test_the_groups_of_a_pattern_go_into_the_split() -> None:
    entries = [sample(number, "ab"[number % 2]) for number in range(400)]
    split = split_entries(entries, DataConfig(group_by="([0-9]?)[0-9]$"))
    where = places(split)
    assert all(
        len({where[e.id] for e in entries if int(e.id[2:]) > 9 and int(e.id[2:]) // 10 % 10 == ten}) == 1
        for ten in range(10)
    )
    assert "; 10 groups, 0 of them in two parts; 10 samples in no group" in described(split)


def test_near_copies_are_told_and_asked_for_only_where_something_is_carved() -> None:
    entries = grouped(40, 2)
    pair = (entries[0].digest, entries[9].digest)
    assert "1 pair of near copies kept together" in described(split_entries(entries, CONFIG, lambda _: [pair]))

    def never(_: object) -> list[tuple[bytes, bytes]]:
        raise AssertionError

    assert split_entries(entries, DataConfig(val_share=0, test_share=0), never).carved == ()


def test_what_hangs_together_as_one_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        split_entries(grouped(1, 8), CONFIG)
    assert str(caught.value) == (
        "All 8 training samples hang together, by group or by looks, and no unit is cut. "
        "Give val and test of their own, or set val_share and test_share to 0."
    )


def test_a_unit_of_two_classes_counts_for_both() -> None:
    units = [bytes([k]) * 16 for k in range(3) for _ in range(2)]
    where = carved(units, ["a", "b"] * 3, {"val": 0.0, "test": 0.0}, 0)
    assert sorted(where.values()) == ["test", "train", "val"]
