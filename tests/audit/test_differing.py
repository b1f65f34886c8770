"""Where two texts that are nearly the same differ."""

from hypothesis import given
from hypothesis import strategies as st

from tellapart.audit.differing import differing

TEXTS = st.lists(st.sampled_from(["a", "B", "b", "c,", "42", "…"]), max_size=12).map(" ".join)


def marked(one: str, other: str) -> tuple[list[str], list[str]]:
    first, second = differing(one, other)
    return [words for words, mark in first if mark], [words for words, mark in second if mark]


def test_the_words_that_the_other_one_lacks_are_marked() -> None:
    assert marked("call 240 now and win", "call 265 now and win big") == (["240"], ["265", "big"])


def test_case_does_not_count() -> None:
    assert marked("Call me NOW", "call ME now") == ([], [])


def test_where_a_text_was_cut_is_no_difference() -> None:
    assert marked("one two three four and five…", "one two 3 three four and…") == ([], ["3"])


def test_texts_that_share_little_are_not_marked() -> None:
    assert marked("one two three", "four five three") == ([], [])


@given(TEXTS, TEXTS)
def test_the_stretches_are_the_text(one: str, other: str) -> None:
    for stretches, text in zip(differing(one, other), (one, other), strict=True):
        assert " ".join(words for words, _ in stretches) == text
