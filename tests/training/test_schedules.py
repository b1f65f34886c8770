"""The learning rate as a share of its peak."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.config import OptimConfig, Schedule
from tellapart.training.schedules import SCHEDULES, lr_share

FALLING = [name for name in SCHEDULES if name != "one-cycle"]


def shares(steps: int, **settings: object) -> list[float]:
    config = OptimConfig(**settings)  # type: ignore[arg-type]
    return [lr_share(step, steps, config) for step in range(steps)]


def reference(make: object, steps: int) -> list[float]:
    """What a scheduler of torch gives for the same steps."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimiser)  # type: ignore[operator]
    given = []
    for _ in range(steps):
        given.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return given


def test_constant_stays_at_the_peak() -> None:
    assert shares(5, schedule="constant") == [1.0] * 5


def test_step_by_hand() -> None:
    given = shares(8, schedule="step", milestones=(0.5, 0.75), gamma=0.1)
    assert given == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_step_without_milestones_stays_at_the_peak() -> None:
    assert shares(4, schedule="step", milestones=()) == [1.0] * 4


@pytest.mark.parametrize(("milestones", "gamma"), [((0.5, 0.75), 0.1), ((0.5, 0.8), 0.3), ((0.3, 0.55, 0.7), 0.5)])
@pytest.mark.parametrize("steps", [20, 100, 4680])
def test_step_is_torch_s_multi_step(milestones: tuple[float, ...], gamma: float, steps: int) -> None:
    at = [round(share * steps) for share in milestones]
    expected = reference(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, milestones=at, gamma=gamma), steps)
    assert shares(steps, schedule="step", milestones=milestones, gamma=gamma) == pytest.approx(expected)


def test_even_milestones_are_torch_s_step() -> None:
    expected = reference(lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=5, gamma=0.2), 20)
    assert shares(20, schedule="step", milestones=(0.25, 0.5, 0.75), gamma=0.2) == pytest.approx(expected)


def test_cosine_by_hand() -> None:
    assert shares(4, schedule="cosine") == pytest.approx([1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125)])


def test_linear_by_hand() -> None:
    assert shares(4, schedule="linear") == pytest.approx([1, 0.75, 0.5, 0.25])


def test_linear_is_torch_s() -> None:
    expected = reference(
        lambda o: torch.optim.lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=1e-30, total_iters=50), 50
    )
    assert shares(50, schedule="linear") == pytest.approx(expected)


def test_linear_falls_from_the_peak_that_the_warm_up_reached() -> None:
    given = shares(8, schedule="linear", warmup=0.5)
    assert given == pytest.approx([0.25, 0.5, 0.75, 1, *shares(4, schedule="linear")])


def test_cosine_is_torch_s() -> None:
    expected = reference(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=50), 50)
    assert shares(50, schedule="cosine") == pytest.approx(expected)


def test_cosine_falls_from_1_to_almost_0() -> None:
    given = shares(1000, schedule="cosine")
    assert given[0] == 1
    assert 0 < given[-1] < 1e-5
    assert all(later < earlier for earlier, later in pairwise(given))


def test_one_cycle_by_hand() -> None:
    given = shares(20, schedule="one-cycle")
    assert given[0] == 1 / 25
    assert given[3] == pytest.approx((1 / 25 + 1) / 2)  # half of the rise
    assert given[6] == 1
    assert given[13] == pytest.approx((1 + 1 / 250_000) / 2)  # half of the fall
    assert given == sorted(given[:7]) + sorted(given[7:], reverse=True)


def test_one_cycle_is_torch_s() -> None:
    steps = 1000
    expected = reference(lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 1.0, total_steps=steps + 1), steps)
    assert shares(steps, schedule="one-cycle") == pytest.approx(expected, abs=3 / steps)  # whose peak is a step earlier


def test_plateau_falls_by_gamma_each_time_it_is_told_to() -> None:
    config = OptimConfig(schedule="plateau", gamma=0.5, warmup=0.2)
    assert [lr_share(5, 10, config, falls) for falls in range(3)] == [1.0, 0.5, 0.25]
    assert [lr_share(0, 10, config, falls) for falls in range(3)] == [0.5, 0.25, 0.125]


def test_warm_up_by_hand() -> None:
    given = shares(10, schedule="constant", warmup=0.4)
    assert given == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1])


def test_cosine_starts_at_the_peak_after_the_warm_up() -> None:
    given = shares(8, schedule="cosine", warmup=0.5)
    assert given == pytest.approx([0.25, 0.5, 0.75, 1, *shares(4, schedule="cosine")])


def test_step_counts_its_milestones_from_the_first_step() -> None:
    given = shares(8, schedule="step", milestones=(0.5,), gamma=0.1, warmup=0.25)
    assert given == pytest.approx([0.5, 1, 1, 1, 0.1, 0.1, 0.1, 0.1])


@given(st.integers(1, 300), st.floats(0, 1, exclude_max=True), st.sampled_from(FALLING))
def test_warm_up_rises_evenly_and_its_last_step_is_the_peak(steps: int, warmup: float, schedule: Schedule) -> None:
    given = shares(steps, schedule=schedule, warmup=warmup)
    warm = round(warmup * steps)
    assert given[:warm] == pytest.approx([(i + 1) / warm for i in range(warm)])
    assert warm == 0 or given[warm - 1] == 1


@given(st.integers(1, 300), st.floats(0, 1, exclude_max=True), st.sampled_from(list(SCHEDULES)))
def test_a_share_is_above_0_and_at_most_1(steps: int, warmup: float, schedule: Schedule) -> None:
    warmup = 0.0 if schedule == "one-cycle" else warmup
    assert all(0 < share <= 1 for share in shares(steps, schedule=schedule, warmup=warmup))


@given(st.integers(1, 300), st.sampled_from(FALLING))
def test_after_the_warm_up_no_schedule_rises(steps: int, schedule: Schedule) -> None:
    given = shares(steps, schedule=schedule)
    assert given[0] == 1
    assert all(later <= earlier for earlier, later in pairwise(given))
