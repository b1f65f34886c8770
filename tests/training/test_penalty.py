"""What is done to gradients before they become a step."""

from typing import Any

import pytest
import torch
from torch import nn

from tellapart.config import OptimConfig
from tellapart.training.fit import new_state, step_once
from tellapart.training.penalty import shape_gradients
from tellapart.training.plan import Extent, Plan
from tellapart.types import Batch
from tellapart.world import World


def shaped(gradients: dict[str, list[Any]], **settings: Any) -> dict[str, torch.Tensor]:
    """Gradients of a layer whose weight is [[2, -3, 0]] and whose bias is [5]."""
    layer = nn.Linear(3, 1)
    layer.weight.data, layer.bias.data = torch.tensor([[2.0, -3.0, 0.0]]), torch.tensor([5.0])
    for name, gradient in gradients.items():
        getattr(layer, name).grad = torch.tensor(gradient)
    optimiser = torch.optim.SGD(layer.parameters(), lr=1.0)
    shape_gradients(optimiser, OptimConfig(**settings))
    return {name: weight.grad for name, weight in layer.named_parameters() if weight.grad is not None}


def test_l1_adds_the_signs_of_a_matrix_and_spares_the_bias() -> None:
    found = shaped({"weight": [[1.0, 1.0, 1.0]], "bias": [1.0]}, l1=0.25)
    assert found["weight"].tolist() == [[1.25, 0.75, 1.0]]
    assert found["bias"].tolist() == [1.0]


def test_long_gradients_are_shortened_together_to_the_norm_of_clip() -> None:
    found = shaped({"weight": [[2.0, 0.0, 1.0]], "bias": [-2.0]}, clip=1.5)  # of norm 3
    torch.testing.assert_close(found["weight"], torch.tensor([[1.0, 0.0, 0.5]]))
    torch.testing.assert_close(found["bias"], torch.tensor([-1.0]))


def test_short_gradients_stay_what_they_are_to_the_bit() -> None:
    assert shaped({"weight": [[0.1, 0.2, 0.3]], "bias": [0.1]}, clip=1.0)["weight"].tolist() == [
        torch.tensor([0.1, 0.2, 0.3]).tolist()
    ]


def test_l1_is_not_clipped() -> None:
    found = shaped({"weight": [[3.0, 0.0, 4.0]], "bias": [0.0]}, clip=1.0, l1=0.5)
    torch.testing.assert_close(found["weight"], torch.tensor([[0.6 + 0.5, -0.5, 0.8]]))


def test_a_weight_without_a_gradient_is_left_alone() -> None:
    assert "weight" not in shaped({"bias": [2.0]}, clip=1.0, l1=0.5)


@pytest.mark.parametrize(("settings", "moved"), [({"clip": 0.01}, 0.01), ({"clip": 1e6}, None), ({}, None)])
def test_a_step_of_plain_sgd_is_as_long_as_clip_at_most(settings: dict[str, float], moved: float | None) -> None:
    optim = OptimConfig(optimiser="sgd", momentum=0.0, lr=1.0, schedule="constant", **settings)  # type: ignore[arg-type]
    module = nn.Linear(2, 2)
    state = new_state(module, optim, World(device=torch.device("cpu"), threads=1, bf16=False))
    plan = Plan(optim=optim, seed=0, epochs=1, steps=1, extents=(Extent(samples=2, steps=1),), autocast=None)
    before = torch.cat([weight.detach().flatten().clone() for weight in module.parameters()])
    batch = Batch(inputs=torch.tensor([[9.0, -7.0], [5.0, 8.0]]), targets=torch.tensor([0, 1]), keys=torch.arange(2))
    step_once(state, batch, plan)
    length = (torch.cat([weight.detach().flatten() for weight in module.parameters()]) - before).norm().item()
    assert length == pytest.approx(moved, rel=1e-2) if moved else length > 0.01
