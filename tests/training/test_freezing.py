"""A frozen body: not a bit of it moves, and it moves from the epoch on that was asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.toys import everything, go_on, taken_up, toy_learner

from tellapart.commands.learner import Learner
from tellapart.models.head import head_of
from tellapart.training.rehearsal import rehearse

CASES: dict[str, dict[str, Any]] = {
    "adam": {},
    "sgd": {"optimiser": "sgd", "weight_decay": 0.01},
    "adamw": {"optimiser": "adamw", "weight_decay": 0.01},
    "muon": {"optimiser": "muon", "weight_decay": 0.01},
    "running statistics": {"model": "resnet18", "widths": (8, 16)},
    "layer-wise rates": {"layer_decay": 0.7},
    "average": {"ema": 0.9, "model": "whitened-cnn", "widths": (4,), "optimiser": "muon"},
}


def frozen_learner(frozen: float, **settings: Any) -> Learner:
    learner = toy_learner(**settings)
    learner.plan = replace(learner.plan, frozen=frozen)
    return learner


def kept(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in learner.state.module.state_dict().items()}


def changed(learner: Learner, before: dict[str, torch.Tensor]) -> list[str]:
    return [name for name, tensor in learner.state.module.state_dict().items() if not torch.equal(tensor, before[name])]


@pytest.mark.parametrize("case", CASES)
def test_the_head_alone_moves_where_the_body_is_frozen(case: str) -> None:
    learner = frozen_learner(float("inf"), **CASES[case])
    before = kept(learner)
    go_on(learner)
    head = head_of(learner.state.module)
    assert changed(learner, before)
    assert all(name.startswith(f"{head}.") for name in changed(learner, before))


@pytest.mark.parametrize("case", CASES)
def test_all_moves_from_the_epoch_on_that_was_asked_for(case: str) -> None:
    learner = frozen_learner(1, **CASES[case])
    before, head = kept(learner), head_of(learner.state.module)
    go_on(learner, lambda state: state.epoch == 1)
    assert learner.state.epoch == 1
    assert all(name.startswith(f"{head}.") for name in changed(learner, before))
    go_on(learner)
    trained = {name for name, weight in learner.state.module.named_parameters() if weight.requires_grad}
    assert trained <= {*changed(learner, before)}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("steps", [1, 3, 4, 8])
def test_a_training_that_is_gone_on_with_ends_in_the_same_bits(case: str, steps: int, tmp_path: Path) -> None:
    whole = frozen_learner(1, **CASES[case])
    go_on(whole)
    broken = frozen_learner(1, **CASES[case])
    go_on(broken, lambda state: state.step == steps)
    fresh = taken_up(broken, tmp_path, **CASES[case])
    fresh.plan = replace(fresh.plan, frozen=1)
    go_on(fresh)
    assert everything(fresh) == everything(whole)


def test_a_frozen_weight_gets_no_gradient() -> None:
    learner = frozen_learner(float("inf"))
    go_on(learner, lambda state: state.step == 1)
    with_gradient = [name for name, weight in learner.state.module.named_parameters() if weight.grad is not None]
    assert {name.rpartition(".")[0] for name in with_gradient} == {head_of(learner.state.module)}


def test_what_was_never_trained_is_not_thawed() -> None:
    learner = frozen_learner(1, model="whitened-cnn", widths=(4,))
    go_on(learner)
    assert not learner.state.module.get_parameter("whiten.weight").requires_grad


def test_a_rehearsal_leaves_the_weights_free() -> None:
    from tellapart.commands.learner import batches
    from tellapart.commands.watch import Silence
    from tellapart.types import Order

    learner = frozen_learner(float("inf"))
    rehearse(learner.state, batches(learner, Silence())(Order(seed=0, epoch=0)), learner.plan)
    assert all(weight.requires_grad for weight in learner.state.module.parameters())


def test_without_freezing_the_bits_are_those_of_always() -> None:
    plain, zero = toy_learner(), frozen_learner(0)
    go_on(plain)
    go_on(zero)
    assert everything(plain) == everything(zero)
