"""How a gradient becomes a step."""

from typing import Any

import pytest
import torch
from torch import nn

from tellapart.config import OptimConfig, Optimiser
from tellapart.training.eager import step
from tellapart.training.optimisers import OPTIMISERS, build_optimiser, peak_lr, set_lr

every_optimiser = pytest.mark.parametrize("name", list(OPTIMISERS))
torch_s_own = pytest.mark.parametrize("name", [name for name in OPTIMISERS if name != "muon"])


def small(seed: int = 0) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3 * 4, 2))
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    return module


def gradients(module: nn.Module, step: int) -> None:
    """Give each weight the same drawn gradient whoever asks."""
    generator = torch.Generator().manual_seed(step)
    for weight in module.parameters():
        weight.grad = torch.randn(weight.shape, generator=generator)


def plain(name: str, groups: list[dict[str, Any]], lr: float, nesterov: bool = False) -> torch.optim.Optimizer:
    """Torch's own, neither fused nor batched."""
    if name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=nesterov, foreach=False)
    kinds = {"adam": "Adam", "adamw": "AdamW", "nadam": "NAdam", "rmsprop": "RMSprop", "adagrad": "Adagrad"}
    return getattr(torch.optim, kinds[name])(groups, lr=lr, foreach=False)  # type: ignore[no-any-return]


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize(
    ("name", "nesterov"),
    [("sgd", False), ("sgd", True), *((name, False) for name in ("adam", "adamw", "nadam", "rmsprop", "adagrad"))],
)
def test_twenty_steps_are_those_of_torch(name: Optimiser, nesterov: bool, decay: float) -> None:
    ours, theirs = small(), small()
    config = OptimConfig(optimiser=name, lr=0.01, weight_decay=decay, nesterov=nesterov)
    optimiser = build_optimiser(ours, config)
    groups = [
        {"params": [p], "weight_decay": decay if label in ("0.weight", "3.weight") else 0.0}
        for label, p in theirs.named_parameters()
    ]
    reference = plain(name, groups, 0.01, nesterov)
    for number in range(20):
        for module, moving in ((ours, optimiser), (theirs, reference)):
            gradients(module, number)
            moving.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@torch_s_own
def test_decay_pulls_at_matrices_and_filters_and_spares_biases_and_scales(name: Optimiser) -> None:
    module = small()
    before = {label: weight.detach().clone() for label, weight in module.named_parameters()}
    optimiser = build_optimiser(module, OptimConfig(optimiser=name, lr=0.01, weight_decay=0.5))
    for weight in module.parameters():
        weight.grad = torch.zeros_like(weight)
    optimiser.step()
    moved = {label for label, weight in module.named_parameters() if not torch.equal(weight, before[label])}
    assert moved == {"0.weight", "3.weight"}
    for label in moved:
        after = dict(module.named_parameters())[label]
        assert (after.abs() <= before[label].abs() + 1e-9).all() or name not in ("sgd", "adamw", "lamb")  # one size


@every_optimiser
def test_without_a_gradient_and_without_decay_nothing_moves(name: Optimiser) -> None:
    module = small()
    before = [weight.detach().clone() for weight in module.parameters()]
    optimiser = build_optimiser(module, OptimConfig(optimiser=name))
    for weight in module.parameters():
        weight.grad = torch.zeros_like(weight)
    optimiser.step()
    assert all(torch.equal(one, other) for one, other in zip(module.parameters(), before, strict=True))


@every_optimiser
def test_every_trainable_weight_is_in_one_group(name: Optimiser) -> None:
    module = small()
    module[1].requires_grad_(False)
    optimiser = build_optimiser(module, OptimConfig(optimiser=name))
    held = [id(weight) for group in optimiser.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for weight in module.parameters() if weight.requires_grad)


@torch_s_own
def test_a_module_with_biases_alone_has_an_optimiser(name: Optimiser) -> None:
    optimiser = build_optimiser(nn.LayerNorm(3), OptimConfig(optimiser=name, weight_decay=0.1))
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.0]


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("sgd", 0.05),
        ("adam", 0.001),
        ("adamw", 0.001),
        ("nadam", 0.001),
        ("rmsprop", 0.001),
        ("adagrad", 0.01),
        ("lamb", 0.01),
        ("muon", 0.1),
    ],
)
def test_each_optimiser_has_its_usual_learning_rate(name: Optimiser, usual: float) -> None:
    assert peak_lr(OptimConfig(optimiser=name)) == usual
    assert peak_lr(OptimConfig(optimiser=name, lr=0.3)) == 0.3


@torch_s_own
def test_every_group_begins_at_the_peak(name: Optimiser) -> None:
    optimiser = build_optimiser(small(), OptimConfig(optimiser=name, lr=0.3))
    assert [group["lr"] for group in optimiser.param_groups] == [0.3, 0.3]


