"""Text as numbers of tokens: the bytes of its UTF-8, or its words by a vocabulary."""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from tellapart.errors import UnreadableError
from tellapart.types import DataSpec, Tokens

MOST_TOKENS: dict[Tokens, int] = {"bytes": 50_000, "words": 10_000}
"""Of one text; the rest of it is left out."""
MOST_LETTERS = 500_000
"""Of a text that is cut into words; the rest is not looked at."""
MOST_MARKS = 30
"""Marks on one letter, the rest are left out: putting n of them in order takes n squared steps. Thirty is what
Unicode's stream-safe format allows (UAX #15, section 13)."""
MOST_COUNTED = 2_000_000
"""Words that a count holds; where there are more, those that came once so far are let go."""
MOST_WORD_LETTERS = 100
OTHER, FIRST = 1, 2
"""Numbers of a word that is not in the vocabulary, and of the first one that is; 0 is padding."""

Numbers = np.ndarray[Any, np.dtype[np.int64]]
"""int64 (T,)."""
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
"""Chinese and Japanese letters: no space stands between words there, and each is a token by itself."""
SURROGATE = re.compile("[\ud800-\udfff]")


def bytes_of(text: str, most: int | None = None) -> Numbers:
    """int64 (T,), each byte of the UTF-8 plus 1, in [1, 256]; T is at most `most`, and 0 of an empty text.

    A lone surrogate is three bytes, as if it were a letter.
    """
    coded = text[:most].encode("utf-8", "surrogatepass")[:most]
    return np.frombuffer(coded, np.uint8).astype(np.int64) + 1


def text_of_bytes(numbers: Numbers) -> str:
    """The text that `bytes_of` was given; padding is passed over, and a letter that was cut through is U+FFFD."""
    coded = (numbers[numbers > 0] - 1).astype(np.uint8).tobytes()
    try:
        return coded.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return coded.decode("utf-8", "replace")


def beginning(numbers: Numbers, spec: DataSpec, most: int = 200) -> str:
    """So many letters of the text of some tokens, at most; an ellipsis stands for what is not in the vocabulary."""
    if spec.tokens == "bytes":
        text = text_of_bytes(numbers[: 4 * (most + 1)])
    else:
        kept = numbers[numbers >= OTHER][: most + 1].tolist()
        text = " ".join("…" if number < FIRST else spec.vocabulary[number - FIRST] for number in kept)
    return text if len(text) <= most else text[:most] + "…"


def words_of(text: str, most: int = MOST_TOKENS["words"]) -> list[str]:
    """Words in small letters, numbers, and every other sign by itself: `Don't pay $3.50!` is don't pay $ 3.50 !

    At most `most`. An emoji joined of several, with its colour, is one; a Chinese or Japanese letter is one. Letters
    are in NFC, a curled apostrophe is a straight one, and a lone surrogate is U+FFFD.
    """
    return list(islice(_words(text), most))


def vocabulary_of(texts: Iterable[str], most: int = 20_000, least: int = 2) -> tuple[str, ...]:
    """The words that stand most often, by how often and then by alphabet: at most `most`, each `least` times or more.

    Words of more than 100 letters are none of them.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
        if len(counts) > MOST_COUNTED:
            counts = Counter({word: count for word, count in counts.items() if count > 1})
    kept = [word for word, count in counts.items() if count >= least and len(word) <= MOST_WORD_LETTERS]
    return tuple(sorted(kept, key=lambda word: (-counts[word], word))[:most])


def token_numbers(text: str, spec: DataSpec) -> Numbers:
    """int64 (T,), T at least 1 and at most MOST_TOKENS; UnreadableError where a text has nothing but space."""
    if not text or text.isspace():
        raise UnreadableError("empty text")
    if spec.tokens == "bytes":
        return bytes_of(text, MOST_TOKENS["bytes"])
    known = _numbers_of(spec.vocabulary)
    words = words_of(text)
    if not words:
        raise UnreadableError(f"nothing but space in its first {MOST_LETTERS:,} letters")
    return np.fromiter((known.get(word, OTHER) for word in words), np.int64, len(words))


def _words(text: str) -> Iterator[str]:
    text = text[:MOST_LETTERS].lower()
    if not text.isascii():
        if SURROGATE.search(text):  # pairs of them become the letter that they stand for
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = unicodedata.normalize("NFC", _too_many_marks().sub(r"\1", text)).replace("’", "'")
    return (found[0] for found in _word().finditer(text))


@lru_cache(maxsize=1)
def _marks() -> str:
    """The marks of all scripts, for use within [] of a pattern; `re` does not count them to words."""
    kinds = "".join(unicodedata.category(chr(code))[0] for code in range(sys.maxunicode + 1))
    return "".join(f"{chr(run.start())}-{chr(run.end() - 1)}" for run in re.finditer("M+", kinds))


@lru_cache(maxsize=1)
def _too_many_marks() -> re.Pattern[str]:
    return re.compile(f"([{_marks()}]{{{MOST_MARKS}}})[{_marks()}]+")


@lru_cache(maxsize=1)
def _word() -> re.Pattern[str]:
    """A number, a word, or a sign; ++ gives nothing back, so that no text takes long."""
    marks = _marks()
    letters = rf"(?:[^\W{ALONE}]++[{marks}\u200c]*+)++"
    sign = rf"[^\s\w\u200d](?:[{marks}\U0001f3fb-\U0001f3ff])*+"
    return re.compile(
        rf"\d++(?:[.,]\d++)++(?!\w)|{letters}(?:'{letters})*+|[{ALONE}][{marks}]*+|[\U0001f1e6-\U0001f1ff]{{2}}"
        rf"|{sign}(?:\u200d{sign})*+|\u200d"
    )


_known: list[tuple[tuple[str, ...], dict[str, int]]] = [((), {})]
"""The vocabulary that was asked for last, and the number of each of its words."""


def _numbers_of(vocabulary: tuple[str, ...]) -> dict[str, int]:
    last, numbers = _known[0]
    if last is not vocabulary:
        numbers = {word: number for number, word in enumerate(vocabulary, FIRST)}
        _known[0] = (vocabulary, numbers)
    return numbers
