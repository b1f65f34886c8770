"""Near copies among texts."""

import numpy as np
import pytest

from tellapart.data.gist import gist_of_text
from tellapart.data.near_texts import near_texts, shared

WORDS = [f"word{number}" for number in range(2000)]


def made(count: int, words: int = 60, seed: int = 0) -> list[str]:
    draws = np.random.default_rng(seed)
    return [" ".join(draws.choice(WORDS, words)) for _ in range(count)]


def pairs(texts: list[str]) -> list[tuple[int, int]]:
    return [(pair.first, pair.second) for pair in near_texts([gist_of_text(text) for text in texts])]


@pytest.mark.parametrize("count", [1, 2, 9, 300])
def test_no_two_of_different_texts_are_copies(count: int) -> None:
    assert pairs(made(count)) == []


@pytest.mark.parametrize("count", [2, 9, 300])
def test_the_same_words_and_nearly_the_same_words_are_copies(count: int) -> None:
    texts = made(count)
    changed = texts[1].split()
    changed[20] = "another"
    assert pairs([*texts, texts[0].upper().replace(" ", ",\n"), " ".join(changed)]) == [(0, count), (1, count + 1)]


def test_one_other_word_in_ten_makes_another_text() -> None:
    texts = made(20, words=10)
    assert pairs([*texts, texts[0].replace(texts[0].split()[4], "not")]) == []


def test_forms_that_all_share_their_words_are_copies_up_to_case_and_punctuation_alone() -> None:
    form = made(1)[0]
    texts = [f"{form} for customer {number}" for number in range(40)]
    assert pairs([*texts, texts[7].upper()]) == [(7, 40)]


def test_texts_without_a_word_are_copies_of_none() -> None:
    assert pairs(["", "!!!", "???", "...", "a text"]) == []


def test_emoji_and_letters_without_spaces_between_count_as_words() -> None:
    assert pairs(["👍", "👎", "👩\u200d👩\u200d👧", "👩\u200d👩\u200d👦"]) == []
    assert pairs(["今日は天気がいい", "今日は天気がいい。"]) == [(0, 1)]


@pytest.mark.parametrize("words", [40, 3000])
def test_the_share_of_short_texts_is_exact_and_that_of_long_ones_close(words: int) -> None:
    names = [str(number) for number in range(words)]
    one, other = " ".join(names), " ".join([*names[: words // 2], *(f"x{name}" for name in names[words // 2 :])])
    exact = (words - 1) / (3 * words - 1)  # half of the words, half of the pairs without the one across
    found = shared(gist_of_text(one), gist_of_text(other))
    assert found == pytest.approx(exact, abs=1e-9 if words == 40 else 0.09)
