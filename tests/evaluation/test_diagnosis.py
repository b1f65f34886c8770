"""Each rule speaks of the network that is sick in its way, and of no healthy one."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from tellapart.config import ModelConfig, OptimConfig
from tellapart.evaluation.diagnosis import RULES, findings, smaller_lr, well
from tellapart.models import MODELS, build_model
from tellapart.models.activations import ACTIVATIONS
from tellapart.training.fit import new_state, step_once
from tellapart.training.health import Layer, Probe, Spike, probe
from tellapart.training.optimisers import OPTIMISERS, peak_lr
from tellapart.training.plan import Extent, Plan
from tellapart.types import Batch, DataSpec
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=1, bf16=False)
SPEC = DataSpec(kind="image", shape=(1, 8, 8), classes=tuple("abcde"), mean=(100.0,), std=(60.0,))
K = 5


def drawn(B: int = 64) -> Batch:
    """Pictures of noise with a bright column that tells the class."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(B) % K
    inputs = torch.randint(0, 120, (B, 1, 8, 8), generator=generator)
    inputs[torch.arange(B), 0, :, targets] += 120
    return Batch(inputs=inputs.to(torch.uint8), targets=targets, keys=torch.arange(B))


def looked(module: nn.Module, steps: int = 12, **optim: Any) -> list[Probe]:
    """Looks into a network before the first step and after some."""
    config = OptimConfig(**optim)
    plan = Plan(optim=config, seed=0, epochs=1, steps=10**4, extents=(Extent(samples=64, steps=10**4),), autocast=None)
    state = new_state(module, config, CPU)
    seen = [probe(state, drawn(), plan)]
    for _ in range(steps):
        step_once(state, drawn(), plan)
        state.step += 1
    return [*seen, probe(state, drawn(), plan)]


def kinds(probes: list[Probe], lr: float = 0.001) -> set[str]:
    return {finding.kind for finding in findings(probes, lr=lr)}


def built(model: str, **settings: Any) -> nn.Module:
    return build_model(ModelConfig(model=model, **settings), SPEC, 0, drawn().inputs)


