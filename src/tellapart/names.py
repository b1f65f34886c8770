"""Words: natural order, near misses, lists for a sentence."""

import difflib
import posixpath
import re
import string
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
NUMBER = re.compile(r"\d+")
DIGITS = str.maketrans("123456789", "000000000")


def natural_key(text: str) -> str:
    """Sort key that counts numbers as numbers: `class2` before `class10`; differing texts have differing keys.

    Before each number stands how many digits it has, as a letter, and before that a zero letter, so that numbers come
    before words. A text of its own takes a fifth of the memory of a tuple of words and numbers.
    """
    return f"{NUMBER.sub(_number, text)}\0\0{text}"  # the text behind it, so that 1 and 01 have an order too


def _number(found: re.Match[str]) -> str:
    digits = (found[0].lstrip("0") or "0") if found[0].isascii() else str(int(found[0]))
    return f"\0{chr(len(digits))}{digits}"


def naturally_sorted(items: Iterable[T], text: Callable[[T], str]) -> list[T]:
    """The items by the natural order of their texts, and where that is equal by the texts.

    Where the digits of all texts stand in the same places, as in picture-0001 to picture-9999, their plain order is the
    natural one, at a tenth of the time.
    """
    items = list(items)
    texts = [text(item) for item in items]
    alike = len(posixpath.commonprefix(texts).rstrip(string.digits))  # what all begin with tells none apart
    shapes = (text[alike:].translate(DIGITS) for text in texts)
    first = next(shapes, "")
    keys = texts if all(shape == first for shape in shapes) else [natural_key(text[alike:]) for text in texts]
    return [items[place] for place in sorted(range(len(items)), key=keys.__getitem__)]


def listed(words: Iterable[str], *, most: int = 12) -> str:
    """`a, b, c`; past `most` words the rest is counted."""
    words = list(words)
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'cnn'? There are: cnn, mlp.`; without a near word only the second sentence."""
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or [k for k in known if word and k.startswith(word)]
    return (f"Did you mean {near[0]!r}? " if near else "") + f"There are: {listed(known)}."


def counted(count: int, thing: str) -> str:
    """`1 picture`, `2 pictures`, `3 classes`."""
    if count == 1:
        return f"1 {thing}"
    return f"{count:,} {thing}{'es' if thing.endswith(('s', 'x')) else 's'}"


def boxed(text: str, but: str = "") -> str:
    """The text with a box for each letter that can't be printed, but for some."""
    return "".join(letter if letter.isprintable() or letter in but else "\N{WHITE SQUARE}" for letter in text)