@every_optimiser
def test_a_share_of_its_own_peak_goes_to_every_group(name: Optimiser) -> None:
    optimiser = build_optimiser(small(), OptimConfig(optimiser=name))
    peaks = [group["lr"] for group in optimiser.param_groups]
    set_lr(optimiser, 0.5)
    set_lr(optimiser, 0.25)  # of the peak, not of the last one
    assert [group["lr"] for group in optimiser.param_groups] == [peak * 0.25 for peak in peaks]


@every_optimiser
def test_the_step_without_wrappers_is_the_optimiser_s_own(name: Optimiser) -> None:
    one, other = small(), small()
    for module, move in ((one, step), (other, lambda optimiser: optimiser.step())):
        optimiser = build_optimiser(module, OptimConfig(optimiser=name))
        for number in range(3):
            gradients(module, number)
            move(optimiser)
    assert all(torch.equal(mine, own) for mine, own in zip(one.parameters(), other.parameters(), strict=True))


@every_optimiser
def test_layer_decay_lowers_the_rate_of_each_block_by_its_depth(name: Optimiser) -> None:
    module = deep()
    labels = {id(weight): label for label, weight in module.named_parameters()}
    usual, layered = (
        {
            labels[id(weight)]: group["peak"]
            for group in build_optimiser(module, OptimConfig(optimiser=name, layer_decay=decay)).param_groups
            for weight in group["params"]
        }
        for decay in (None, 0.5)
    )
    depths = {"0.weight": 3, "1.weight": 3, "1.bias": 3, "2.weight": 2, "2.bias": 2, "4.weight": 1, "4.bias": 1}
    assert layered == {label: lr * 0.5 ** depths.get(label, 0) for label, lr in usual.items()}


@every_optimiser
def test_a_layer_decay_of_1_changes_no_step(name: Optimiser) -> None:
    one, other = small(), small()
    for module, decay in ((one, None), (other, 1.0)):
        optimiser = build_optimiser(module, OptimConfig(optimiser=name, layer_decay=decay, weight_decay=0.1))
        for number in range(3):
            gradients(module, number)
            step(optimiser)
    assert all(torch.equal(mine, own) for mine, own in zip(one.parameters(), other.parameters(), strict=True))


def test_momentum_keeps_its_share_of_the_last_step() -> None:
    weight = nn.Linear(1, 1, bias=False)
    weight.weight.data.fill_(0)
    optimiser = build_optimiser(weight, OptimConfig(optimiser="sgd", momentum=0.5, lr=1.0))
    places = []
    for _ in range(3):
        weight.weight.grad = torch.ones(1, 1)
        optimiser.step()
        places.append(weight.weight.item())
    assert places == pytest.approx([-1, -1 - 1.5, -1 - 1.5 - 1.75])


# ---- what muon leaves to sgd


def deep() -> nn.Sequential:
    """A filter that a normalisation follows, one that none follows, a hidden matrix and a head."""
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, bias=False),
        nn.BatchNorm2d(3),
        nn.Conv2d(3, 2, 1),
        nn.Flatten(),
        nn.Linear(8, 6),
        nn.Linear(6, 2),
    )


def named_groups(module: nn.Module, **optim: Any) -> dict[tuple[str, ...], dict[str, Any]]:
    """Names of the weights of a group -> what holds for them."""
    names = {id(weight): name for name, weight in module.named_parameters()}
    optimiser = build_optimiser(module, OptimConfig(optimiser="muon", **optim), 64)
    return {tuple(names[id(weight)] for weight in group["params"]): group for group in optimiser.param_groups}


def test_muon_moves_hidden_filters_and_matrices_and_leaves_the_head_and_biases_to_sgd() -> None:
    rules = {names: group["rule"] for names, group in named_groups(deep()).items()}
    assert rules == {
        ("0.weight",): "muon",
        ("2.weight", "4.weight"): "muon",
        ("5.weight",): "sgd",
        ("1.weight", "1.bias", "2.bias", "4.bias", "5.bias"): "sgd",
    }


def test_muon_rescales_the_filters_that_a_normalisation_follows_alone() -> None:
    groups = named_groups(deep())
    assert [names for names, group in groups.items() if group["rescale"]] == [("0.weight",)]


def test_each_group_of_muon_has_the_rate_that_is_asked_for() -> None:
    rates = [group["lr"] for group in named_groups(deep(), lr=0.2, head_lr=0.003, bias_lr=0.04).values()]
    assert rates == [0.2, 0.2, 0.003, 0.04]


def test_each_group_of_muon_has_its_momentum() -> None:
    groups = named_groups(deep(), muon_momentum=0.6, momentum=0.85)
    assert [group["momentum"] for group in groups.values()] == [0.6, 0.6, 0.85, 0.85]


def test_muon_decays_what_it_leaves_to_sgd_alone() -> None:
    groups = named_groups(deep(), weight_decay=0.1)
    assert [group["decay"] for group in groups.values()] == [0.0, 0.0, 0.1, 0.1]


def test_muon_over_biases_alone_is_sgd() -> None:
    optimiser = build_optimiser(nn.LayerNorm(3), OptimConfig(optimiser="muon", weight_decay=0.1))
    assert [(group["rule"], group["decay"]) for group in optimiser.param_groups] == [("sgd", 0.1)]
