"""A linear head fitted at once: ridge regression on the classes, judged by leaving each sample out, and calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

STRENGTHS = tuple(10.0**power for power in range(-4, 7))
"""Pulls towards zero that are tried, in thousandths of the mean square of the features of a sample."""
LARGEST_SCALE = 100.0
"""By which scores of -1 to 1 are multiplied at most on their way to logits."""


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A head, and what it comes to on each sample when it is fitted to all the others."""

    weight: Tensor
    """float64 (K, F)."""
    bias: Tensor
    """float64 (K,)."""
    left_out: Tensor
    """Logits float64 (N, K), of each sample by the head of the other ones."""
    pull: float
    """Towards zero, that was taken: what is added to the square of each weight."""


def ridge(features: Tensor, targets: Tensor, classes: int, weights: Tensor | None = None) -> Ridge:
    """The head whose logits have the least log-loss on samples that are left out, of several pulls and scales.

    features  (N, F)
    targets   int64 (N,), in [0, classes)
    weights   (N,), the share of each sample in the fit; None counts each as 1
    One decomposition of the samples' products (N, N) gives every pull, and for each what leaving out any one sample
    comes to, in closed form. Scores are of targets 1 and -1; a scale and a shift of each class make probabilities.
    Source: Golub, Heath & Wahba 1979 (leaving one out); Dempster et al. 2021 (such a head), arXiv:2012.08791.
    """
    x, y = features.double(), 2 * functional.one_hot(targets, classes).double() - 1
    w = torch.ones(len(x), dtype=torch.float64) if weights is None else weights.double()
    share = w / w.sum()
    x_mean, y_mean, root = share @ x, share @ y, w.sqrt()[:, None]
    centred, wanted = (x - x_mean) * root, (y - y_mean) * root
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    values, turned = values.clamp(min=0), vectors.T @ wanted
    unit = float(values.sum() / w.sum()) / 1000
    best: tuple[float, Tensor, Tensor, Tensor, float] | None = None
    for strength in STRENGTHS:
        pull = strength * unit
        inverse = 1 / (values + pull)
        dual = vectors @ (inverse[:, None] * turned)
        left = pull * (vectors.square() @ inverse) - share  # 1 - the share of its own answer that a sample makes
        residual = pull * dual / left.clamp(min=1e-9)[:, None]
        scores = y - residual / root.clamp(min=1e-9)
        loss, fitted = _calibrated(scores, targets, share)
        if best is None or loss < best[0]:
            best = loss, dual, scores, fitted, pull
    assert best is not None
    _, dual, scores, fitted, pull = best
    scale, shift = fitted[0], fitted[1:]
    weight = scale * (dual.T @ centred)
    return Ridge(
        weight=weight,
        bias=scale * y_mean + shift - weight @ x_mean,
        left_out=scale * scores + shift,
        pull=pull,
    )


def _calibrated(scores: Tensor, targets: Tensor, share: Tensor) -> tuple[float, Tensor]:
    """The least log-loss of scores (N, K) times one scale plus a shift of each class; both of them as (1 + K,).

    Counted as if each class had been wrong once more: N right answers do not make the next one certain.
    """
    samples, classes = scores.shape
    smoothing = classes / (samples + classes)
    fitted = torch.zeros(1 + classes, dtype=torch.float64, requires_grad=True)
    steps = torch.optim.LBFGS([fitted], max_iter=100, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def scale() -> Tensor:
        """Above 0: under a strong pull what is left out points away from its class, and may not turn the head round."""
        return fitted[:1].exp().clamp(max=LARGEST_SCALE)

    def loss() -> Tensor:
        logits = scale() * scores + fitted[1:]
        each = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
        return share @ each + fitted[1:].square().sum() / samples  # of few samples a shift says little

    def gradient() -> float:
        steps.zero_grad()
        found = loss()
        found.backward()  # type: ignore[no-untyped-call]
        return found.item()

    steps.step(gradient)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return loss().item(), torch.cat([scale(), fitted[1:]])
