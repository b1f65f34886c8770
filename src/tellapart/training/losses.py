"""What is made small, one number a sample: logits (B, K), targets (B,), label smoothing -> (B,)."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from tellapart.config import Loss, NumberLoss

PerSample = Callable[[Tensor, Tensor, float], Tensor]


def cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """-log softmax of the right class, in nats, each >= 0; with smoothing, of a target spread over all classes.

    logits   (B, K), raw: softmax is inside
    targets  (B,), class index in [0, K)
    ->       (B,), float32
    Source: Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7 (arXiv:1512.00567).
    """
    return functional.cross_entropy(logits.float(), targets, reduction="none", label_smoothing=label_smoothing)


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, positive: Tensor | None = None
) -> Tensor:
    """Mean over the labels of -log of the probability of what is, in nats, each >= 0; labels not known are left out.

    logits   (B, K), raw: the sigmoid is inside
    targets  (B, K), 0 or 1, or between; NaN where not known
    positive (K,), how much more having a label weighs than not having it; None is the same
    ->       (B,), float32; 0 where none is known. Smoothing moves targets that far towards a half.
    """
    known = ~targets.isnan()
    wanted = targets.where(known, 0.5) * (1 - label_smoothing) + label_smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none", pos_weight=positive)
    return losses.where(known, 0).sum(1) / known.sum(1).clamp(min=1)


def huber(values: Tensor, targets: Tensor) -> Tensor:
    """Half the squared difference, beyond 1 the difference less a half, (B,): what is far off pulls no harder.

    Source: Huber 1964, "Robust Estimation of a Location Parameter".
    """
    return functional.huber_loss(values, targets, reduction="none")


def squared(values: Tensor, targets: Tensor) -> Tensor:
    """Half the squared difference (B,): makes the mean right, and minds what is far off."""
    return 0.5 * (values - targets).square()


LOSSES: dict[Loss, PerSample] = {"cross-entropy": cross_entropy}
NUMBER_LOSSES: dict[NumberLoss, Callable[[Tensor, Tensor], Tensor]] = {"huber": huber, "squared": squared}
"""Of numbers in units of their standard deviation: values (B,), targets (B,) -> (B,)."""
