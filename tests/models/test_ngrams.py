"""N-grams of letters and words: counted as a loop over the text would, by hashes that know a stretch wherever it is."""

import itertools
import re
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.config import ModelConfig
from tellapart.errors import SettingError
from tellapart.models import build_model
from tellapart.models.ngrams import LETTERS, NGrams
from tellapart.types import DataSpec

WORD = re.compile(rb"[a-z0-9'\x80-\xff]+")


def tokens(*texts):
    """Texts as bytes plus 1, padded, and their lengths."""
    rows = [torch.tensor(list(text.encode())) + 1 for text in texts]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


def counted(text):
    """How often each n-gram of letters stands in a text, and each word or pair of words that follow each other."""
    small = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in text.encode())
    letters = Counter((n, small[i : i + n]) for n in LETTERS for i in range(len(small) - n + 1))
    words = [(found.start(), found.end()) for found in WORD.finditer(small)]
    single = Counter((17, small[start:end]) for start, end in words)
    pairs = Counter((29, small[start:end]) for (start, _), (_, end) in itertools.pairwise(words))
    return letters, single + pairs


@settings(deadline=None, max_examples=60)
@given(text=st.text(alphabet="aAbB '1é,.", min_size=1, max_size=30))
def test_each_n_gram_is_counted_as_often_as_a_loop_finds_it(text):
    counts = NGrams().counts(*tokens(text))[0]
    for half, wanted in zip(counts.chunk(2), counted(text), strict=True):
        assert half.sum() == sum(wanted.values())
        assert sorted(half[half > 0].tolist()) == sorted(map(float, wanted.values())) or half.count_nonzero() < len(
            wanted
        )


def test_a_word_is_known_wherever_it_stands_and_however_it_is_written():
    first, second, other = NGrams().counts(*tokens("win", "And then, you WIN!", "And then, you lost!"))
    words = first[len(first) // 2 :] > 0
    assert words.sum() == 1
    assert second[len(first) // 2 :][words] == 1
    assert other[len(first) // 2 :][words] == 0


def test_words_in_another_order_are_other_pairs():
    one, other = NGrams().counts(*tokens("not bad", "bad not"))
    half = len(one) // 2
    assert (one[half:] * other[half:]).sum() == 2
    assert one[half:].sum() == other[half:].sum() == 3


def test_what_is_rare_among_the_texts_that_were_looked_at_weighs_more():
    module = build_model(ModelConfig(model="ngrams"), spec(), 0, *tokens(*["the cat"] * 20, "the dog"))
    weights = module.body.idf
    common, rare = (module.body.counts(*tokens(word))[0][len(weights) // 2 :].argmax() for word in ("the", "dog"))
    half = weights[len(weights) // 2 :]
    assert half[rare] > 2 * half[common]
    assert half[common] == pytest.approx(1.0)


def test_texts_that_are_cut_into_words_are_refused():
    with pytest.raises(SettingError, match="set tokens to bytes"):
        build_model(ModelConfig(model="ngrams"), spec(tokens="words"), 0)


def spec(**fields):
    return DataSpec(kind="text", shape=(20,), classes=("a", "b"), mean=(), std=(), **fields)
