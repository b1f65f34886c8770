"""Momentum whose matrices are made orthogonal."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.training.muon import ITERATIONS, QUINTIC, Muon, orthogonal


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def matrix_of(singular: list[float], rows: int, columns: int) -> Tensor:
    """A matrix with these singular values and drawn directions."""
    left, _ = torch.linalg.qr(drawn(rows, rows))
    right, _ = torch.linalg.qr(drawn(columns, columns, seed=1))
    count = len(singular)
    return left[:, :count] @ torch.diag(torch.tensor(singular, dtype=torch.float64)) @ right[:, :count].T


def by_singular_values(matrix: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """The same by another way: the polynomial of the iteration acts on each singular value alone."""
    a, b, c = QUINTIC
    left, values, right = torch.linalg.svd(matrix / matrix.norm(), full_matrices=False)
    for _ in range(iterations):
        values = a * values + b * values**3 + c * values**5
    return left @ torch.diag(values) @ right


def parameter(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.clone())


def muon_of(weight: nn.Parameter, *, momentum: float = 0.8, **group: Any) -> Muon:
    settings = {"params": [weight], "rule": "muon", "lr": 0.1, "rescale": False, "peak": 0.1}
    return Muon([settings | group], momentum=momentum)


# ---- orthogonal


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (4, 9), (9, 4), (1, 7), (7, 1)])
def test_singular_values_come_near_one_and_directions_stay(rows: int, columns: int) -> None:
    matrix = matrix_of([3.0, 1.0, 0.3, 0.1][: min(rows, columns)], rows, columns)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = left.T @ orthogonal(matrix, 5) @ right.T  # diagonal where the directions are the same
    assert turned.shape == (min(rows, columns),) * 2
    assert ((turned.diagonal() > 0.6) & (turned.diagonal() < 1.3)).all()
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()), rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_it_is_the_polynomial_of_the_singular_values(shape: tuple[int, int]) -> None:
    torch.testing.assert_close(orthogonal(drawn(*shape)), by_singular_values(drawn(*shape)), rtol=1e-6, atol=1e-7)


def test_the_size_of_the_matrix_has_no_say() -> None:
    torch.testing.assert_close(orthogonal(drawn(3, 5) * 1000), orthogonal(drawn(3, 5)), rtol=1e-6, atol=1e-6)


def test_a_matrix_of_zeros_stays() -> None:
    assert torch.equal(orthogonal(torch.zeros(3, 5)), torch.zeros(3, 5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_shape_and_dtype_stay(dtype: torch.dtype) -> None:
    made = orthogonal(drawn(5, 3).to(dtype))
    assert (made.shape, made.dtype) == ((5, 3), dtype)


# ---- a step


def test_the_first_step_by_hand() -> None:
    before, gradient = drawn(3, 5), drawn(3, 5, seed=2)
    weight = parameter(before)
    weight.grad = gradient.clone()
    muon_of(weight, lr=0.1).step()
    torch.testing.assert_close(weight.data, before - 0.1 * by_singular_values(gradient), rtol=1e-6, atol=1e-7)


def test_the_second_step_looks_ahead_along_the_momentum() -> None:
    before, first, second = drawn(3, 5), drawn(3, 5, seed=2), drawn(3, 5, seed=3)
    weight = parameter(before)
    optimiser = muon_of(weight, momentum=0.8, lr=0.1)
    for gradient in (first, second):
        weight.grad = gradient.clone()
        optimiser.step()
    push = second + 0.8 * (0.8 * first + second)
    expected = before - 0.1 * by_singular_values(first) - 0.1 * by_singular_values(push)
    torch.testing.assert_close(weight.data, expected, rtol=1e-6, atol=1e-7)


def test_a_filter_is_a_matrix_with_a_row_for_each_output() -> None:
    before, gradient = drawn(4, 2, 3, 3), drawn(4, 2, 3, 3, seed=2)
    weight = parameter(before)
    weight.grad = gradient.clone()
    muon_of(weight, lr=0.1).step()
    moved = by_singular_values(gradient.reshape(4, 18)).reshape(4, 2, 3, 3)
    torch.testing.assert_close(weight.data, before - 0.1 * moved, rtol=1e-6, atol=1e-7)


def test_a_rescaled_filter_has_the_norm_of_the_root_of_its_outputs_before_the_step() -> None:
    weight = parameter(drawn(4, 2, 3, 3) * 100)
    direction = weight.data / weight.data.norm()
    weight.grad = drawn(4, 2, 3, 3, seed=2)
    muon_of(weight, rescale=True, lr=0.0).step()
    torch.testing.assert_close(weight.data, 2 * direction)  # the root of 4


def test_a_weight_without_a_gradient_stays() -> None:
    weight = parameter(drawn(3, 5))
    muon_of(weight, rescale=True).step()
    assert torch.equal(weight.data, drawn(3, 5))


def test_orthogonal_in_bf16_is_nearly_the_same() -> None:
    steps = []
    for bf16 in (False, True):
        weight = parameter(drawn(3, 5).float())
        weight.grad = drawn(3, 5, seed=2).float()
        muon_of(weight, bf16=bf16).step()
        steps.append(weight.data - drawn(3, 5).float())
    torch.testing.assert_close(steps[1], steps[0], rtol=0.1, atol=0.01)
    assert not torch.equal(*steps)


# ---- what is left to plain momentum


def test_plain_steps_are_those_of_torch_s_nesterov() -> None:
    ours, theirs = parameter(drawn(6)), parameter(drawn(6))
    optimisers = [
        muon_of(ours, rule="sgd", momentum=0.9, lr=0.05, peak=0.05),
        torch.optim.SGD([theirs], lr=0.05, momentum=0.9, nesterov=True, foreach=False),
    ]
    for step in range(20):
        for weight, optimiser in zip((ours, theirs), optimisers, strict=True):
            weight.grad = drawn(6, seed=step)
            optimiser.step()
    torch.testing.assert_close(ours.data, theirs.data)


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_decay_takes_its_share_off_at_the_peak_and_less_below(share: float) -> None:
    weight = parameter(drawn(6))
    weight.grad = torch.zeros(6, dtype=torch.float64)
    muon_of(weight, rule="sgd", decay=0.1, lr=0.05 * share, peak=0.05).step()
    torch.testing.assert_close(weight.data, drawn(6) * (1 - 0.1 * share))
