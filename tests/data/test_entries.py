"""Entries in columns are like a tuple of entries; and what they take."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellapart.data.entries import Entries
from tellapart.data.source import Entry
from tellapart.data.sources.known import Headers
from tellapart.data.sources.pictures import PictureSource
from tellapart.data.sources.places import Places
from tellapart.data.sources.placing import placed
from tellapart.data.texts import Texts

ENTRY = st.builds(
    Entry,
    id=st.text(max_size=5),
    label=st.sampled_from("ab"),
    part=st.sampled_from([None, "train", "val", "test"]),
    digest=st.binary(min_size=16, max_size=16),
    shape=st.sampled_from([(4, 6, 3), (1, 1, 1)]),
    group=st.sampled_from([None, "film"]),
    weight=st.sampled_from([None, 0.0, 0.1]),
    block=st.integers(0, 2),
)


@given(st.lists(ENTRY, max_size=9), st.slices(9))
def test_entries_are_like_a_tuple_of_them(entries: list[Entry], some: slice) -> None:
    column = Entries.of(entries)
    assert (len(column), list(column), column[some]) == (len(entries), entries, entries[some])
    assert [column[row] for row in range(-len(entries), len(entries))] == entries * 2
    assert column == tuple(entries)


@given(st.lists(ENTRY, min_size=1, max_size=4), ENTRY)
def test_other_entries_are_not_equal(entries: list[Entry], other: Entry) -> None:
    column = Entries.of(entries)
    assert column != entries[1:]
    assert (column == [other, *entries[1:]]) == (other == entries[0])
    assert column != "no entries"


def test_what_no_entry_says_takes_no_column() -> None:
    entry = Entry(id="1", label="a", part=None, digest=bytes(16), shape=(4,))
    column = Entries.of([entry, entry])
    assert (column.groups, column.weights, column.blocks) == (None, None, None)


N = 50_000
MOST_BYTES_EACH = 250
"""While they are listed; as objects they took 1,000."""
KEPT_BYTES_EACH = 100
"""Once they are listed."""


def test_fifty_thousand_pictures_take_few_bytes_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def listing() -> tuple[Places, list]:  # type: ignore[type-arg]
        paths = Texts(f"class-{number % 10}/photo-{number}.png" for number in range(N))
        return placed("photos", paths, (), np.zeros((N, 2), np.int64))

    def headers(self: object, hashes: object, stamps: object) -> Headers:
        return Headers(digests=np.zeros(N, "V16"), shapes=np.full((N, 3), 9, np.int32))

    monkeypatch.setattr("tellapart.data.sources.known.Known.headers", headers)
    source = PictureSource("photos", "photos", listing, lambda _: b"")
    tracemalloc.start()
    try:
        entries, _ = source.entries()
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(entries) == N
    assert most / N < MOST_BYTES_EACH
    assert kept / N < KEPT_BYTES_EACH
