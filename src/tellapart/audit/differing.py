"""Where two texts that are nearly the same differ, so that a reader need not look for it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby

Stretch = tuple[str, bool]
"""Some words of a text, and whether the other text lacks them."""


def differing(one: str, other: str) -> tuple[list[Stretch], list[Stretch]]:
    """Both texts in stretches; joined by spaces these are the texts.

    Case does not count. Where an ellipsis cuts one of them, what is at their ends is not told apart: the other may
    only have been cut elsewhere. Texts that share less than half of their words are one stretch each.
    """
    first, second = one.split(), other.split()
    matcher = SequenceMatcher(None, [word.casefold() for word in first], [word.casefold() for word in second], False)
    if matcher.ratio() < 0.5:
        return [(one, False)], [(other, False)]
    marks = [False] * len(first), [False] * len(second)
    cut = one.endswith("…") or other.endswith("…")
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind != "equal" and not (cut and (end == len(first) or stop == len(second))):
            marks[0][start:end] = [True] * (end - start)
            marks[1][begin:stop] = [True] * (stop - begin)
    return _stretches(first, marks[0]), _stretches(second, marks[1])


def _stretches(words: Sequence[str], marks: Sequence[bool]) -> list[Stretch]:
    runs = groupby(zip(words, marks, strict=True), key=lambda pair: pair[1])
    return [(" ".join(word for word, _ in run), mark) for mark, run in runs]
