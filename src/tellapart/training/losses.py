"""What is made small, one number a sample: logits (B, K), targets (B,), label smoothing -> (B,)."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from tellapart.config import Loss

PerSample = Callable[[Tensor, Tensor, float], Tensor]


def cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """-log softmax of the right class, in nats, each >= 0; with smoothing, of a target spread over all classes.

    logits   (B, K), raw: softmax is inside
    targets  (B,), class index in [0, K)
    ->       (B,), float32
    Source: Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7 (arXiv:1512.00567).
    """
    return functional.cross_entropy(logits.float(), targets, reduction="none", label_smoothing=label_smoothing)


LOSSES: dict[Loss, PerSample] = {"cross-entropy": cross_entropy}
