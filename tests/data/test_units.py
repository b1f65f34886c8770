"""What stays together: one content, one group, pictures that look alike, and chains of these."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.data.source import Entry
from tellapart.data.units import units_of


def sample(content: int, group: str | None = None) -> Entry:
    return Entry(id="", label="a", part=None, digest=digest_of(content), shape=(1, 1, 1), group=group)


def digest_of(content: int) -> bytes:
    return hashlib.blake2b(str(content).encode(), digest_size=16).digest()


entries = st.lists(st.builds(sample, st.integers(0, 15), st.sampled_from("pqrst") | st.none()), max_size=20)
pairs = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=6).map(
    lambda pairs: [(digest_of(one), digest_of(other)) for one, other in pairs]
)


def by_hand(entries: list[Entry], pairs: list[tuple[bytes, bytes]]) -> list[set[int]]:
    """The rows of each sample's unit, by spreading until nothing is added."""
    near = {frozenset(pair) for pair in pairs}
    units = [{row} for row in range(len(entries))]
    hidden = {digest for pair in pairs for digest in pair} - {entry.digest for entry in entries}
    nodes = [*entries, *(sample(0) for _ in hidden)]
    for place, digest in enumerate(sorted(hidden), start=len(entries)):
        nodes[place] = Entry(id="", label="", part=None, digest=digest, shape=(1,))
        units.append({place})
    changed = True
    while changed:
        changed = False
        for a, one in enumerate(nodes):
            for b, other in enumerate(nodes):
                alike = one.digest == other.digest or frozenset((one.digest, other.digest)) in near
                if (alike or (one.group is not None and one.group == other.group)) and units[a] != units[b]:
                    whole = units[a] | units[b]
                    for row in whole:
                        units[row] = whole
                    changed = True
    return [{row for row in unit if row < len(entries)} for unit in units[: len(entries)]]


@given(entries, pairs)
@settings(deadline=None)
def test_units_are_what_hangs_together(entries: list[Entry], pairs: list[tuple[bytes, bytes]]) -> None:
    keys = units_of(entries, pairs)
    together = [{row for row, key in enumerate(keys) if key == mine} for mine in keys]
    assert together == by_hand(entries, pairs)


@given(entries, pairs, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_neither_the_order_nor_the_side_of_a_pair_has_a_say(
    entries: list[Entry], pairs: list[tuple[bytes, bytes]], random: object
) -> None:
    order = list(range(len(entries)))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = units_of([entries[row] for row in order], [(b, a) for a, b in reversed(pairs)])
    assert turned == [units_of(entries, pairs)[row] for row in order]


def test_a_sample_alone_is_a_unit_by_its_content() -> None:
    assert units_of([sample(1), sample(2)]) == [digest_of(1), digest_of(2)]


@given(st.lists(st.builds(sample, st.integers(0, 50)), max_size=20), st.integers(0, 9))
def test_what_is_added_to_a_group_changes_no_key(more: list[Entry], start: int) -> None:
    group = [sample(100 + number, "patient") for number in range(start + 1)]
    joining = [Entry(id="", label="b", part=None, digest=e.digest, shape=e.shape, group="patient") for e in more]
    assert units_of([*group, *joining])[: len(group)] == units_of(group)


def test_a_sample_that_joins_two_groups_moves_one_of_them_alone() -> None:
    before = [sample(1, "p"), sample(2, "q"), sample(3, "r")]
    old, new = units_of(before), units_of([*before, sample(1, "q")])[:3]
    assert new[0] == new[1]
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


def test_a_group_is_not_the_content_of_the_same_bytes() -> None:
    key = units_of([sample(1, "p")])[0]
    alone = Entry(id="", label="a", part=None, digest=key, shape=(1, 1, 1))
    assert units_of([sample(1, "p"), sample(2)])[1] != key
    assert len({*units_of([sample(3, "q"), alone])}) == 2


def test_groups_named_in_odd_bytes_are_told_apart() -> None:
    assert len(set(units_of([sample(1, "\udcff"), sample(2, "\udcfe")]))) == 2
