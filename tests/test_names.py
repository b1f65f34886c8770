"""Words: natural order, near misses, lists for a sentence."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellapart.names import boxed, counted, did_you_mean, listed, natural_key, naturally_sorted


def test_numbers_in_a_name_count_as_numbers() -> None:
    names = ["class10", "class2", "class1", "b", "10", "9", "a2b10", "a2b9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a2b9", "a2b10", "b", "class1", "class2", "class10"]


def test_a_name_goes_before_the_same_name_with_a_number() -> None:
    assert sorted(["cat2", "cat", "cat1"], key=natural_key) == ["cat", "cat1", "cat2"]


def test_digits_of_other_scripts_count_as_numbers() -> None:
    assert sorted(["x١٠", "x٩"], key=natural_key) == ["x٩", "x١٠"]


@given(st.lists(st.text(max_size=6) | st.from_regex(r"[a-b0-2²]{0,4}", fullmatch=True), max_size=6))
def test_any_names_can_be_compared(names: list[str]) -> None:
    assert len(sorted(names, key=natural_key)) == len(names)


@pytest.mark.parametrize(("one", "other"), [("1", "01"), ("img1", "img001"), ("a", "A"), ("1", "١"), ("", "0")])
def test_different_names_never_tie(one: str, other: str) -> None:
    # classes are sorted out of a set: a tie would leave their order, and so the logits', to the hash seed
    assert natural_key(one) != natural_key(other)


def test_a_short_list_is_written_out() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(iter(["a"])) == "a"
    assert listed([]) == ""


def test_the_rest_of_a_long_list_is_counted() -> None:
    assert listed(map(str, range(5)), most=3) == "0, 1, 2 and 2 more"
    assert listed(map(str, range(12))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    assert listed(map(str, range(13))).endswith("11 and 1 more")


def test_a_near_word_is_offered() -> None:
    assert did_you_mean("cmn", ["cnn", "mlp"]) == "Did you mean 'cnn'? There are: cnn, mlp."


def test_without_a_near_word_only_the_choices_are_told() -> None:
    assert did_you_mean("transformer", ["cnn", "mlp"]) == "There are: cnn, mlp."


def test_the_choices_may_come_from_an_iterator() -> None:
    assert did_you_mean("cnm", iter(["cnn", "mlp"])) == "Did you mean 'cnn'? There are: cnn, mlp."


@pytest.mark.parametrize(
    ("count", "thing", "words"),
    [
        (0, "picture", "0 pictures"),
        (1, "picture", "1 picture"),
        (2, "picture", "2 pictures"),
        (1, "class", "1 class"),
        (3, "class", "3 classes"),
        (2, "box", "2 boxes"),
        (12345, "epoch", "12,345 epochs"),
    ],
)
def test_things_are_counted_in_words(count: int, thing: str, words: str) -> None:
    assert counted(count, thing) == words


def words_and_numbers(text: str) -> tuple[tuple[int, int | str], ...]:
    """What the key stands for: numbers before words, and a text before what it begins."""
    parts = ((0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text) if part)
    return (*parts, (-1, text))


@given(st.lists(st.text(st.sampled_from("a\x01b019١/"), max_size=6), max_size=9))
def test_the_key_puts_words_and_numbers_in_order(texts: list[str]) -> None:
    assert sorted(texts, key=natural_key) == sorted(texts, key=words_and_numbers)


@given(st.lists(st.text(st.sampled_from("a0129/"), max_size=6), max_size=9))
def test_sorting_naturally_is_sorting_by_the_natural_key(texts: list[str]) -> None:
    assert naturally_sorted(texts, str) == sorted(texts, key=lambda text: (natural_key(text), text))


@given(st.lists(st.integers(0, 9999), max_size=9))
def test_names_of_one_form_are_sorted_by_their_numbers(numbers: list[int]) -> None:
    assert naturally_sorted([f"p{number:04d}.png" for number in numbers], str) == [
        f"p{number:04d}.png" for number in sorted(numbers)
    ]


def test_what_cannot_be_printed_is_a_box_unless_it_is_to_stay():
    assert boxed("a\x1bb\u200d") == "a\N{WHITE SQUARE}b\N{WHITE SQUARE}"
    assert boxed("a\u200db", but="\u200d") == "a\u200db"
