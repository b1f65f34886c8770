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


def focal(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:  # noqa: ARG001
    """Cross-entropy times (1 - p)^2, p the probability of the right class: what is easy already counts little.

    The exponent is the paper's best. It goes by one right class, so config refuses smoothing.
    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 4 (arXiv:1708.02002).
    """
    losses = cross_entropy(logits, targets)
    return losses.neg().expm1().square() * losses


def brier(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Squared error of the probabilities, summed over the classes, in [0, 2]: one sample can't weigh much.

    Source: Brier 1950, "Verification of Forecasts Expressed in Terms of Probability", eq. 2.
    """
    wanted = _spread(targets, logits.shape[1], label_smoothing)
    return (logits.float().softmax(1) - wanted).square().sum(1)


def mse(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Squared error of the logits themselves against 1 for the right class and 0 for the others, mean over classes.

    Source: Hui & Belkin 2021, "Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy",
    section 2 with k = M = 1, which they take for up to 42 classes (arXiv:2006.07322).
    """
    return (logits.float() - _spread(targets, logits.shape[1], label_smoothing)).square().mean(1)


def huber(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Half of `mse` where a logit is off by less than 1, linear beyond: a wrong label pulls with a bounded gradient.

    On probabilities, which are never off by more, it would be half of `brier`.
    Source: Huber 1964, "Robust Estimation of a Location Parameter"; smooth L1 with beta = 1.
    """
    wanted = _spread(targets, logits.shape[1], label_smoothing)
    return functional.huber_loss(logits.float(), wanted, reduction="none").mean(1)


LOSSES: dict[Loss, PerSample] = {
    "cross-entropy": cross_entropy,
    "focal": focal,
    "brier": brier,
    "mse": mse,
    "huber": huber,
}


def _spread(targets: Tensor, K: int, label_smoothing: float) -> Tensor:
    """1 for the right class, 0 for the others (B, K), float32; a share of it spread evenly over all classes."""
    return functional.one_hot(targets, K).float() * (1 - label_smoothing) + label_smoothing / K
