"""What passes through a network is noted, by modules and by functions alike."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.training.signals import FLAT, Signals, layers_of

FUNCTIONS: dict[str, Any] = {
    "relu": functional.relu, "relu6": functional.relu6, "elu": functional.elu, "gelu": functional.gelu,
    "silu": functional.silu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
}  # fmt: skip


def slopes(name: str, inputs: Tensor) -> Tensor:
    inputs = inputs.double().requires_grad_()
    return torch.autograd.grad(FUNCTIONS[name](inputs).sum(), inputs)[0].abs()


def heard(module: nn.Module, inputs: Tensor) -> Signals:
    signals = Signals(module)
    signals(inputs)
    return signals


@pytest.mark.parametrize("name", list(FLAT))
def test_beyond_its_bounds_a_non_linearity_is_flat_and_within_them_it_is_not(name: str) -> None:
    low, high = FLAT[name]
    steepest = slopes(name, torch.linspace(-10, 10, 4001)).max()
    beyond = torch.cat([torch.linspace(low - 9, low, 99), *([torch.linspace(high, high + 9, 99)] if high < 99 else [])])
    assert (slopes(name, beyond) <= 0.01 * steepest).all()
    assert slopes(name, torch.tensor([low + 0.1])) > 0.01 * steepest
    if high < math.inf:
        assert slopes(name, torch.tensor([high - 0.1])) > 0.01 * steepest


class Functional(nn.Module):
    """The same as a module of modules, with functions in their place."""

    def __init__(self, inplace: bool) -> None:
        super().__init__()
        self.one, self.two, self.inplace = nn.Conv2d(1, 4, 3), nn.Linear(4, 3), inplace

    def forward(self, x: Tensor) -> Tensor:
        features = functional.relu(self.one(x), inplace=self.inplace).mean((2, 3))
        logits: Tensor = self.two(features)
        return logits


@pytest.mark.parametrize("inplace", [False, True])
def test_a_unit_that_never_fires_is_found_behind_its_layer(inplace: bool) -> None:
    module = Functional(inplace)
    module.one.weight.data.zero_()
    module.one.bias.data.copy_(torch.tensor([-1.0, 1.0, -2.0, 0.5]))
    found = heard(module, torch.randn(5, 1, 6, 6)).found
    assert [*found] == ["one", "two"]
    assert (found["one"].nonlinearity, found["one"].units) == ("relu", 4)
    assert found["one"].dead is not None
    assert found["one"].flat is not None
    assert (found["one"].dead.item(), found["one"].flat.item()) == (0.5, 0.5)
    assert found["two"].nonlinearity is None


def test_a_unit_that_fires_once_is_not_dead() -> None:
    module = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 2))
    module[0].weight.data.copy_(-torch.eye(2))
    inputs = torch.ones(4, 2)
    inputs[0, 1] = -1
    signal = heard(module, inputs).found["0"]
    assert signal.dead is not None
    assert signal.flat is not None
    assert (signal.dead.item(), signal.flat.item()) == (0.5, 7 / 8)


@pytest.mark.parametrize(
    ("nonlinearity", "name"), [(nn.Sigmoid(), "sigmoid"), (nn.Tanh(), "tanh"), (nn.GELU(), "gelu")]
)
def test_modules_are_heard_too(nonlinearity: nn.Module, name: str) -> None:
    assert heard(nn.Sequential(nn.Linear(2, 2), nonlinearity), torch.ones(1, 2)).found["0"].nonlinearity == name


def test_the_size_of_an_output_is_its_root_mean_square() -> None:
    module = nn.Sequential(nn.Linear(3, 5), nn.LSTM(5, 4, batch_first=True), nn.Identity())
    inputs = torch.randn(2, 7, 3)
    signals = Signals(module[:2])
    with pytest.raises(AttributeError):  # an LSTM gives no logits
        signals(inputs)
    assert signals.found["0"].size.item() == pytest.approx(module[0](inputs).pow(2).mean().sqrt().item())
    assert signals.found["1"].size.item() == pytest.approx(module[1](module[0](inputs))[0].pow(2).mean().sqrt().item())
    assert [signal.units for signal in signals.found.values()] == [5, 4]


def test_layers_are_met_in_the_order_of_the_pass_not_of_their_registration() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.first = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.last(self.first(x))
            return logits

    assert [*heard(Backwards(), torch.ones(1, 2)).found] == ["first", "last"]


def test_a_layer_has_a_matrix_or_filters_of_its_own() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Sequential(nn.Linear(2, 2)))
    assert [*layers_of(module)] == ["0", "3.0"]


def test_listening_changes_no_bit_of_what_comes_out() -> None:
    torch.manual_seed(0)
    module, inputs = Functional(inplace=True), torch.randn(5, 1, 6, 6)
    assert torch.equal(module(inputs), Signals(module)(inputs))
