"""What a step makes small where several things are asked, or something else than one class out of all."""

import math

import pytest
import torch
from torch import Tensor

from tellapart.config import OptimConfig
from tellapart.errors import SettingError
from tellapart.training.losses import cross_entropy
from tellapart.training.objective import LEAST_LOSS, Objective, stretches, weights_by_uncertainty
from tellapart.training.soft import binary_cross_entropy, huber_number
from tellapart.types import Batch, Task

COLOUR = Task(name="colour", kind="class", classes=("blue", "red", "green"))
TAGS = Task(name="tags", kind="labels", classes=("fur", "tail"))
AGE = Task(name="age", kind="number", mean=10.0, std=2.0)
TASKS = (COLOUR, TAGS, AGE)
NAN = math.nan

LOGITS = torch.tensor([[1.0, 2.0, -1.0, 0.5, -3.0, 11.0], [0.0, 0.0, 4.0, 2.0, 2.0, 4.0]])
TARGETS = torch.tensor([[1.0, 1.0, 0.0, 10.0], [2.0, 0.0, 0.0, 10.0]])


def batch(targets: Tensor, **more: Tensor) -> Batch:
    return Batch(inputs=torch.zeros(len(targets), 1), targets=targets, keys=torch.arange(len(targets)), **more)


def objective(*weights: float, **optim: object) -> Objective:
    return Objective(optim=OptimConfig(task_weights=weights, **optim), tasks=TASKS)  # type: ignore[arg-type]


def test_the_loss_of_several_tasks_is_the_weighted_sum_of_theirs() -> None:
    by_hand = (
        2 * cross_entropy(LOGITS[:, :3], torch.tensor([1, 2]))
        + 3 * binary_cross_entropy(LOGITS[:, 3:5], TARGETS[:, 1:3])
        + 5 * huber_number(torch.tensor([0.5, -3.0]), torch.zeros(2))
    )
    torch.testing.assert_close(objective(2, 3, 5).losses(LOGITS, batch(TARGETS)), by_hand)


def test_numbers_are_compared_in_units_of_their_spread() -> None:
    alone = Objective(optim=OptimConfig(number_loss="squared"), tasks=(AGE,))
    losses = alone.losses(torch.tensor([[14.0], [9.0]]), batch(torch.tensor([[10.0], [10.0]])))
    torch.testing.assert_close(losses, torch.tensor([4.0, 0.25]))


def test_what_is_not_known_adds_nothing_and_pulls_at_nothing() -> None:
    logits = LOGITS.clone().requires_grad_()
    unknown = torch.tensor([[NAN, NAN, NAN, NAN], [2.0, NAN, 1.0, NAN]])
    losses = objective(1, 1, 1).losses(logits, batch(unknown))
    assert losses[0].item() == 0
    losses.sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert (logits.grad != 0).tolist() == [[False] * 6, [True] * 3 + [False, True, False]]


def test_right_answers_count_their_share() -> None:
    """Of the first sample the class and both labels are right, of the second the class alone."""
    assert objective().right(LOGITS, batch(TARGETS)).item() == pytest.approx(1.0 + (1.0 + 0.0) / 2)


def test_numbers_alone_are_never_counted_as_right() -> None:
    alone = Objective(optim=OptimConfig(), tasks=(AGE,))
    assert alone.right(torch.tensor([[10.0]]), batch(torch.tensor([[10.0]]))).item() == 0


def test_a_mixed_sample_has_the_losses_of_both_by_their_shares() -> None:
    other, shares = TARGETS.flip(0), torch.tensor([0.7, 0.4])
    plain = objective(1, 1, 1)
    mixed = plain.losses(LOGITS, batch(TARGETS, partners=other, shares=shares))
    own, others = plain.losses(LOGITS, batch(TARGETS)), plain.losses(LOGITS, batch(other))
    torch.testing.assert_close(mixed, shares * own + (1 - shares) * others)
    right = plain.right(LOGITS, batch(TARGETS, partners=other, shares=shares))
    shown = torch.stack([TARGETS[0], other[1]])
    assert right == plain.right(LOGITS, batch(shown))


def test_without_tasks_it_is_the_loss_of_one_class_out_of_all() -> None:
    plain = Objective(optim=OptimConfig(label_smoothing=0.1))
    classes = torch.tensor([1, 2])
    assert torch.equal(plain.losses(LOGITS, batch(classes)), cross_entropy(LOGITS, classes, 0.1))
    assert torch.equal(plain.unsmoothed(LOGITS, batch(classes)), cross_entropy(LOGITS, classes))
    assert plain.right(LOGITS[:, :3], batch(torch.tensor([0, 2]))).item() == 1


def test_weights_by_uncertainty_fall_with_the_loss_and_add_up_to_the_number_of_tasks() -> None:
    weights = weights_by_uncertainty([torch.tensor([1.0, 3.0]), torch.tensor([0.5, 0.5])])
    assert torch.stack(weights).tolist() == pytest.approx([0.4, 1.6])
    solved = weights_by_uncertainty([torch.ones(2), torch.zeros(2)])
    assert (solved[1] / solved[0]).item() == pytest.approx(1 / LEAST_LOSS)


def test_a_task_alone_has_the_weight_one() -> None:
    losses = torch.tensor([0.3, 0.9])
    assert weights_by_uncertainty([losses])[0].item() == pytest.approx(1)


def test_every_task_has_its_own_stretch_of_logits_and_targets() -> None:
    found = [
        (task.name, logits.shape[1], targets.shape[1]) for task, logits, targets in stretches(TASKS, LOGITS, TARGETS)
    ]
    assert found == [("colour", 3, 1), ("tags", 2, 2), ("age", 1, 1)]


@pytest.mark.parametrize("weights", [(1.0, -1.0), (0.0, 0.0)])
def test_weights_of_tasks_are_0_or_more_and_not_all_0(weights: tuple[float, ...]) -> None:
    with pytest.raises(SettingError, match=r"task_weights is \[.*must be 0 or more, and not all of them 0"):
        OptimConfig(task_weights=weights)
