"""Texts by what stands in them: hashed n-grams of letters and of words, weighed by how rare they are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.errors import SettingError
from tellapart.types import DataSpec

FACTOR = -7046029254386353131
"""Of the rolling hash, modulo 2^64: odd, so that it has an inverse; 2^64 over the golden ratio."""
MIX = -4417276706812531889
"""Spreads the hash of a stretch over its high bits, which say the bucket."""
BUCKET_BITS = 14
LETTERS = (2, 3, 4, 5)
"""Bytes of an n-gram of letters; over a space too, so that they tell beginnings and ends of words."""
AT_ONCE = 2_000_000
"""Bytes of texts that are counted at a time."""


class NGrams(nn.Module):
    """Bytes (B, T), lengths (B,)  ->  (B, 2^14): counts by bucket, (1 + log n) * idf, each half of length 1.

    A stretch from i to j has the hash (H[j] - H[i]) * p^-i of the prefix sums H of byte * p^place, whatever stands
    before it; all stretches are found at once. Letters count in small; of words, that have no space in them, each and
    each with the next. Letters fill the first half of the buckets, words the second.
    Source: Weinberger et al. 2009, "Feature Hashing" (arXiv:0902.2206); Salton & Buckley 1988 for the weights.
    """

    idf: Tensor
    small: Tensor
    inside: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.buckets = 1 << (BUCKET_BITS - 1)
        self.register_buffer("idf", torch.ones(2 * self.buckets))
        tokens = torch.arange(257)
        upper = (tokens > ord("A")) & (tokens <= ord("Z") + 1)
        self.register_buffer("small", tokens + 32 * upper, persistent=False)
        byte = tokens - 1
        letter = (byte >= 128) | ((byte >= 48) & (byte <= 57)) | ((byte >= 97) & (byte <= 122)) | (byte == 39)
        self.register_buffer("inside", letter, persistent=False)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        counts = self.counts(x, lengths)
        weighed = torch.where(counts > 0, 1 + counts.clamp(min=1).log(), 0) * self.idf
        halves = weighed.reshape(x.shape[0], 2, self.buckets)
        return functional.normalize(halves, dim=2).flatten(1)

    def counts(self, x: Tensor, lengths: Tensor) -> Tensor:
        """How often each bucket is met, float32 (B, 2^14)."""
        steps = torch.arange(x.shape[1], device=x.device)
        own = steps < lengths[:, None]
        x = self.small[x.masked_fill(~own, 0)]
        sums, inverse = self._hashes(x)
        found = x.new_zeros((x.shape[0], 2 * self.buckets + 1))  # the last is for what is none
        for letters in LETTERS:
            if letters <= x.shape[1]:
                stretch = (sums[:, letters:] - sums[:, :-letters]) * inverse[: x.shape[1] - letters + 1]
                place = self._bucket(stretch + letters)
                self._add(found, place, own[:, letters - 1 :])
        self._words(found, x, own, sums, inverse)
        return found[:, :-1].float()

    def _words(self, found: Tensor, x: Tensor, own: Tensor, sums: Tensor, inverse: Tensor) -> None:
        """Add each word, and each with the one before it."""
        inside = self.inside[x] & own
        before = functional.pad(inside, (1, 0))[:, :-1]
        after = functional.pad(inside, (0, 1))[:, 1:]
        steps = torch.arange(x.shape[1], device=x.device).expand_as(x)
        starts = torch.where(inside & ~before, steps, -1).cummax(1).values
        ends = inside & ~after
        # where the word before began: the start that held just before this one began
        earlier = functional.pad(starts, (1, 0), value=-1).gather(1, starts.clamp(min=0))
        for since, salt in ((starts, 17), (earlier, 29)):
            begun = since.clamp(min=0)
            stretch = (sums[:, 1:] - sums.gather(1, begun)) * inverse[begun]
            self._add(found, self.buckets + self._bucket(stretch + salt), ends & (since >= 0))

    @staticmethod
    def _hashes(x: Tensor) -> tuple[Tensor, Tensor]:
        """Prefix sums of byte * p^place (B, T + 1), and p^-place (T + 1,), modulo 2^64."""
        powers, inverses = (_powers(factor, x.shape[1] + 1, x.device) for factor in (FACTOR, _inverse(FACTOR)))
        return functional.pad((x * powers[:-1]).cumsum(1), (1, 0)), inverses

    def _bucket(self, hashes: Tensor) -> Tensor:
        spread = hashes * MIX
        return ((spread ^ (spread >> 29)) * MIX >> 35) & (self.buckets - 1)

    @staticmethod
    def _add(found: Tensor, places: Tensor, counting: Tensor) -> None:
        found.scatter_add_(1, places.where(counting, found.shape[1] - 1), torch.ones_like(places))


class NGramNetwork(nn.Module):
    """Bytes (B, T), lengths (B,)  ->  logits (B, K): n-grams and one layer."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.body = NGrams()
        self.head = nn.Linear(1 << BUCKET_BITS, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(x, lengths))
        return logits

    @torch.no_grad()
    def look(self, x: Tensor, lengths: Tensor) -> None:
        """Take from training texts how rare each n-gram is."""
        met = torch.zeros_like(self.body.idf)
        each = max(1, AT_ONCE // x.shape[1])
        for start in range(0, len(x), each):
            met += (self.body.counts(x[start : start + each], lengths[start : start + each]) > 0).sum(0)
        self.body.idf.copy_(1 + ((1 + len(x)) / (1 + met)).log())


def ngrams(spec: DataSpec) -> nn.Module:
    """Bytes (B, T), lengths (B,)  ->  logits (B, K). SettingError where texts are cut into words."""
    if spec.tokens != "bytes":
        raise SettingError("The model ngrams takes texts as bytes, and finds the words itself: set tokens to bytes.")
    return NGramNetwork(spec.outputs)


def _powers(factor: int, count: int, device: torch.device) -> Tensor:
    """factor^0 .. factor^(count - 1) modulo 2^64, by doubling."""
    found = torch.ones(1, dtype=torch.int64, device=device)
    step = factor
    while len(found) < count:
        found = torch.cat([found, found * step])
        step = _signed(step * step)
    return found[:count]


def _inverse(factor: int) -> int:
    return _signed(pow(factor % 2**64, -1, 2**64))


def _signed(number: int) -> int:
    """The number modulo 2^64, from -2^63 on."""
    return (number + 2**63) % 2**64 - 2**63
