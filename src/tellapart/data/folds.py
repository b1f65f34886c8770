"""Which part of a cross-validation a sample falls into, by its content."""

import hashlib


def fold_of(digest: bytes, folds: int) -> int:
    """A number in [0, folds) that is a function of the content alone, so that copies are never on both sides."""
    return int.from_bytes(hashlib.blake2b(digest, digest_size=8, person=b"fold").digest(), "big") % folds
