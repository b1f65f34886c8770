"""Near copies among texts: the same words but for case, punctuation and white space, or nearly the same words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tellapart.data.gist import MOST_HASHES, WordGist
from tellapart.data.near_series import NEAREST, NearSequence
from tellapart.data.sketch import centres_of, nearest

SAME = "the same words but for case, punctuation and white space"
COPY = 0.9
"""Least share of the words and pairs of words of two copies that both of them have."""
CROWDED = 0.7
"""That share, of the typical text with the fifth of its nearest, from which on being alike is the nature of a set."""
CANDIDATE = 0.8
"""Least cosine of two sketches for their texts to be compared."""
WIDTH = 256
"""Numbers of a sketch."""


def near_texts(gists: Sequence[WordGist]) -> list[NearSequence]:
    """The pairs of texts that look like copies, by first and second row.

    They have the same words in the same order, or nine tenths of their words and pairs of words: of 30 words one may be
    another. Of long texts that share is an estimate from 256 of them (Broder 1997, "On the resemblance and containment
    of documents"). Where the typical text shares seven tenths with five others, as forms do, only the same words count.
    A text without a word is a copy of none.
    """
    firsts: dict[bytes, int] = {}
    found = []
    for row, gist in enumerate(gists):
        first = firsts.setdefault(gist.whole, row)
        if first != row and gist.words:
            found.append(NearSequence(first=first, second=row, said=SAME))
    alike = _alike(gists, [row for row in firsts.values() if gists[row].words])
    return sorted([*found, *alike], key=lambda pair: (pair.first, pair.second))


def _alike(gists: Sequence[WordGist], rows: list[int]) -> list[NearSequence]:
    """Pairs of different texts of nearly the same words; none where texts are so by nature."""
    import torch

    if len(rows) < 2:
        return []
    sketches = torch.from_numpy(np.stack([_sketch(gists[row]) for row in rows]))
    cosines, others = nearest(sketches, sketches, centres_of(sketches), NEAREST)
    shares: dict[tuple[int, int], float] = {}
    fifth = []
    for row, near in enumerate(others.tolist()):
        own = [
            shared(gists[rows[row]], gists[rows[other]]) if cosine >= CANDIDATE else 0.0
            for other, cosine in zip(near, cosines[row].tolist(), strict=True)
        ]
        shares |= {
            (min(rows[row], rows[other]), max(rows[row], rows[other])): share
            for other, share in zip(near, own, strict=True)
            if share >= COPY
        }
        fifth.append(sorted(own, reverse=True)[min(4, len(own) - 1)] if len(rows) > 5 else 0.0)
    if np.median(fifth) >= CROWDED:
        return []
    return [
        NearSequence(first=first, second=second, said=f"{share:.0%} of their words and pairs of words are the same")
        for (first, second), share in shares.items()
    ]


def shared(one: WordGist, other: WordGist) -> float:
    """Share of the words and pairs of words of either that both have, in [0, 1]: exact of short texts."""
    union = np.union1d(one.hashes, other.hashes)
    if MOST_HASHES in (len(one.hashes), len(other.hashes)):  # beyond those the hashes of one are not known
        union = union[:MOST_HASHES]
    return float((np.isin(union, one.hashes) & np.isin(union, other.hashes)).mean())


def _sketch(gist: WordGist) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """float32 (256,) of length 1: the hashes, each in its place with its sign (Weinberger et al. 2009)."""
    sketch = np.zeros(WIDTH, np.float32)
    signs = np.where(gist.hashes & np.uint64(1), 1, -1)
    np.add.at(sketch, (gist.hashes >> np.uint64(1)).astype(np.int64) % WIDTH, signs)
    return sketch / max(1.0, float(np.linalg.norm(sketch)))
