"""Randomness as a function: the same arguments give the same draw, on any device, in any order of asking."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1, _MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def seed_of(*parts: int | str) -> int:
    """A number in [0, 2^63) that is a function of all parts and of their order."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big") >> 1


def uniform(keys: "torch.Tensor", *parts: int | str) -> "torch.Tensor":
    """Draws in [0, 1), one for each key, each a function of its key and of `parts` alone.

    keys  int64 (B,)  ->  float32 (B,), on the same device
    Source: SplitMix64 (Steele et al. 2014, "Fast Splittable Pseudorandom Number Generators", fig. 17).
    """
    x = keys + _signed(seed_of(*parts))
    x = x * _signed(_GOLDEN)
    x = (x ^ _shifted(x, 30)) * _signed(_MIX_1)
    x = (x ^ _shifted(x, 27)) * _signed(_MIX_2)
    x = x ^ _shifted(x, 31)
    return _shifted(x, 40).float() * 2.0**-24  # 24 bits: each is exact in float32, so 1 never comes out


def _shifted(x: "torch.Tensor", bits: int) -> "torch.Tensor":
    """Logical right shift; torch's own keeps the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _signed(number: int) -> int:
    """The same 64 bits as a signed number."""
    return number - (1 << 64) if number >= 1 << 63 else number
