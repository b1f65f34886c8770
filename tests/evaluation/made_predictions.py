"""Predictions made up for the tests."""

import numpy as np

from tellapart.types import Predictions


def of_answers(true: list[int], called: list[int], K: int) -> Predictions:
    """Predictions whose answers are `called`: the logit of the answer is 4, all others are 0."""
    logits = np.zeros((len(true), K), dtype=np.float32)
    logits[np.arange(len(true)), called] = 4
    return of_logits(logits, true)


def of_logits(logits: np.ndarray, true: list[int] | np.ndarray, classes: tuple[str, ...] | None = None) -> Predictions:
    N, K = logits.shape
    return Predictions(
        ids=tuple(f"test/{row:05}" for row in range(N)),
        logits=logits.astype(np.float32),
        targets=np.asarray(true, dtype=np.int64),
        classes=classes or tuple(f"class {k}" for k in range(K)),
    )


def drawn(N: int, K: int, *, seed: int = 0, skill: float = 2.0, classes: tuple[str, ...] | None = None) -> Predictions:
    """Random logits with `skill` added to the true class."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, K, N)
    logits = rng.normal(size=(N, K))
    logits[np.arange(N), true] += skill
    return of_logits(logits, true, classes)
