"""What is made small, one number a sample."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.training.losses import LOSSES, cross_entropy


def drawn(B: int = 8, K: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, K, generator=generator) * 3, torch.randint(0, K, (B,), generator=generator)


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[1.0, 3.0], [1.0, 3.0], [2.0, 2.0]]).log()
    expected = torch.tensor([-math.log(0.25), -math.log(0.75), math.log(2)])
    torch.testing.assert_close(cross_entropy(logits, torch.tensor([0, 1, 1])), expected)


def test_no_idea_costs_the_logarithm_of_the_number_of_classes() -> None:
    assert cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item() == pytest.approx(math.log(10))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 0.9])
def test_smoothing_is_a_target_spread_over_all_classes(smoothing: float) -> None:
    logits, targets = drawn()
    K = logits.shape[1]
    spread = torch.full(logits.shape, smoothing / K)
    spread[torch.arange(len(targets)), targets] += 1 - smoothing
    shares = logits.double().exp() / logits.double().exp().sum(1, keepdim=True)
    by_hand = -(spread * shares.log()).sum(1)
    torch.testing.assert_close(cross_entropy(logits, targets, smoothing), by_hand.float())


def test_smoothing_punishes_certainty() -> None:
    certain, targets = torch.tensor([[20.0, 0.0]]), torch.tensor([0])
    assert cross_entropy(certain, targets, 0.1) > cross_entropy(certain / 5, targets, 0.1)
    assert cross_entropy(certain, targets) < cross_entropy(certain / 5, targets)


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_loss_is_one_number_a_sample_in_float32(name: str) -> None:
    logits, targets = drawn()
    for dtype in (torch.float32, torch.bfloat16):
        losses = LOSSES[name](logits.to(dtype), targets, 0.1)  # type: ignore[index]
        assert losses.shape == targets.shape
        assert losses.dtype == torch.float32


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_sample_s_loss_does_not_depend_on_the_others(name: str) -> None:
    logits, targets = drawn()
    loss = LOSSES[name]  # type: ignore[index]
    alone = torch.cat([loss(logits[i : i + 1], targets[i : i + 1], 0.1) for i in range(len(targets))])
    torch.testing.assert_close(loss(logits, targets, 0.1), alone)


@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(2, 9), st.floats(0, 0.99))
def test_cross_entropy_is_never_negative(seed: int, B: int, K: int, smoothing: float) -> None:
    logits, targets = drawn(B, K, seed)
    assert (cross_entropy(logits, targets, smoothing) >= 0).all()


def test_a_number_added_to_all_logits_changes_nothing() -> None:
    logits, targets = drawn()
    torch.testing.assert_close(cross_entropy(logits + 100, targets), cross_entropy(logits, targets))


def test_large_logits_overflow_nothing() -> None:
    assert cross_entropy(torch.tensor([[1e4, -1e4]]), torch.tensor([1])).item() == pytest.approx(2e4)
