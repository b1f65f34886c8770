"""A linear head fitted at once: ridge regression on the classes, judged by leaving each sample out, and calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

STRENGTHS = tuple(10.0**power for power in range(-4, 7))
"""Pulls towards zero that are tried, for features of variance 1, in units of the number of features over 1,000."""
SCALES = torch.logspace(-1, 2, 61, dtype=torch.float64)
"""By which scores of -1 to 1 are multiplied on their way to logits."""


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A head, and what it comes to on each sample when it is fitted to all the others."""

    weight: Tensor
    """float64 (K, F)."""
    bias: Tensor
    """float64 (K,)."""
    left_out: Tensor
    """Logits float64 (N, K), of each sample by the head of the other ones."""
    strength: float
    """The pull that was taken."""


def ridge(features: Tensor, targets: Tensor, classes: int, weights: Tensor | None = None) -> Ridge:
    """The head whose logits have the least log-loss on samples that are left out, of several pulls and scales.

    features  (N, F)
    targets   int64 (N,), in [0, classes)
    weights   (N,), the share of each sample in the fit; None counts each as 1
    One decomposition of the samples' products (N, N) gives every pull, and for each what leaving out any one sample
    comes to, in closed form. Scores are of targets 1 and -1; their scale makes probabilities of them.
    Source: Golub, Heath & Wahba 1979 (leaving one out); Dempster et al. 2021 (such a head), arXiv:2012.08791.
    """
    x, y = features.double(), 2 * functional.one_hot(targets, classes).double() - 1
    w = torch.ones(len(x), dtype=torch.float64) if weights is None else weights.double()
    share = w / w.sum()
    x_mean, y_mean, root = share @ x, share @ y, w.sqrt()[:, None]
    centred, wanted = (x - x_mean) * root, (y - y_mean) * root
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    values, turned, unit = values.clamp(min=0), vectors.T @ wanted, features.shape[1] / 1000
    best: tuple[float, Tensor, Tensor, float, float] | None = None
    for strength in STRENGTHS:
        pull = strength * unit
        inverse = 1 / (values + pull)
        dual = vectors @ (inverse[:, None] * turned)
        left = pull * (vectors.square() @ inverse) - share  # 1 - the share of its own answer that a sample makes
        residual = pull * dual / left.clamp(min=1e-9)[:, None]
        scores = y - residual / root.clamp(min=1e-9)
        loss, scale = _calibrated(scores, targets, share)
        if best is None or loss < best[0]:
            best = loss, dual, scores, scale, strength
    assert best is not None
    _, dual, scores, scale, strength = best
    weight = scale * (dual.T @ centred)
    return Ridge(
        weight=weight, bias=scale * y_mean - weight @ x_mean, left_out=scale * scores, strength=strength
    )


def _calibrated(scores: Tensor, targets: Tensor, share: Tensor) -> tuple[float, float]:
    """The least log-loss that scores (N, K) have when they are multiplied by one scale, and that scale.

    Counted as if each other class had been right once more: N right answers do not make the next one certain.
    """
    samples, classes = scores.shape
    smoothing = classes / (samples + classes)

    def loss(scale: Tensor) -> float:
        each = functional.cross_entropy(scale * scores, targets, reduction="none", label_smoothing=smoothing)
        return (share @ each).item()

    losses = [*map(loss, SCALES)]
    best = min(range(len(losses)), key=losses.__getitem__)
    return losses[best], float(SCALES[best])
