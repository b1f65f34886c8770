"""Columns of short values: like lists of them, in a fraction of the memory."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellapart.data import texts as module
from tellapart.data.texts import Codes, Texts, hashes_of

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=5)  # lone surrogates too: a file may be named so


@given(st.lists(ANY_TEXT, max_size=9), st.slices(9))
def test_texts_are_like_a_list_of_them(words: list[str], some: slice) -> None:
    column = Texts(words)
    assert (len(column), list(column), column[some]) == (len(words), words, words[some])
    assert [column[row] for row in range(-len(words), len(words))] == words * 2


@given(st.lists(st.sampled_from("abc"), max_size=9), st.slices(9))
def test_codes_are_like_a_list_of_the_values(words: list[str], some: slice) -> None:
    column = Codes(words)
    assert (len(column), list(column), column[some]) == (len(words), words, words[some])
    assert column.values == list(dict.fromkeys(words))


@given(st.lists(ANY_TEXT, min_size=1, max_size=9), st.data())
def test_rows_are_taken_in_the_order_asked_for(words: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(words) - 1), max_size=9))
    for column in (Texts(words), Codes(words)):
        taken = column.taken(np.array(rows, np.int64))
        assert list(taken) == [words[row] for row in rows]


def test_what_is_taken_can_grow_and_changes_nothing_else() -> None:
    for column in (Texts("ab"), Codes("ab")):
        taken = column.taken(np.array([1]))
        taken.append("c")
        assert (list(taken), list(column)) == (["b", "c"], ["a", "b"])


def test_many_texts_are_gone_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    words = list("abcde")
    assert (list(Texts(words)), list(Texts(words).taken(np.arange(5)))) == (words, words)


def test_a_row_that_is_not_there_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        Texts(["a"])[1]


def test_a_change_of_the_values_keeps_their_rows() -> None:
    assert list(Codes(["cat/a", "dog/b", "cat/c"]).changed(lambda path: path[:3])) == ["cat", "dog", "cat"]


def test_a_hash_is_the_same_everywhere() -> None:
    digests = [hashlib.blake2b(name, digest_size=8).digest() for name in (b"a", b"\xed\xb3\xbf")]
    assert hashes_of(["a", "\udcff"]).tobytes() == b"".join(digests)
