"""A look into the network shows what it says, and changes nothing."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import OptimConfig
from tellapart.training.fit import TrainState, new_state, step_once
from tellapart.training.health import Layer, Probe, probe, spike, table
from tellapart.training.plan import Extent, Plan
from tellapart.types import Batch, EpochEnd
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=1, bf16=False)
K = 3


def planned(autocast: torch.dtype | None = None, **optim: Any) -> Plan:
    extents = (Extent(samples=8, steps=1),)
    return Plan(optim=OptimConfig(**optim), seed=0, epochs=9, steps=9, extents=extents, autocast=autocast)


def drawn(B: int = 8) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(B, 1, 6, 6, generator=generator)
    return Batch(inputs=inputs, targets=torch.arange(B) % K, keys=torch.arange(B))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, K)
    )


def state_of(module: nn.Module, plan: Plan) -> TrainState:
    return new_state(module, plan.optim, CPU, batch=8)


def bits(state: TrainState) -> list[bytes]:
    tensors = [*state.module.state_dict().values()]
    tensors += [
        value for each in state.optimiser.state.values() for value in each.values() if isinstance(value, Tensor)
    ]
    return [tensor.numpy().tobytes() for tensor in tensors]


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw", "muon"])
def test_a_look_changes_no_bit_of_module_optimiser_and_draws(optimiser: str) -> None:
    plan = planned(optimiser=optimiser)
    state = state_of(network(), plan)
    step_once(state, drawn(), plan)
    rates = [group["lr"] for group in state.optimiser.param_groups]
    gradients = [weight.grad.clone() for weight in state.module.parameters() if weight.grad is not None]
    before, draws = bits(state), torch.random.get_rng_state()
    probe(state, drawn(), plan)
    assert bits(state) == before
    assert torch.equal(torch.random.get_rng_state(), draws)
    assert [group["lr"] for group in state.optimiser.param_groups] == rates
    now = [weight.grad for weight in state.module.parameters()]
    assert all(torch.equal(one, other) for one, other in zip(gradients, now, strict=True) if other is not None)
    assert not any(layer._forward_hooks for layer in state.module.modules())


def test_loss_gradient_weight_and_update_are_those_of_a_real_step() -> None:
    plan = planned(optimiser="sgd", momentum=0.0, lr=0.5)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(36, K))
    seen = probe(state_of(module, plan), drawn(), plan)
    loss = nn.functional.cross_entropy(module(drawn().inputs), drawn().targets)
    (gradient,) = torch.autograd.grad(loss, module[1].weight)
    layer = seen.layers[0]
    assert seen.loss == pytest.approx(loss.item())
    assert seen.blind == pytest.approx(math.log(K))
    assert layer.gradient == pytest.approx(gradient.norm().item())
    assert layer.weight == pytest.approx(module[1].weight.norm().item())
    assert layer.update == pytest.approx(0.5 * gradient.norm().item(), rel=1e-5)
    assert layer.pull == pytest.approx((gradient.norm() * module[1].weight.norm()).item())
    assert layer.change == pytest.approx(0.5 * (gradient.norm() / module[1].weight.norm()).item(), rel=1e-5)


def test_a_step_is_tried_at_the_peak_wherever_the_schedule_stands() -> None:
    plan = planned(optimiser="sgd", momentum=0.0, lr=0.5)
    states = [state_of(network(), plan) for _ in range(2)]
    states[1].step = 9
    first, last = (probe(state, drawn(), plan).layers[-1] for state in states)
    assert first.change is not None
    assert last.change == pytest.approx(first.change, rel=0.5)


def test_the_pull_does_not_hang_on_the_scale_of_weights_before_a_normalisation() -> None:
    plan = planned(optimiser="sgd")
    pulls = []
    for scale in (1.0, 100.0):
        module = network()
        module[0].weight.data *= scale
        pulls.append(probe(state_of(module, plan), drawn(), plan).layers[0].pull)
    assert pulls[1] == pytest.approx(pulls[0], rel=0.02)


@pytest.mark.parametrize("autocast", [None, torch.bfloat16])
def test_a_look_is_the_same_each_time_in_either_arithmetic(autocast: torch.dtype | None) -> None:
    plan = planned(autocast=autocast)
    state = state_of(network(), plan)
    assert probe(state, drawn(), plan) == probe(state, drawn(), plan)


def test_a_compiled_module_is_looked_into_as_it_is() -> None:
    plan = planned()
    state, eager = (state_of(network(), plan) for _ in range(2))
    state.compiled = lambda _: pytest.fail("the compiled forward pass was called")
    assert probe(state, drawn(), plan) == probe(eager, drawn(), plan)


def test_frozen_layers_have_no_gradient_and_those_that_none_reaches_have_one_of_0() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = network(), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.used(x)
            return logits

    module, plan = Idle(), planned()
    module.used[0].requires_grad_(False)
    conv, head, idle = probe(state_of(module, plan), drawn(), plan).layers
    assert (conv.gradient, conv.weight, conv.pull, conv.change) == (None, None, None, None)
    assert head.gradient
    assert idle.gradient == 0
    assert (idle.name, idle.units, idle.activation) == ("idle", 0, None)


def test_a_loss_that_is_no_number_is_none() -> None:
    module = network()
    module[-1].bias.data[0] = math.nan
    plan = planned()
    seen = probe(state_of(module, plan), drawn(), plan)
    assert seen.loss is None
    assert seen.layers[0].gradient is None


def test_a_probe_comes_back_from_json() -> None:
    plan = planned()
    seen = probe(state_of(network(), plan), drawn(), plan)
    assert Probe.from_json(copy.deepcopy(seen.to_json())) == seen


def test_the_table_has_a_row_for_each_layer_of_each_look() -> None:
    layer = Layer(
        name="a", kind="Linear", units=4, activation=1 / 3, gradient=2.0, weight=4.0, update=1.0, nonlinearity="relu",
        dead=0.25, flat=None,
    )  # fmt: skip
    looks = [Probe(epoch=step, step=step, loss=1.0, blind=2.0, layers=(layer, layer)) for step in (0, 9)]
    rows = table(looks)
    assert [(row["step"], row["depth"]) for row in rows] == [(0, 1), (0, 2), (9, 1), (9, 2)]
    assert (rows[0]["activation"], rows[0]["pull"], rows[0]["change"], rows[0]["flat"]) == (
        "0.333333",
        "8",
        "0.25",
        None,
    )


# ---- jumps of the loss


def ended(losses: list[float], step: int = 100) -> EpochEnd:
    return EpochEnd(epoch=2, step=step, loss=1.0, accuracy=0.5, lr=0.1, samples=9, seconds=1.0, losses=tuple(losses))


def test_a_lasting_jump_is_named_with_its_step() -> None:
    seen = spike(ended([0.2] * 60 + [2.5, 4.0, 3.0, 2.9, 2.8] + [1.0] * 35), None, 2.3)
    assert seen is not None
    assert (seen.step, seen.before, seen.loss) == (61, 0.2, 4.0)


def test_a_jump_in_the_first_steps_is_held_against_the_epoch_before() -> None:
    seen = spike(ended([3.0] * 8), 0.4, 2.3)
    assert seen is not None
    assert (seen.step, seen.before) == (93, 0.4)


@pytest.mark.parametrize(
    ("losses", "before"),
    [
        ([2.5] * 50, None),  # it has learned nothing yet
        ([2.5] * 50, 2.2),
        ([0.2] * 60 + [9.0] + [0.2] * 39, None),  # one odd batch
        ([0.2] * 60 + [9.0, 0.2, 9.0, 0.2, 0.2] + [0.2] * 35, None),
        ([0.2] * 60 + [1.0] * 40, None),  # not as bad as guessing
        ([0.2] * 60 + [9.0] * 3, None),  # too short to tell
        ([], 0.2),
    ],
)
def test_what_is_no_lasting_jump(losses: list[float], before: float | None) -> None:
    assert spike(ended(losses), before, 2.3) is None
