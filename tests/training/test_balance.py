"""Classes of unequal size: weights, samplers and adjusted logits, by hand and by what they are for."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.config import OptimConfig, RunConfig
from tellapart.errors import SettingError
from tellapart.training.balance import (
    BETA,
    MOST,
    balanced_rows,
    class_weights,
    log_odds,
    log_priors,
    positive_weights,
    settled_balance,
)
from tellapart.training.losses import cross_entropy
from tellapart.training.objective import Objective
from tellapart.training.soft import binary_cross_entropy
from tellapart.types import Batch, DataSpec, Task

CPU = torch.device("cpu")
SPEC = DataSpec(kind="vector", shape=(1,), classes=("a", "b", "c"), mean=(0.0,), std=(1.0,))
LOGITS = torch.tensor([[1.0, 2.0, -1.0], [0.5, -1.0, 0.0]])


def batch(targets: torch.Tensor) -> Batch:
    return Batch(inputs=torch.zeros(len(targets), 1), targets=targets, keys=torch.arange(len(targets)))


# ---- by hand


def test_weights_are_one_over_the_samples_and_one_in_the_mean() -> None:
    counts = (90, 9, 1)
    weights = class_weights(counts, "weights")
    assert (weights * torch.tensor(counts)).tolist() == pytest.approx([100 / 3] * 3)


def test_the_effective_number_saturates() -> None:
    counts = (100_000, 50_000, 10)
    weights = class_weights(counts, "class-balanced")
    by_hand = [(1 - BETA) / (1 - BETA**n) for n in counts]
    assert (weights / weights[0]).tolist() == pytest.approx([each / by_hand[0] for each in by_hand], rel=1e-5)
    assert weights[0].item() == pytest.approx(weights[1].item(), rel=1e-5)


def test_priors_and_odds_by_hand() -> None:
    assert log_priors((3, 1)).tolist() == pytest.approx([math.log(0.75), math.log(0.25)])
    assert log_odds((25, 50), 100).tolist() == pytest.approx([math.log(1 / 3), 0.0])
    assert positive_weights((25, 50, 1), 1000).tolist() == pytest.approx([39.0, 19.0, MOST])


def test_a_class_without_samples_divides_nothing_by_zero() -> None:
    for found in (class_weights((5, 0), "weights"), log_priors((5, 0)), positive_weights((0,), 5), log_odds((5,), 5)):
        assert found.isfinite().all()


# ---- in the loss


def objective(balance: str, counts: tuple[int, ...], spec: DataSpec = SPEC, samples: int = 100) -> Objective:
    return Objective.balanced(OptimConfig(balance=balance), spec, counts, samples, CPU)  # type: ignore[arg-type]


def test_adjusted_logits_are_the_logits_with_the_priors_added() -> None:
    counts, targets = (90, 9, 1), torch.tensor([1, 2])
    found = objective("logit-adjust", counts).losses(LOGITS, batch(targets))
    torch.testing.assert_close(found, cross_entropy(LOGITS + log_priors(counts), targets))


def test_adjusting_has_no_say_in_what_counts_as_right() -> None:
    made = objective("logit-adjust", (98, 1, 1))
    assert made.right(LOGITS, batch(torch.tensor([1, 0]))).item() == 2


def test_weights_multiply_the_loss_of_their_class() -> None:
    counts, targets = (90, 9, 1), torch.tensor([1, 2])
    found = objective("weights", counts).losses(LOGITS, batch(targets))
    torch.testing.assert_close(found, cross_entropy(LOGITS, targets) * class_weights(counts, "weights")[targets])


def test_each_task_is_balanced_by_itself() -> None:
    tasks = (
        Task(name="kind", kind="class", classes=("a", "b")),
        Task(name="has", kind="labels", classes=("x",)),
        Task(name="age", kind="number"),
    )
    spec = DataSpec(**{**vars(SPEC), "tasks": tasks, "classes": ("kind=a", "kind=b", "has=x", "age")})
    logits, targets = torch.tensor([[0.3, -0.2, 1.0, 2.0]]), torch.tensor([[1.0, 1.0, 2.0]])
    made = Objective.balanced(
        OptimConfig(balance="weights", task_weights=(1.0, 1.0, 1.0)), spec, (80, 20, 25, 100), 100, CPU
    )
    kind = cross_entropy(logits[:, :2], torch.tensor([1])) * class_weights((80, 20), "weights")[1]
    has = 3 * binary_cross_entropy(logits[:, 2:3], torch.ones(1, 1))
    torch.testing.assert_close(made.losses(logits, batch(targets)), kind + has)


@pytest.mark.parametrize("balance", ["none", "sampler"])
def test_without_it_the_loss_is_plain(balance: str) -> None:
    targets = torch.tensor([1, 2])
    assert torch.equal(objective(balance, (98, 1, 1)).losses(LOGITS, batch(targets)), cross_entropy(LOGITS, targets))


# ---- what each is for: on data where the classes overlap, the rare one is found as often as the other


def recalls(way: str) -> list[float]:
    """Of two classes that overlap, 3,800 samples against 200, under logistic regression."""
    draws = torch.Generator().manual_seed(0)
    targets = (torch.arange(4000) % 20 == 0).long()
    values = torch.randn(4000, generator=draws) + 1.5 * targets
    made = objective(way, (3800, 200), DataSpec(**{**vars(SPEC), "classes": ("a", "b")}), 4000)
    weight, bias = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.SGD([weight, bias], lr=1.0)
    for _ in range(300):
        optimiser.zero_grad()
        made.losses(values[:, None] * weight + bias, batch(targets)).mean().backward()
        optimiser.step()
    said = (values[:, None] * weight + bias).argmax(1)
    return [(said[targets == k] == k).float().mean().item() for k in (0, 1)]


@pytest.mark.parametrize("way", ["weights", "class-balanced", "logit-adjust"])
def test_the_rare_class_is_found_more_often(way: str) -> None:
    plain, balanced = recalls("none"), recalls(way)
    assert plain[1] < 0.3
    if way == "class-balanced":
        assert balanced[1] > plain[1] + 0.1
    else:
        assert abs(balanced[0] - balanced[1]) < 0.1


# ---- the sampler


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.integers(0, 5), st.integers(5, 80))
def test_each_class_is_shown_as_often_and_each_row_of_a_class_too(counts: list[int], epoch: int, count: int) -> None:
    targets = torch.cat([torch.full((n,), k) for k, n in enumerate(counts)])
    rows = balanced_rows(targets, count, seed=1, epoch=epoch)
    shown = torch.bincount(targets[rows], minlength=len(counts))
    assert len(rows) == count
    assert shown.max() - shown.min() <= 1
    for k in range(len(counts)):
        times = torch.bincount(rows, minlength=len(targets))[targets == k]
        assert times.max() - times.min() <= 1


def test_what_is_shown_is_a_function_of_seed_and_epoch() -> None:
    targets = torch.tensor([0] * 50 + [1] * 7)
    one, again, other = (balanced_rows(targets, 40, seed, epoch) for seed, epoch in ((0, 1), (0, 1), (0, 2)))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


# ---- auto


@pytest.mark.parametrize(
    ("counts", "taken"), [((99, 10), "none"), ((100, 10), "logit-adjust"), ((500, 40, 0), "logit-adjust")]
)
def test_auto_balances_where_one_class_has_ten_times_the_samples(counts: tuple[int, ...], taken: str) -> None:
    way, line = settled_balance("auto", counts, ())
    assert way == taken
    assert bool(line) == (taken != "none")


def test_auto_leaves_several_tasks_alone_and_what_is_asked_for_stays() -> None:
    assert settled_balance("auto", (100, 1), (Task(name="a", kind="labels", classes=("x", "y")),)) == ("none", "")
    assert settled_balance("weights", (100, 1), ()) == ("weights", "")
    assert settled_balance("none", (100, 1), ()) == ("none", "")


def test_a_sampler_and_the_hardest_contradict() -> None:
    with pytest.raises(SettingError, match="balance is 'sampler' and hardest says too what an epoch shows"):
        RunConfig.of("digits", {"balance": "sampler", "hardest": (1.0, 0.5)})
