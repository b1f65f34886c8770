"""What is made small, one number a sample."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.training.losses import LOSSES, brier, cross_entropy, focal, huber, mse


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


def test_focal_by_hand() -> None:
    logits = torch.tensor([[1.0, 3.0], [1.0, 3.0]]).log()
    expected = torch.tensor([-(0.75**2) * math.log(0.25), -(0.25**2) * math.log(0.75)])
    torch.testing.assert_close(focal(logits, torch.tensor([0, 1])), expected)


def test_focal_tells_apart_what_is_almost_sure() -> None:
    assert focal(torch.tensor([[12.0, 0.0]]), torch.tensor([0])).item() == pytest.approx(math.exp(-36), rel=1e-3)


def test_brier_by_hand() -> None:
    logits = torch.tensor([[1.0, 1.0, 2.0]]).log()
    expected = torch.tensor([0.25**2 + 0.25**2 + 0.5**2])
    torch.testing.assert_close(brier(logits, torch.tensor([2])), expected)


def test_brier_of_a_sure_mistake_is_2() -> None:
    torch.testing.assert_close(brier(torch.tensor([[1e4, -1e4, 0.0]]), torch.tensor([1])), torch.tensor([2.0]))


def test_mse_by_hand() -> None:
    losses = mse(torch.tensor([[1.0, 0.0], [3.0, -1.0]]), torch.tensor([0, 1]))
    torch.testing.assert_close(losses, torch.tensor([0.0, (9 + 4) / 2]))


def test_huber_by_hand() -> None:
    losses = huber(torch.tensor([[0.5, 0.0], [3.0, 0.0]]), torch.tensor([0, 1]))
    torch.testing.assert_close(losses, torch.tensor([0.5 * 0.25 / 2, (2.5 + 0.5) / 2]))


def test_huber_pulls_no_harder_however_wrong_a_logit_is() -> None:
    near, far = (torch.tensor([[off, 0.0]], requires_grad=True) for off in (2.0, 2000.0))
    for logits in (near, far):
        huber(logits, torch.tensor([1])).sum().backward()
    assert near.grad is not None
    assert far.grad is not None
    assert torch.equal(near.grad, far.grad)


@pytest.mark.parametrize("name", ["brier", "mse", "huber"])
def test_smoothing_is_the_loss_against_a_spread_target(name: str) -> None:
    logits, targets = drawn(K=4)
    reached = torch.full((8, 4), 0.05)
    reached[torch.arange(8), targets] = 0.85
    at_target = reached.log() if name == "brier" else reached
    losses = LOSSES[name](at_target, targets, 0.2)  # type: ignore[index]
    torch.testing.assert_close(losses, torch.zeros(8), atol=1e-7, rtol=0)
    assert (LOSSES[name](logits, targets, 0.2) > 0).all()  # type: ignore[index]


@pytest.mark.parametrize("size", [1e2, 1e4])
@pytest.mark.parametrize("name", list(LOSSES))
def test_gradients_at_extreme_logits_are_finite(name: str, size: float) -> None:
    logits = torch.tensor([[size, -size, 0.0], [-size, size, 0.0]], requires_grad=True)
    losses = LOSSES[name](logits, torch.tensor([1, 1]), 0.0)  # type: ignore[index]
    losses.sum().backward()
    assert losses.isfinite().all()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_step_down_the_gradient_makes_the_loss_smaller(name: str) -> None:
    logits, targets = drawn()
    logits = logits.requires_grad_()
    losses = LOSSES[name](logits, targets, 0.0)  # type: ignore[index]
    losses.sum().backward()
    assert logits.grad is not None
    after = LOSSES[name](logits.detach() - 1e-2 * logits.grad, targets, 0.0)  # type: ignore[index]
    assert after.sum() < losses.sum()
