"""A linear head fitted at once: ridge regression on the classes, judged by leaving each sample out, and calibrated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

STRENGTHS = tuple(10.0**power for power in range(-4, 7))
"""Pulls towards zero that are tried, in thousandths of the mean square of the features of a sample."""
FEW = 1000
"""Samples up to which every pull is tried, and of more of them those that say where to begin; rows of a block."""
ALIKE = 1e-3
"""Of the log-loss: where some samples say no more than this of the pulls, every one is tried."""
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
    One inverse of the samples' products (N, N) for a pull gives what leaving out any one sample comes to, in closed
    form. Of few samples every pull is tried; of many those around the one that is best for some of them. Scores are of
    targets 1 and -1; a scale and a shift of each class make probabilities.
    Source: Golub, Heath & Wahba 1979 (leaving one out); Dempster et al. 2021 (such a head), arXiv:2012.08791.
    """
    w = torch.ones(len(features), dtype=torch.float64) if weights is None else weights.double()
    start = None
    if len(features) > FEW:
        some = slice(None, None, -(-len(features) // FEW))
        found = list(_tried(_Samples.of(features[some], targets[some], classes, w[some])))
        start = min(found).place if max(found).loss > min(found).loss + ALIKE else None
    samples = _Samples.of(features, targets, classes, w)
    best = min(_tried(samples, start))
    scale, shift = best.fitted[0], best.fitted[1:]
    weight = scale * (best.dual.T @ samples.centred)
    return Ridge(
        weight=weight,
        bias=scale * samples.y_mean + shift - weight @ samples.x_mean,
        left_out=scale * best.scores + shift,
        pull=best.pull,
    )


@dataclass(frozen=True, kw_only=True)
class _Samples:
    """What a fit goes by: features and wanted scores around their means, each row by the root of its weight."""

    targets: Tensor
    share: Tensor
    root: Tensor
    x_mean: Tensor
    y_mean: Tensor
    y: Tensor
    centred: Tensor
    wanted: Tensor
    products: Tensor
    """(N, N), of each row with each."""

    @classmethod
    def of(cls, features: Tensor, targets: Tensor, classes: int, w: Tensor) -> _Samples:
        x, y = features.double(), 2 * functional.one_hot(targets, classes).double() - 1
        share = w / w.sum()
        x_mean, y_mean, root = share @ x, share @ y, w.sqrt()[:, None]
        centred = (x - x_mean) * root
        return cls(
            targets=targets,
            share=share,
            root=root,
            x_mean=x_mean,
            y_mean=y_mean,
            y=y,
            centred=centred,
            wanted=(y - y_mean) * root,
            products=_products(centred),
        )

    def fit(self, place: int) -> _Tried:
        """What a pull comes to; endlessly bad where it is too weak for the products' rounding."""
        pull = STRENGTHS[place] * float(self.products.diagonal().sum() / self.root.square().sum()) / 1000
        pulled = self.products.clone()
        pulled.diagonal().add_(pull)
        factor, failed = torch.linalg.cholesky_ex(pulled)
        del pulled  # of 10,000 samples each such matrix has 0.8 GB
        inverse = torch.cholesky_inverse(factor)
        del factor
        dual = inverse @ self.wanted
        left = pull * inverse.diagonal() - self.share  # 1 - the share of its own answer that a sample makes
        residual = pull * dual / left.clamp(min=1e-9)[:, None]
        scores = self.y - residual / self.root.clamp(min=1e-9)
        if failed or not scores.isfinite().all():
            return _Tried(loss=math.inf, place=place, pull=pull, dual=dual, scores=scores, fitted=self.y_mean)
        loss, fitted = _calibrated(scores, self.targets, self.share)
        return _Tried(loss=loss, place=place, pull=pull, dual=dual, scores=scores, fitted=fitted)


@dataclass(frozen=True, kw_only=True)
class _Tried:
    """A pull: the log-loss of samples that are left out, the weight of each sample, scores, and scale with shifts."""

    loss: float
    place: int
    pull: float
    dual: Tensor
    scores: Tensor
    fitted: Tensor

    def __lt__(self, other: _Tried) -> bool:
        return self.loss < other.loss


def _tried(samples: _Samples, start: int | None = None) -> Iterator[_Tried]:
    """Every pull; with a place to start from, from there on both ways as long as it gets better."""
    if start is None:
        yield from map(samples.fit, range(len(STRENGTHS)))
        return
    first = samples.fit(start)
    yield first
    for way in (range(start + 1, len(STRENGTHS)), range(start - 1, -1, -1)):
        before = first
        for place in way:
            found = samples.fit(place)
            yield found
            if not found < before:
                break
            before = found


def _products(rows: Tensor) -> Tensor:
    """(N, F) -> (N, N), of each row with each; half of them is reckoned, the other half is the same."""
    found = rows.new_empty(len(rows), len(rows))
    for begin in range(0, len(rows), FEW):
        end = min(begin + FEW, len(rows))
        found[begin:, begin:end] = rows[begin:] @ rows[begin:end].T
        found[begin:end, end:] = found[end:, begin:end].T
    return found


def _calibrated(scores: Tensor, targets: Tensor, share: Tensor) -> tuple[float, Tensor]:
    """The least log-loss of scores (N, K) times one scale plus a shift of each class; both of them as (1 + K,).

    Counted as if each class had been wrong once more: N right answers do not make the next one certain.
    """
    from scipy.optimize import minimize

    samples, classes = scores.shape
    smoothing = classes / (samples + classes)
    wanted = (1 - smoothing) * functional.one_hot(targets, classes) + smoothing / classes

    def loss(found: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        """The loss and its gradient in the logarithm of the scale, for it stays above 0, and in the shifts.

        Under a strong pull what is left out points away from its class, and may not turn the head round.
        """
        scale, shift = math.exp(found[0]), torch.from_numpy(found[1:])
        logs = torch.log_softmax(scale * scores + shift, dim=1)
        off = share[:, None] * (logs.exp() - wanted)
        of_scale, of_shift = scale * (off * scores).sum(), off.sum(0) + 2 * shift / samples
        value = -(share @ (wanted * logs).sum(1)) + shift.square().sum() / samples  # of few a shift says little
        return float(value), torch.cat([of_scale[None], of_shift]).numpy()

    most = [(None, math.log(LARGEST_SCALE)), *((None, None) for _ in range(classes))]
    best = minimize(loss, np.zeros(1 + classes), jac=True, method="L-BFGS-B", bounds=most, options={"gtol": 1e-7})
    fitted = torch.from_numpy(best.x)
    return float(best.fun), torch.cat([fitted[:1].exp(), fitted[1:]])
