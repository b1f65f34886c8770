"""What is kept of a sequence for the search of near copies."""

import numpy as np
import pytest

from tellapart.data.gist import MOST_HASHES, WordGist, gist_of, gist_of_text


def test_a_short_series_is_kept_as_it_is_and_a_long_one_evenly() -> None:
    short = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert np.array_equal(gist_of(short).steps, short)
    long = gist_of(np.arange(100_000, dtype=np.float32)[:, None])
    assert (long.shape, long.steps.shape) == ((100_000, 1), (1024, 1))
    assert (long.steps[0], long.steps[-1]) == (0, 99_999)


def test_a_series_of_thousands_of_channels_keeps_some_of_its_steps() -> None:
    assert gist_of(np.zeros((50, 3000), np.float32)).steps.shape == (8, 3000)


def test_a_series_of_no_length_has_an_empty_gist() -> None:
    assert gist_of(np.zeros((0, 2), np.float32)).steps.shape == (0, 2)


@pytest.mark.parametrize("other", ["see you at 5", "SEE you,\n at... 5!", "  see\u3000you at\t5 "])
def test_case_punctuation_and_white_space_do_not_count(other: str) -> None:
    assert gist_of_text(other).whole == gist_of_text("See you at 5.").whole


@pytest.mark.parametrize(("text", "words"), [("", 0), ("?! ...", 0), ("👩\u200d👩\u200d👧 hi", 2), ("\ud800", 1)])
def test_odd_texts_have_the_words_that_they_have(text: str, words: int) -> None:
    gist = gist_of(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8))
    assert isinstance(gist, WordGist)
    assert gist.words == words


def test_a_text_of_ten_million_letters_is_kept_in_as_little() -> None:
    gist = gist_of_text("some words of a line " * 500_000)
    assert gist.words == 10_000
    assert len(gist_of_text(" ".join(map(str, range(5000)))).hashes) == MOST_HASHES
