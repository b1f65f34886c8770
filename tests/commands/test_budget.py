"""Training that ends in time: the arithmetic of the plan, with a clock that the test moves."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellapart.commands.budget import LOOKS, SIZES, Budget, new_budget
from tellapart.config import OptimConfig
from tellapart.phases import phase
from tellapart.training.plan import LEAST_EPOCHS, Extent, Plan

STEPS_PER_EPOCH = 10
PLAN = Plan(
    optim=OptimConfig(), seed=0, epochs=3, steps=30, extents=(Extent(samples=1, steps=STEPS_PER_EPOCH),), autocast=None
)
FULL = (1.0,)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def budget(seconds: float, epoch_s: float = 0.0, **step_s: float) -> Budget:
    return Budget(seconds=seconds, step_s={1.0: 0.5} | {float(k): v for k, v in step_s.items()}, epoch_s=epoch_s)


def test_the_plan_has_as_many_steps_as_fit(clock: Clock) -> None:
    assert budget(20.0).fitted(FULL, PLAN).steps == 40
    assert budget(20.4).fitted(FULL, PLAN).steps == 40
    assert budget(20.5).fitted(FULL, PLAN).steps == 41


def test_the_last_epoch_may_be_cut_short(clock: Clock) -> None:
    fitted = budget(17.0).fitted(FULL, PLAN)
    assert (fitted.steps, fitted.epochs) == (34, 4)


def test_validation_after_each_epoch_counts(clock: Clock) -> None:
    assert budget(12.0, epoch_s=1.0).fitted(FULL, PLAN).steps == 20  # (10 x 0.5 + 1) x 2


def test_a_time_too_short_for_one_step_gives_one(clock: Clock) -> None:
    assert budget(0.001).fitted(FULL, PLAN).steps == 1


def test_small_pictures_leave_room_for_more_steps(clock: Clock) -> None:
    told = Budget(seconds=30.0, step_s={0.5: 0.1, 1.0: 0.5}, epoch_s=0.0)
    fitted = told.fitted((0.5, 1.0), PLAN)
    assert told.cost((0.5, 1.0), fitted, fitted.steps) <= 30.0
    assert fitted.steps > budget(30.0).fitted(FULL, PLAN).steps


def test_a_machine_on_pace_keeps_its_plan(clock: Clock) -> None:
    told = budget(100.0)
    plan = told.fitted(FULL, PLAN)
    clock.now += 20.0
    assert told.planned_again(FULL, plan, done=40) is plan


@pytest.mark.parametrize("pace", [0.6, 1.3, 2.0])
def test_a_machine_that_changes_pace_still_ends_in_time(clock: Clock, pace: float) -> None:
    told = budget(100.0)
    plan, done = told.fitted(FULL, PLAN), 0
    while done < plan.steps:
        clock.now += 0.5 * (pace if done >= 50 else 1.0)
        done += 1
        if told.due():
            plan = told.planned_again(FULL, plan, done)
    assert told.spent == pytest.approx(100.0, rel=0.05)
    assert plan.steps == plan.ending(done).steps


def test_the_clock_is_looked_at_now_and_then(clock: Clock) -> None:
    told = budget(100.0)
    assert not told.due()
    clock.now += 100.0 / LOOKS
    assert told.due()


def test_sizes_that_are_left_open_are_the_dearest_with_enough_epochs(clock: Clock) -> None:
    cost = {share: share**2 for way in SIZES for share in way}
    asked: list[float] = []

    def timed(share: float) -> float:
        asked.append(share)
        return cost[share]

    _, ample, plan = new_budget(10_000.0, SIZES, timed, 0.0, PLAN)
    assert ample == FULL
    assert plan.epochs >= LEAST_EPOCHS
    assert asked == [1.0]
    _, scarce, _ = new_budget(STEPS_PER_EPOCH * 7.0, SIZES, timed, 0.0, PLAN)
    assert scarce[0] < 1
    assert scarce[-1] == 1.0


def test_sizes_that_were_asked_for_stay(clock: Clock) -> None:
    _, sizes, plan = new_budget(5.0, [(0.5, 1.0)], lambda share: share, 0.0, PLAN)
    assert sizes == (0.5, 1.0)
    assert plan.steps >= 1


@given(
    st.lists(st.sampled_from([0.5, 0.75, 1.0]), min_size=1, max_size=4),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.integers(1, 12),
    st.integers(0, 100),
)
def test_the_cost_is_that_of_the_epochs_one_by_one(
    sizes: list[float], steps: list[int], epochs: int, upto: int
) -> None:
    told = Budget(seconds=1.0, step_s={0.5: 1.0, 0.75: 2.0, 1.0: 4.0}, epoch_s=8.0)
    plan = replace(PLAN, epochs=epochs, extents=tuple(Extent(samples=1, steps=count) for count in steps))
    seconds, left, epoch = 0.0, upto, 0
    while left > 0:
        length = phase(steps, epoch, epochs)
        for within in range(min(left, length)):
            seconds += told.step_s[phase(sizes, epoch + within / length, plan.span)]
        left, epoch, seconds = left - length, epoch + 1, seconds + 8.0
    assert told.cost(sizes, plan, upto) == pytest.approx(seconds, abs=4.0 * len(sizes))  # a step is not divided


def test_a_plan_of_very_many_epochs_is_made_in_a_blink() -> None:
    plan = replace(PLAN, extents=(Extent(samples=1, steps=1), Extent(samples=1, steps=2)))
    told, began = budget(1e9, **{"0.5": 1e-3, "1.0": 2e-3}), time.monotonic()
    assert told.fitted((0.5, 1.0), plan).epochs > 1_000_000
    assert time.monotonic() - began < 0.5
