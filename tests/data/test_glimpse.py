"""How a text begins, so that it can be shown anywhere."""

import pytest

from tellapart.data.glimpse import LETTERS, begins
from tellapart.data.wording import encoded


def beginning(text: str) -> str:
    return begins(encoded(text))


def test_a_short_text_is_shown_whole_in_one_line() -> None:
    assert beginning("  see you\r\n\tat  five ") == "see you at five"


def test_a_long_one_ends_with_an_ellipsis_behind_a_whole_word() -> None:
    shown = beginning("word " * 1000)
    assert shown.endswith("word…")
    assert LETTERS - 10 < len(shown) <= LETTERS + 1


@pytest.mark.parametrize("length", [LETTERS, LETTERS + 1])
def test_one_word_is_cut_where_it_is_too_long(length: int) -> None:
    assert beginning("x" * length) == "x" * LETTERS + "…" * (length > LETTERS)


def test_what_is_behind_much_space_is_shown_and_space_at_the_end_is_nothing_more() -> None:
    assert beginning("\u3000" * 100_000 + "here" + " " * 100_000) == "here"
    assert beginning("here" + " " * 100_000 + "there") == "here…"


@pytest.mark.parametrize("letter", ["\x1b", "\x07", "\u202e", "\u2066", "\x9b", "\ufeff", "\ue000"])
def test_what_steers_a_terminal_or_other_letters_is_a_box(letter: str) -> None:
    assert beginning(f"a{letter}[31mb") == "a\N{WHITE SQUARE}[31mb"


def test_emoji_of_several_and_letters_of_all_scripts_stay_what_they_are() -> None:
    text = "👩\u200d👩\u200d👧 مرحبا 今日は ne\u0301e"
    assert beginning(text) == text


def test_half_of_a_letter_is_replaced() -> None:
    assert beginning("\ud800 half") == "\ufffd half"
