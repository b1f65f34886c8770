"""LAMB: Adam whose step in each layer is as long as its weights ask for."""

import pytest
import torch
from torch import nn

from tellapart.training.lamb import EPS, Lamb


def moved(weight: list[list[float]], gradients: list[list[list[float]]], decay: float = 0.0) -> torch.Tensor:
    """Where a matrix is after steps of lr 0.1 with these gradients."""
    held = nn.Parameter(torch.tensor(weight))
    optimiser = Lamb([{"params": [held], "weight_decay": decay}], lr=0.1)
    for gradient in gradients:
        held.grad = torch.tensor(gradient)
        optimiser.step()
    return held.detach()


def test_the_first_step_of_a_matrix_is_lr_times_its_norm_along_the_signs() -> None:
    after = moved([[3.0, 4.0]], [[[2.0, -0.5]]])  # norm 5; Adam's first direction is the sign
    expected = torch.tensor([[3.0, 4.0]]) - 0.1 * 5 * torch.tensor([[1.0, -1.0]]) / 2**0.5
    torch.testing.assert_close(after, expected, rtol=1e-5, atol=1e-5)


def test_two_steps_with_decay_by_hand() -> None:
    weight, decay = torch.tensor([[3.0, 4.0]], dtype=torch.float64), 0.01
    gradients = [torch.tensor([[2.0, -0.5]], dtype=torch.float64), torch.tensor([[-1.0, 0.25]], dtype=torch.float64)]
    mean, square = torch.zeros(1, 2, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)
    for number, gradient in enumerate(gradients, start=1):
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        push = (mean / (1 - 0.9**number)) / ((square / (1 - 0.999**number)).sqrt() + EPS) + decay * weight
        weight = weight - 0.1 * weight.norm() / push.norm() * push
    after = moved([[3.0, 4.0]], [gradient.tolist() for gradient in gradients], decay)
    torch.testing.assert_close(after, weight.float(), rtol=1e-4, atol=1e-4)


def test_the_size_of_the_gradient_has_no_say() -> None:
    torch.testing.assert_close(moved([[3.0, 4.0]], [[[2.0, -1.0]]]), moved([[3.0, 4.0]], [[[200.0, -100.0]]]))


def test_a_bias_moves_by_adam_s_own_step() -> None:
    ours, theirs = (nn.Parameter(torch.tensor([3.0, 4.0])) for _ in range(2))
    mine, adam = Lamb([{"params": [ours]}], lr=0.1), torch.optim.Adam([theirs], lr=0.1, eps=EPS)
    for number in range(5):
        for weight, optimiser in ((ours, mine), (theirs, adam)):
            weight.grad = torch.tensor([1.0 - number, 0.3])
            optimiser.step()
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("weight", "gradient"), [([[0.0, 0.0]], [[1.0, 2.0]]), ([[1.0, 2.0]], [[0.0, 0.0]])])
def test_a_norm_of_0_divides_nothing(weight: list[list[float]], gradient: list[list[float]]) -> None:
    assert moved(weight, [gradient]).isfinite().all()


def test_a_matrix_of_zeros_leaves_zero() -> None:
    assert moved([[0.0, 0.0]], [[[1.0, 2.0]]]).tolist()[0] == pytest.approx([-0.1, -0.1], rel=1e-4)
