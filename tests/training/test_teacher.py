"""Learning from another model: by hand, and by what it is for."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import OptimConfig
from tellapart.errors import SettingError
from tellapart.training.losses import cross_entropy
from tellapart.training.objective import Objective
from tellapart.training.soft import kl_divergence
from tellapart.training.teacher import Teacher, brought, disagreement
from tellapart.types import Batch, DataSpec, Task

CPU = torch.device("cpu")


def spec_of(classes: str = "abc", shape: tuple[int, ...] = (3,), **more: Any) -> DataSpec:
    kind = "image" if len(shape) == 3 else "vector"
    size = shape[0]
    return DataSpec(kind=kind, shape=shape, classes=tuple(classes), mean=(0.0,) * size, std=(1.0,) * size, **more)


def teacher(old: DataSpec, new: DataSpec) -> Teacher:
    return Teacher.of(nn.Identity(), old, new, CPU, "teacher")


def batch(inputs: Tensor, targets: Tensor) -> Batch:
    return Batch(inputs=inputs, targets=targets, keys=torch.arange(len(targets)))


# ---- by hand


def test_the_same_answer_costs_nothing() -> None:
    logits = torch.tensor([[3.0, -1.0, 0.5]])
    assert disagreement(logits, logits - 7, torch.ones(1)).item() == pytest.approx(0, abs=1e-6)


def test_it_counts_to_agree_where_the_old_model_is_right_alone() -> None:
    logits, old = torch.tensor([[0.0, 0.0]] * 2), torch.tensor([[math.log(9), 0.0]] * 2)
    by_hand = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
    assert disagreement(logits, old, torch.tensor([0.0, 1.0])).tolist() == pytest.approx([0.0, by_hand])


# ---- classes and shapes that differ


def test_only_classes_that_both_have_are_compared() -> None:
    made = teacher(spec_of("xcab", (4,)), spec_of("abcd", (4,)))
    logits = torch.tensor([[9.0, 1.0, 2.0, 3.0]])
    assert made.shared(logits).tolist() == [[1.0, 2.0, 3.0]]
    assert made.theirs.tolist() == [2, 0, 1]


def test_the_old_model_is_right_where_it_names_the_class_and_never_about_one_that_it_lacks() -> None:
    made = teacher(spec_of("xcab", (4,)), spec_of("abcd", (4,)))
    logits = torch.eye(4)  # says x, c, a, b
    assert made.right(logits, torch.tensor([3, 2, 1, 1])).tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (spec_of("ab", (3,)), spec_of("ac", (3,)), "teacher is a model of the classes a, b; it needs two at least"),
        (spec_of("ab", (3,)), spec_of("ab", (4,)), r"teacher is a model of vector data of \(3,\)"),
        (spec_of("ab", (1, 4, 4)), spec_of("ab", (4,)), "teacher is a model of image data"),
        (spec_of("ab"), spec_of("ab", tasks=(Task(name="x", kind="labels", classes=("a", "b")),)), "something else"),
    ],
)
def test_a_model_that_has_nothing_to_say_is_refused(old: DataSpec, new: DataSpec, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        teacher(old, new)


@pytest.mark.parametrize("shape", [(1, 6, 8), (3, 6, 8), (3, 12, 10), (1, 3, 5)])
def test_pictures_are_brought_to_what_the_teacher_takes(shape: tuple[int, ...]) -> None:
    found = brought(torch.full((2, 3, 6, 8), 77, dtype=torch.uint8), spec_of("ab", shape))
    assert found.shape == (2, *shape)
    assert found.float().mean().item() == pytest.approx(77)


def test_a_teacher_stays_as_it_is() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    made = Teacher.of(module, spec_of(), spec_of(), CPU, "teacher")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    one, again = (made.logits(torch.ones(4, 3)) for _ in range(2))
    assert torch.equal(one, again)
    assert not one.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


# ---- in the objective


def objective(**settings: Any) -> Objective:
    names = {"teacher", "agree"} & settings.keys()
    optim = OptimConfig(**{name: value for name, value in settings.items() if name not in names})
    return Objective(optim=optim, **{name: settings[name] for name in names})


LOGITS, TARGETS = torch.tensor([[1.0, 2.0, -1.0], [0.5, -1.0, 0.0]]), torch.tensor([1, 2])
INPUTS = torch.tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]])


def test_the_teacher_has_its_share_of_the_loss() -> None:
    made = objective(teacher=teacher(spec_of(), spec_of()), teacher_share=0.3, temperature=2.0)
    by_hand = 0.7 * cross_entropy(LOGITS, TARGETS) + 0.3 * kl_divergence(LOGITS, INPUTS, 2.0)
    torch.testing.assert_close(made.losses(LOGITS, batch(INPUTS, TARGETS)), by_hand)


def test_disagreement_stands_beside_the_loss() -> None:
    made = objective(agree=teacher(spec_of(), spec_of()), agree_weight=0.5)
    right = torch.tensor([1.0, 0.0])
    by_hand = cross_entropy(LOGITS, TARGETS) + 0.5 * disagreement(LOGITS, INPUTS, right)
    torch.testing.assert_close(made.losses(LOGITS, batch(INPUTS, TARGETS)), by_hand)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0; must be above 0"),
        ({"teacher_share": 1.0}, "teacher_share is 1; must be a share"),
        ({"agree_weight": -1.0}, "agree_weight is -1"),
    ],
)
def test_settings_are_checked(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        OptimConfig(**settings)
