"""The moving average of weights."""

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import OptimConfig
from tellapart.training.average import RISE, follow
from tellapart.training.fit import fit, new_state
from tellapart.training.plan import Extent, Plan
from tellapart.types import Batch
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=1, bf16=False)


def holding(value: float) -> nn.Linear:
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(value)
    return module


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0.1 * 1 + 0.9 * 2), (8, 0.5 * 1 + 0.5 * 2), (1000, 0.9 * 1 + 0.1 * 2)],  # (1 + t) / (10 + t), at most 0.9
)
def test_an_average_by_hand(step: int, expected: float) -> None:
    average = holding(1.0)
    follow(average, holding(2.0), 0.9, step)
    assert average.weight.item() == pytest.approx(expected)


def test_the_module_stays() -> None:
    module = holding(2.0)
    follow(holding(1.0), module, 0.9, 0)
    assert module.weight.item() == 2


def test_with_a_decay_of_zero_the_average_is_the_module() -> None:
    average = holding(1.0)
    follow(average, holding(2.0), 0.0, 50)
    assert average.weight.item() == 2


def test_running_statistics_are_averaged_and_counts_are_copied() -> None:
    average, module = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    assert module.running_mean is not None
    assert module.num_batches_tracked is not None
    module.running_mean.fill_(4.0)
    module.num_batches_tracked.fill_(7)
    follow(average, module, 0.9, 8)  # half stays
    assert average.running_mean is not None
    assert average.running_mean.item() == 2
    assert average.num_batches_tracked is not None
    assert average.num_batches_tracked.item() == 7


def test_an_average_far_into_training_forgets_the_first_weights() -> None:
    average = holding(1000.0)
    for step in range(100):
        follow(average, holding(2.0), 0.99, step)
    assert average.weight.item() == pytest.approx(2.0, abs=1e-3)
    assert RISE == 10


# ---- inside fit


def averaged(decay: float | None) -> tuple[list[float], float, float]:
    """The weight after each of three steps, then the average's; and what is judged."""
    optim = OptimConfig(optimiser="sgd", lr=0.5, schedule="constant", ema=decay)
    module = nn.Linear(1, 2, bias=False)
    module.weight.data.fill_(0.25)
    state = new_state(module, optim, CPU)
    batch = Batch(inputs=torch.ones(2, 1), targets=torch.tensor([0, 0]), keys=torch.arange(2))
    places: list[float] = []

    def watched() -> list[Batch]:
        return [batch] * 3

    def pause(_: object) -> bool:
        places.append(module.weight[0].item())
        return False

    settled = Plan(optim=optim, seed=0, epochs=1, steps=3, extents=(Extent(samples=1, steps=3),), autocast=None)
    list(fit(state, lambda _: watched(), settled, pause))
    places.append(module.weight[0].item())
    judged: Tensor = next(state.judged.parameters())
    return places, judged[0].item(), module.weight[0].item()


def test_each_step_moves_the_average_by_hand() -> None:
    places, judged, _ = averaged(0.99)
    expected = 0.25
    for step, place in enumerate(places):
        stays = (1 + step) / (10 + step)
        expected = stays * expected + (1 - stays) * place
    assert judged == pytest.approx(expected, rel=1e-6)


def test_the_average_is_judged_and_training_goes_on_from_the_weights_themselves() -> None:
    with_average, without = averaged(0.99), averaged(None)
    assert with_average[0] == without[0]
    assert with_average[1] != with_average[2]
    assert without[1] == without[2]


def test_the_average_is_in_eval_mode_and_has_no_gradient() -> None:
    state = new_state(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)), OptimConfig(ema=0.9), CPU)
    assert state.average is state.judged
    assert not state.judged.training
    assert not any(weight.requires_grad for weight in state.judged.parameters())
