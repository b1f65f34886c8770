"""Losses against what is no class index: several labels at once, shares of classes, another model, a number."""

from torch import Tensor
from torch.nn import functional


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-log sigmoid of each label's truth, in nats, mean over the labels that are known, each >= 0; 0 where none is.

    logits   (B, K), raw: sigmoid is inside
    targets  (B, K), each in [0, 1]; NaN is unknown
    ->       (B,), float32
    """
    known = ~targets.isnan()
    wanted = targets.float().where(known, 0.0)
    losses = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
    return (losses * known).sum(1) / known.sum(1).clamp(min=1)


def soft_cross_entropy(logits: Tensor, shares: Tensor) -> Tensor:
    """-log softmax of each class times its share, in nats (B,), float32; at least the entropy of the shares.

    shares  (B, K), each row sums to 1
    """
    return functional.cross_entropy(logits.float(), shares.float(), reduction="none")


def kl_divergence(logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0) -> Tensor:
    """From the teacher's softened probabilities to the student's, times temperature^2, in nats (B,), each >= 0.

    logits, teacher_logits  (B, K), both divided by the temperature before softmax; the teacher gets no gradient
    The square keeps the size of the gradient as the temperature rises.
    Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", section 2.1 (arXiv:1503.02531).
    """
    student = (logits.float() / temperature).log_softmax(1)
    teacher = (teacher_logits.detach().float() / temperature).log_softmax(1)
    return functional.kl_div(student, teacher, reduction="none", log_target=True).sum(1) * temperature**2


def squared_number(values: Tensor, targets: Tensor) -> Tensor:
    """Squared error (B,), float32. values, targets  (B,)"""
    return functional.mse_loss(values.float(), targets.float(), reduction="none")


def huber_number(values: Tensor, targets: Tensor, delta: float = 1.0) -> Tensor:
    """Half the squared error where it is below `delta`, linear beyond (B,), float32. values, targets  (B,)

    Source: Huber 1964, "Robust Estimation of a Location Parameter".
    """
    return functional.huber_loss(values.float(), targets.float(), reduction="none", delta=delta)
