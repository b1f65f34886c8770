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
from tellapart.models.ngrams import BUCKET_BITS, FACTOR, LETTERS, MIX, NGrams
from tellapart.types import DataSpec

WORD = re.compile(rb"[a-z0-9'\x80-\xff]+")


def tokens(*texts):
    """Texts as bytes plus 1, padded, and their lengths."""
    rows = [torch.tensor(list(text.encode())) + 1 for text in texts]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


def stretches(text):
    """Each n-gram of letters of a text with its length, and each word and pair of words that follow each other."""
    small = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in text.encode())
    letters = [(n, small[i : i + n]) for n in LETTERS for i in range(len(small) - n + 1)]
    words = [(found.start(), found.end()) for found in WORD.finditer(small)]
    single = [(17, small[start:end]) for start, end in words]
    pairs = [(29, small[start:end]) for (start, _), (_, end) in itertools.pairwise(words)]
    return letters, single + pairs


def signed(number):
    """Modulo 2^64, as int64 has it."""
    return (number + 2**63) % 2**64 - 2**63


def bucket(salt, stretch):
    """By the formula of the hash, a letter after the other."""
    found = signed(salt + sum((byte + 1) * pow(FACTOR, place, 2**64) for place, byte in enumerate(stretch)))
    spread = signed(found * MIX)
    return (signed((spread ^ (spread >> 29)) * MIX) >> 35) % 2 ** (BUCKET_BITS - 1)


@settings(deadline=None, max_examples=60)
@given(text=st.text(alphabet="aAbB '1é,.", min_size=1, max_size=30))
def test_each_n_gram_is_counted_in_its_bucket_as_often_as_a_loop_finds_it(text):
    counts = NGrams().counts(*tokens(text))[0]
    for half, found in zip(counts.chunk(2), stretches(text), strict=True):
        wanted = Counter(bucket(*each) for each in found)
        assert {place: half[place].item() for place in half.nonzero().flatten().tolist()} == wanted


def test_other_stretches_seldom_share_a_bucket():
    words = [f"{a}{b}{c}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"]
    assert len({bucket(17, word.encode()) for word in words}) > 0.95 * len(words)


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
