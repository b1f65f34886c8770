"""Words: natural order, near misses, lists for a sentence."""

import difflib
import re
from collections.abc import Iterable


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that counts numbers as numbers: `class2` before `class10`."""
    parts = tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text) if part)
    return (*parts, (-1, text))  # so that 1 and 01 have an order too


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
