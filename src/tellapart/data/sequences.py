"""Sequences of a source in the form that a model takes: audio at one rate, text as tokens, all of them end to end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tellapart.config import DataConfig
from tellapart.data import sound, wording
from tellapart.data.keeping import MEMORY_SHARE, Kept, decoded, unreadable
from tellapart.data.ragged import Ragged
from tellapart.data.source import Entry, Source, Value
from tellapart.data.tokens import token_numbers, vocabulary_of
from tellapart.errors import DataError, UnreadableError
from tellapart.types import DataSpec, Tokens
from tellapart.world import free_memory_bytes

LONGEST_WORD = 12.0
"""Letters of a word of the training texts, in the mean, from which on they are no words between spaces."""


def gathered(source: Source, entries: Sequence[Entry], rate: int = 0) -> Kept:
    """The samples that can be decoded, in memory: series (T, C), audio (T, 1) at `rate`, text as its UTF-8 (T,)."""
    _check_room(source, entries, rate)
    found: dict[str, Value] = {}
    readable, issues = [], []
    for entry, value in decoded(source, entries, (), DataConfig()):
        try:
            if isinstance(value, UnreadableError):
                raise value
            if not len(value):
                raise UnreadableError("a sequence of no length")
            found[entry.id] = sound.at_rate(value, entry.shape[2], rate) if source.kind == "audio" else value
            readable.append(entry)
        except UnreadableError as error:
            issues.append(unreadable(entry, error))

    def inputs(chosen: Sequence[Entry]) -> Ragged:
        return Ragged.of([found[entry.id] for entry in chosen])

    return Kept(way="ram", readable=readable, inputs=inputs, issues=issues)


def _check_room(source: Source, entries: Sequence[Entry], rate: int) -> None:
    """Raise DataError where they don't fit into memory, of audio at the rate that it is brought to."""
    if rate:
        values = sum(entry.shape[0] * rate / entry.shape[2] for entry in entries)
    else:
        values = sum(int(np.prod(entry.shape[:2])) for entry in entries)
    need = 2 * 4 * values
    free = free_memory_bytes()
    if free is not None and need > MEMORY_SHARE * free:
        raise DataError(
            f"{source.name}: {len(entries):,} sequences need {need / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB "
            "are free. Give fewer or shorter ones."
        )


def rate_of(entries: Sequence[Entry], asked: int | None) -> int:
    """Samples a second that recordings are brought to: the most frequent one of what is trained on, within bounds."""
    if asked is not None:
        return asked
    given = Counter(entry.shape[2] for entry in entries if entry.part in (None, "train")) or Counter(
        entry.shape[2] for entry in entries
    )
    return min(sound.USUAL_RATE, given.most_common(1)[0][0])


def tokens_of(train: Ragged, config: DataConfig) -> tuple[Tokens, tuple[str, ...]]:
    """What the texts are cut into, and the words of the training part that have a token of their own."""
    texts = [wording.decoded(train.one(row).numpy()) for row in range(len(train))]
    tokens = config.tokens
    if tokens == "auto":
        letters, words = sum(map(len, texts)), sum(len(text.split()) for text in texts)
        tokens = "words" if letters <= LONGEST_WORD * words else "bytes"
    return tokens, vocabulary_of(texts) if tokens == "words" else ()


def tokenised(texts: Ragged, spec: DataSpec) -> Ragged:
    """UTF-8 as the numbers of tokens, int64."""
    return Ragged.of([token_numbers(wording.decoded(texts.one(row).numpy()), spec) for row in range(len(texts))])
