"""Losses against what is no class index."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tellapart.training.soft import (
    binary_cross_entropy,
    huber_number,
    kl_divergence,
    soft_cross_entropy,
    squared_number,
)

UNKNOWN = math.nan


def drawn(B: int = 6, K: int = 4, seed: int = 0) -> Tensor:
    return torch.randn(B, K, generator=torch.Generator().manual_seed(seed)) * 3


# ---- several labels at once


def test_binary_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [math.log(3), 0.0]])
    losses = binary_cross_entropy(logits, torch.tensor([[1.0, 1.0], [0.0, 0.5]]))
    expected = torch.tensor([math.log(2) - math.log(0.75), -math.log(0.25) + math.log(2)]) / 2
    torch.testing.assert_close(losses, expected)


def test_an_unknown_label_has_no_say_and_no_gradient() -> None:
    logits = drawn(2, 3).requires_grad_()
    losses = binary_cross_entropy(logits, torch.tensor([[1.0, UNKNOWN, 0.0], [UNKNOWN, 1.0, UNKNOWN]]))
    known = binary_cross_entropy(logits[:1, [0, 2]], torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(losses[:1], known)
    losses.sum().backward()
    assert logits.grad is not None
    assert (logits.grad == 0).tolist() == [[False, True, False], [True, False, True]]


def test_a_sample_of_which_no_label_is_known_costs_nothing() -> None:
    logits = drawn(1, 3).requires_grad_()
    losses = binary_cross_entropy(logits, torch.full((1, 3), UNKNOWN))
    losses.sum().backward()
    assert losses.tolist() == [0.0]
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0.0, 0.0, 0.0]]


# ---- shares of classes, another model


def test_soft_cross_entropy_by_hand() -> None:
    losses = soft_cross_entropy(torch.tensor([[1.0, 3.0]]).log(), torch.tensor([[0.25, 0.75]]))
    torch.testing.assert_close(losses, torch.tensor([-0.25 * math.log(0.25) - 0.75 * math.log(0.75)]))


def test_kl_divergence_by_hand() -> None:
    student, teacher = torch.tensor([[1.0, 3.0]]).log(), torch.tensor([[1.0, 1.0]])
    expected = torch.tensor([0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)])
    torch.testing.assert_close(kl_divergence(student, teacher), expected)


def test_kl_divergence_at_a_temperature_by_hand() -> None:
    student, teacher = torch.tensor([[1.0, 9.0]]).log(), torch.tensor([[1.0, 1.0]])  # at 2, the shares are 1 and 3
    expected = torch.tensor([4 * (0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75))])
    torch.testing.assert_close(kl_divergence(student, teacher, 2.0), expected)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_teacher_s_own_answer_costs_nothing(temperature: float) -> None:
    losses = kl_divergence(drawn(), drawn() + 5, temperature)
    torch.testing.assert_close(losses, torch.zeros(6), atol=1e-5, rtol=0)
    assert (kl_divergence(drawn(), drawn(seed=1), temperature) > 0).all()


def test_the_gradient_of_the_divergence_is_that_of_the_soft_cross_entropy_and_spares_the_teacher() -> None:
    one, other = drawn().requires_grad_(), drawn().requires_grad_()
    teacher = drawn(seed=1).requires_grad_()
    kl_divergence(one, teacher).sum().backward()
    soft_cross_entropy(other, teacher.detach().softmax(1)).sum().backward()
    assert teacher.grad is None
    torch.testing.assert_close(one.grad, other.grad)


# ---- numbers


def test_squared_number_by_hand() -> None:
    assert squared_number(torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0])).tolist() == [0.0, 4.0]


def test_huber_number_by_hand() -> None:
    values, targets = torch.tensor([1.0, 10.0]), torch.tensor([0.0, 0.0])
    assert huber_number(values, targets, 2.0).tolist() == [0.5, 2.0 * (10 - 1)]


# ---- all


LOSSES = {
    "binary": lambda logits: binary_cross_entropy(logits, torch.ones_like(logits)),
    "soft": lambda logits: soft_cross_entropy(logits, torch.full_like(logits, 1 / logits.shape[1])),
    "kl": lambda logits: kl_divergence(logits, -logits.detach(), 2.0),
    "squared": lambda logits: squared_number(logits[:, 0], -logits[:, 0].detach()),
    "huber": lambda logits: huber_number(logits[:, 0], -logits[:, 0].detach()),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_at_extreme_logits_are_finite(name: str) -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], requires_grad=True)
    losses = LOSSES[name](logits)
    losses.sum().backward()
    assert losses.isfinite().all()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_one_number_a_sample_in_float32(name: str) -> None:
    for dtype in (torch.float32, torch.bfloat16):
        losses = LOSSES[name](drawn().to(dtype))
        assert losses.shape == (6,)
        assert losses.dtype == torch.float32


def test_a_soft_target_of_one_class_is_that_class() -> None:
    targets = torch.tensor([0, 3, 1, 1, 2, 0])
    hard = functional.cross_entropy(drawn(), targets, reduction="none")
    torch.testing.assert_close(soft_cross_entropy(drawn(), functional.one_hot(targets, 4)), hard)
