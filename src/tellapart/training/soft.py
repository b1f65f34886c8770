"""Losses against what is no class index: several labels at once, another model, a number."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from tellapart.config import NumberLoss


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, positive: Tensor | None = None
) -> Tensor:
    """-log sigmoid of each label's truth, in nats, mean over the labels that are known, each >= 0; 0 where none is.

    logits    (B, K), raw: sigmoid is inside
    targets   (B, K), each in [0, 1]; NaN is unknown. Smoothing moves them that far towards a half
    positive  (K,), how much more having a label weighs than not having it; None is the same
    ->        (B,), float32
    """
    known = ~targets.isnan()
    wanted = targets.float().where(known, 0.5) * (1 - label_smoothing) + label_smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none", pos_weight=positive)
    return losses.where(known, 0).sum(1) / known.sum(1).clamp(min=1)


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


def huber_number(values: Tensor, targets: Tensor) -> Tensor:
    """Half the squared error where it is below 1, linear beyond (B,), float32. values, targets  (B,)

    Source: Huber 1964, "Robust Estimation of a Location Parameter".
    """
    return functional.huber_loss(values.float(), targets.float(), reduction="none")


NUMBER_LOSSES: dict[NumberLoss, Callable[[Tensor, Tensor], Tensor]] = {"huber": huber_number, "squared": squared_number}
"""Of numbers in units of their standard deviation."""
