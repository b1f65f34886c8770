"""Text as numbers of tokens: bytes come back as they were, words are what a reader calls so, nothing takes long."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellapart.data import tokens
from tellapart.data.tokens import MOST_TOKENS, bytes_of, text_of_bytes, token_numbers, vocabulary_of, words_of
from tellapart.errors import UnreadableError
from tellapart.types import DataSpec

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]))
"""Lone surrogates among them."""
FAMILY, THUMB = "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd"


def spec(**said: Any) -> DataSpec:
    return DataSpec(kind="text", shape=(8,), classes=("a", "b"), mean=(), std=(), **said)


@given(ANY_TEXT)
def test_the_bytes_of_any_text_give_it_back(text: str) -> None:
    numbers = bytes_of(text)
    assert numbers.dtype == np.int64
    assert text_of_bytes(numbers) == text
    assert len(numbers) == 0 or 1 <= numbers.min() <= numbers.max() <= 256


@given(st.text(), st.integers(0, 5))
def test_the_first_bytes_are_those_of_the_whole_text(text: str, most: int) -> None:
    assert bytes_of(text, most).tolist() == bytes_of(text)[:most].tolist()


def test_a_byte_is_its_value_plus_one() -> None:
    assert bytes_of("aé\0").tolist() == [98, 0xC3 + 1, 0xA9 + 1, 1]


def test_a_lone_surrogate_is_three_bytes() -> None:
    assert (bytes_of("\ud800") - 1).tolist() == [0xED, 0xA0, 0x80]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't pay $3.50!", ["don't", "pay", "$", "3.50", "!"]),
        ("It’s HERE...", ["it's", "here", ".", ".", "."]),
        ("3rd 1,000.5 10.", ["3rd", "1,000.5", "10", "."]),
        ("www.a-b.com/c?d=1", ["www", ".", "a", "-", "b", ".", "com", "/", "c", "?", "d", "=", "1"]),
        ("Straße ÉCOLE e\u0301cole", ["straße", "école", "école"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("今天 ok", ["今", "天", "ok"]),
        (f"hi{FAMILY}{THUMB}{THUMB} \u2764\ufe0f", ["hi", FAMILY, THUMB, THUMB, "\u2764\ufe0f"]),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"]),
        ("a\ud800b", ["a", "\ufffd", "b"]),
        ("\ud83d\ude00", ["\U0001f600"]),
        ("a\u00a0b\u2003c\n\td", ["a", "b", "c", "d"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_are_small_and_signs_stand_alone(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(ANY_TEXT)
def test_the_words_of_any_text_hold_no_space_and_can_be_written(text: str) -> None:
    words = words_of(text)
    assert all(word and not any(letter.isspace() for letter in word) for word in words)
    "".join(words).encode()
    assert bool(words) == bool(text.strip())


@given(st.text(st.characters(max_codepoint=127)))
def test_of_plain_text_words_leave_out_space_alone(text: str) -> None:
    assert "".join(words_of(text)) == "".join(text.lower().split())


def test_a_vocabulary_is_by_how_often_and_then_by_alphabet() -> None:
    texts = ["b a c", "A b, c", "a rare"]
    assert vocabulary_of(texts) == ("a", "b", "c")
    assert vocabulary_of(reversed(texts)) == ("a", "b", "c")
    assert vocabulary_of(texts, most=2) == ("a", "b")
    assert vocabulary_of(texts, least=1) == ("a", "b", "c", ",", "rare")
    assert vocabulary_of([]) == ()


def test_a_vocabulary_has_no_words_that_are_no_words() -> None:
    assert vocabulary_of(["x" * 101, "x" * 101, "ok ok"]) == ("ok",)


def test_a_count_that_grows_too_large_lets_single_words_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_COUNTED", 50)
    texts = [f"w{number} often" for number in range(200)]
    assert vocabulary_of(texts, least=1)[0] == "often"
    assert len(vocabulary_of(texts, least=1)) <= 51


def test_the_numbers_of_words_are_those_of_the_vocabulary() -> None:
    words = spec(tokens="words", vocabulary=("the", "cat"))
    numbers = token_numbers("The cat, the dog", words)
    assert (numbers.tolist(), numbers.dtype) == ([2, 3, 1, 2, 1], np.int64)
    assert numbers.max() < words.token_count
    assert token_numbers("cat", spec(tokens="words", vocabulary=("cat",))).tolist() == [2]
    assert token_numbers("cat", words).tolist() == [3]


def test_the_numbers_of_bytes_are_their_values_plus_one() -> None:
    assert token_numbers("ab", spec()).tolist() == [98, 99]


@given(ANY_TEXT)
def test_any_text_has_numbers_below_the_count_or_is_empty(text: str) -> None:
    for each in (spec(), spec(tokens="words", vocabulary=("a", "\ufffd"))):
        try:
            numbers = token_numbers(text, each)
        except UnreadableError:
            assert not text.strip()
        else:
            assert 1 <= numbers.min() <= numbers.max() < each.token_count


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
@pytest.mark.parametrize("each", ["bytes", "words"])
def test_an_empty_text_is_refused(text: str, each: Any) -> None:
    with pytest.raises(UnreadableError, match=r"^empty text$"):
        token_numbers(text, spec(tokens=each))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10**7,
        "hello world " * 10**6,
        "a" + "\u0301\u0328" * 5 * 10**6,
        "\u0344" * 10**7,
        "\U0001f469\u200d" * 3 * 10**6,
        "a'" * 5 * 10**6,
        "1," * 5 * 10**6,
        "\ud800" * 10**7,
        "ß\u0130" * 5 * 10**6,
    ],
    ids=["one-word", "words", "marks", "marks-of-two", "joiners", "apostrophes", "numbers", "surrogates", "growing"],
)
def test_ten_megabytes_in_one_line_are_quick(text: str) -> None:
    start = time.process_time()
    assert len(token_numbers(text, spec())) == MOST_TOKENS["bytes"]
    assert 1 <= len(token_numbers(text, spec(tokens="words"))) <= MOST_TOKENS["words"]
    assert time.process_time() - start < 5


def test_a_text_that_is_space_for_too_long_is_refused() -> None:
    with pytest.raises(UnreadableError, match="nothing but space in its first 500,000 letters"):
        token_numbers(" " * 10**6 + "x", spec(tokens="words"))
