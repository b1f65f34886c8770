"""A sequence in a few kilobytes, by which its near copies are found: some steps of a series, the words of a text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from tellapart.data.source import Value
from tellapart.data.texts import Hashes, hashes_of
from tellapart.data.tokens import words_of
from tellapart.data.wording import decoded

MOST_VALUES = 1024
"""Of a series: as many of its steps, evenly, as come to so many values."""
LEAST_STEPS = 8
"""That are kept of a series of however many channels."""
MOST_HASHES = 256
"""Of a text: the smallest ones, which are a fair sample of them all (Broder 1997)."""


@dataclass(frozen=True, kw_only=True)
class StepGist:
    """What is kept of a series or a recording."""

    shape: tuple[int, ...]
    """(T, C) of the whole."""
    steps: Value
    """float32 (t, C), NaN where a value is missing."""


@dataclass(frozen=True, kw_only=True)
class WordGist:
    """What is kept of a text: its words in small letters, without punctuation."""

    whole: bytes
    """16 bytes, a hash of all the words in their order."""
    words: int
    hashes: Hashes
    """uint64, sorted, of the different words and pairs of words, the smallest."""


def gist_of(value: Value) -> StepGist | WordGist:
    """Of a series or a recording (T, C), or of the UTF-8 of a text (T,)."""
    return gist_of_text(decoded(value)) if value.ndim == 1 else gist_of_steps(value)


def gist_of_steps(value: Value) -> StepGist:
    """Evenly spread steps of a series (T, C)."""
    count = min(len(value), max(LEAST_STEPS, MOST_VALUES // value.shape[1]))
    places = np.linspace(0, max(0, len(value) - 1), count).round().astype(np.int64)
    return StepGist(shape=value.shape, steps=value[places].astype(np.float32))


def gist_of_text(text: str) -> WordGist:
    """Of the beginning of a text, as far as words are looked at: see `tokens.words_of`."""
    words = [word for word in words_of(text) if not _is_punctuation(word)]
    pairs = (f"{one} {other}" for one, other in pairwise(words))
    hashes = np.unique(hashes_of({*words, *pairs}))[:MOST_HASHES]
    whole = blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return WordGist(whole=whole, words=len(words), hashes=hashes)


def _is_punctuation(word: str) -> bool:
    return len(word) == 1 and unicodedata.category(word).startswith("P")
