"""Words: natural order, near misses, lists for a sentence."""

import difflib
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
DIGITS = str.maketrans("123456789", "000000000")


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that counts numbers as numbers: `class2` before `class10`."""
    parts = tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text) if part)
    return (*parts, (-1, text))  # so that 1 and 01 have an order too


def naturally_sorted(items: Iterable[T], text: Callable[[T], str]) -> list[T]:
    """The items by the natural order of their texts, and where that is equal by the texts.

    Where the digits of all texts stand in the same places, as in picture-0001 to picture-9999, their plain order is the
    natural one, at a tenth of the time.
    """
    items = list(items)
    shapes = (text(item).translate(DIGITS) for item in items)
    first = next(shapes, "")
    if all(shape == first for shape in shapes):
        return sorted(items, key=text)
    return sorted(items, key=lambda item: (natural_key(text(item)), text(item)))


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