def plain(depth: int, width: int, std: float, nonlinearity: type[nn.Module]) -> nn.Module:
    """Linear layers whose first weights are normal, of the given deviation times 1 / sqrt(width)."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten(), Scaled()]
    for number in range(depth):
        linear = nn.Linear(64 if not number else width, width)
        nn.init.normal_(linear.weight, std=std / linear.in_features**0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear, nonlinearity()]
    return nn.Sequential(*layers, nn.Linear(width, K))


class Scaled(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float() / 60 - 1.5


# ---- healthy networks


@pytest.mark.parametrize("model", [name for name, row in MODELS.items() if "image" in row.kinds])
def test_of_each_model_as_it_is_nothing_is_said(model: str) -> None:
    settings = {"widths": (16, 32)} if model.startswith(("resnet", "vgg")) else {}
    assert kinds(looked(built(model, **settings))) == set()


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("model", ["mlp", "cnn", "whitened-cnn"])
def test_of_no_activation_in_a_shallow_network_anything_is_said(model: str, activation: Any) -> None:
    assert kinds(looked(built(model, activation=activation))) == set()


@pytest.mark.parametrize("optimiser", list(OPTIMISERS))
def test_of_no_optimiser_at_its_usual_rate_anything_is_said(optimiser: Any) -> None:
    assert kinds(looked(built("cnn"), optimiser=optimiser), peak_lr(OptimConfig(optimiser=optimiser))) == set()


def test_a_healthy_network_is_called_so_with_its_numbers() -> None:
    said = well(looked(built("cnn")))
    assert said is not None
    assert said.startswith("In 2 looks into the network nothing was found wrong: gradients reach every layer, at most ")
    assert well([]) is None


# ---- sick ones


def test_twelve_layers_of_sigmoid_lose_the_gradient() -> None:
    (found,) = findings(
        looked(built("mlp", widths=(32,) * 12, activation="sigmoid")), lr=0.001, settings=["activation"]
    )
    assert found.kind == "vanishing-gradients"
    assert found.sentence == (
        "After step 12: the gradients shrink more than a million-fold from the last layers to the first, which learn "
        "next to nothing. Take fewer layers, --activation relu or a residual network (--model resnet18)."
    )


def test_first_weights_that_are_too_small_lose_the_signal() -> None:
    found = kinds(looked(plain(12, 64, 0.3, nn.ReLU)))
    assert "shrinking-signal" in found


def test_first_weights_that_are_too_large_are_told_by_the_signal_and_by_the_first_loss() -> None:
    found = kinds(looked(plain(9, 64, 6.0, nn.ReLU)))
    assert {"growing-signal", "first-loss"} <= found


def test_forty_layers_of_tanh_with_large_weights_make_gradients_explode() -> None:
    assert "exploding-gradients" in kinds(looked(plain(40, 64, 3.0, nn.Tanh), steps=1))


def test_large_weights_before_tanh_are_saturation() -> None:
    (found,) = findings(looked(plain(2, 64, 30.0, nn.Tanh), steps=1), lr=0.001)
    assert found.kind == "saturation"
    assert "lie where tanh is flat" in found.said


def test_units_that_were_pushed_below_zero_are_dead() -> None:
    module = built("mlp", widths=(32, 32))
    module[4].bias.data.fill_(-10)
    (found,) = findings(looked(module), lr=0.001, settings=["activation"])
    assert (found.kind, found.step) == ("dead-units", 12)
    assert found.sentence == (
        "After step 12: 100\u00a0% of the 32 units behind layer 2 of 3 (“4”, Linear) never fire: their relu is flat "
        "for the whole batch. Take a smaller --lr, as 0.0001, or --activation leaky-relu."
    )


def test_a_learning_rate_that_is_far_too_large_is_told_before_the_first_step() -> None:
    seen = looked(built("mlp"), steps=0, lr=1.0)
    (found,) = findings(seen, lr=1.0)
    assert (found.kind, found.step) == ("large-steps", 0)
    assert found.advice == f"Take a smaller --lr, as {smaller_lr(seen, 1.0):g}: about 0.3\u00a0% is usual."
    assert 1e-5 <= smaller_lr(seen, 1.0) <= 1e-3


def test_a_learning_rate_that_is_far_too_small_is_told_once_something_should_be_learned() -> None:
    assert kinds(looked(built("mlp"), steps=99, lr=1e-9)) == set()
    assert kinds(looked(built("mlp"), steps=100, lr=1e-9)) == {"small-steps"}


# ---- by hand


def made(name: str = "a", **changes: Any) -> Layer:
    layer = Layer(
        name=name, kind="Linear", units=64, activation=1.0, gradient=1.0, weight=1.0, update=0.01, nonlinearity="relu",
        dead=0.0, flat=0.5,
    )  # fmt: skip
    return replace(layer, **changes)


def look(layers: list[Layer], step: int = 500, loss: float = 1.0) -> Probe:
    return Probe(epoch=1, step=step, loss=loss, blind=2.3, layers=tuple(layers))


def test_a_thousand_fold_is_the_bound() -> None:
    for shrinks, found in ((900, set()), (1100, {"vanishing-gradients"})):
        layers = [made(str(depth), gradient=1.0 if depth >= 6 else 1 / shrinks) for depth in range(9)]
        assert kinds([look(layers)]) == found


def test_half_of_the_units_is_the_bound_and_small_layers_are_left_out() -> None:
    assert kinds([look([made(dead=0.5)])]) == set()
    assert kinds([look([made(dead=0.51)])]) == {"dead-units"}
    assert kinds([look([made(dead=0.9, units=15)])]) == set()


def test_before_the_first_step_neither_dead_units_nor_layers_without_a_gradient_count() -> None:
    assert kinds([look([made(dead=0.9), made("b", gradient=0.0)], step=0)]) == set()
    assert kinds([look([made(), made("b", gradient=0.0)])]) == {"unreached"}


def test_three_nats_above_guessing_is_the_bound_of_the_first_loss() -> None:
    assert kinds([look([made()], step=0, loss=5.2)]) == set()
    assert kinds([look([made()], step=0, loss=5.4)]) == {"first-loss"}
    assert kinds([look([made()], step=1, loss=5.4)]) == set()


def test_what_a_later_look_no_longer_saw_is_said_to_be_over() -> None:
    (found,) = findings([look([made(dead=0.9)]), look([made()], step=900)], lr=0.001)
    assert found.over
    assert "After step 500: " in found.sentence
    assert "Later it was not seen again." in found.sentence


def test_a_spike_is_told_with_where_it_came_from() -> None:
    (found,) = findings([look([made()])], [Spike(epoch=2, step=812, loss=4.71, before=0.212)], lr=0.01)
    assert found.sentence == (
        "After step 811: the training loss jumped from 0.212 to 4.71, as bad as guessing (2.3). Take a smaller --lr, "
        "as 0.001, --warmup 0.05 or a larger --batch."
    )


def test_several_layers_are_one_finding_by_the_worst() -> None:
    (found,) = findings([look([made("a", dead=0.6), made("b", dead=0.8), made("c", dead=0.7)])], lr=0.001)
    assert (
        "80\u00a0% of the 64 units behind layer 2 of 3 (“b”, Linear) never fire, and it is much the same in 2"
        in found.said
    )


@pytest.mark.parametrize("kind", list(RULES))
def test_every_finding_says_what_to_change(kind: str) -> None:
    from tellapart.evaluation.diagnosis import _advice

    for settings in ((), ("activation",)):
        said = _advice(kind, look([made()]), 0.01, settings)
        assert "--" in said
        assert ("--activation" in said) <= ("activation" in settings)
