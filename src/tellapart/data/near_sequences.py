"""Near copies among sequences of one kind: of texts by their words, of series and recordings by their steps."""

from collections.abc import Sequence

from tellapart.data.gist import StepGist, WordGist
from tellapart.data.near_series import NearSequence, near_series
from tellapart.data.near_texts import near_texts

MOST = 50_000
"""Sequences beyond which nothing is looked for: of each there are 4 KB in memory, several times."""


def near_sequences(gists: Sequence[StepGist | WordGist], *, loudness: bool) -> list[NearSequence]:
    """The pairs that look like copies of one, by first and second row.

    loudness  whether series are brought to the same mean and deviation before, as recordings are
    """
    words = [gist for gist in gists if isinstance(gist, WordGist)]
    if words:
        assert len(words) == len(gists)
        return near_texts(words)
    return near_series([gist for gist in gists if isinstance(gist, StepGist)], loudness=loudness)
