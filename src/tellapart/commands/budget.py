"""Training that ends in time: a few real steps are timed, and steps and picture sizes planned so that they fit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from tellapart.phases import epochs_of_phases, phase
from tellapart.training.plan import LEAST_EPOCHS, Plan

SIZES: tuple[tuple[float, ...], ...] = ((1.0,), (0.75, 0.875, 1.0), (0.625, 0.75, 1.0), (0.5, 0.625, 0.75, 1.0))
"""Ways through the picture sizes, the dearest first, that are tried where the settings leave it open."""
LOOKS = 50
"""How often in its time a run looks at the clock, and plans again where it is off."""
MOST_STEPS = 10_000_000
"""Steps that no budget goes beyond."""
SLOWEST_CLOCK = 1e-3
"""Least pace that is believed: a clock that stood still says nothing."""
TOLERANCE = 0.01
"""Share of the time by which the planned end may be off before it is planned again."""


@dataclass(kw_only=True)
class Budget:
    """The time a run has, and what its steps take."""

    seconds: float
    step_s: dict[float, float]
    """Share of the full picture size -> seconds of a step."""
    epoch_s: float
    """Seconds of what follows an epoch: validation."""
    began: float = field(default_factory=lambda: time.monotonic())
    pace: float = 1.0
    """Seconds that went by for each that was planned."""
    looked: float = 0.0
    seen: float = 0.0
    """Seconds planned for what was done at the last look."""

    @property
    def spent(self) -> float:
        return time.monotonic() - self.began

    def due(self) -> bool:
        """Whether it is time to look at the clock."""
        return self.spent - self.looked >= self.seconds / LOOKS

    def cost(self, sizes: Sequence[float], plan: Plan, upto: int) -> float:
        """Seconds planned for the first steps of a plan."""
        changes = [number * plan.span / len(sizes) for number in range(1, len(sizes))]
        changes += accumulate(map(float, epochs_of_phases(len(plan.extents), plan.epochs)[:-1]))
        seconds, at, left = 0.0, 0.0, float(upto)
        for end in [*sorted(changes), math.inf]:
            middle = (at + end) / 2 if end < math.inf else at + 1e-6
            steps = plan.extent(int(middle)).steps
            done = min(left, (end - at) * steps)
            seconds += done * self.step_s[phase(sizes, middle, plan.span)]
            at, left = at + done / steps, left - done
        return seconds + math.ceil(at - 1e-6) * self.epoch_s

    def fitted(self, sizes: Sequence[float], plan: Plan, done: int = 0) -> Plan:
        """The plan with as many steps as end in time, at least one more than are done."""
        least, most = done + 1, done + 2
        while most < MOST_STEPS and self._ends(sizes, plan.ending(most), done) <= self.seconds:
            least, most = most, 2 * most
        while most - least > 1:
            middle = (least + most) // 2
            if self._ends(sizes, plan.ending(middle), done) <= self.seconds:
                least = middle
            else:
                most = middle
        return plan.ending(least)

    def _ends(self, sizes: Sequence[float], plan: Plan, done: int) -> float:
        """Seconds after the start at which the plan would end."""
        left = self.cost(sizes, plan, plan.steps) - self.cost(sizes, plan, done)
        return (self.spent if done else 0.0) + left * self.pace

    def planned_again(self, sizes: Sequence[float], plan: Plan, done: int) -> Plan:
        """The plan after a look at the clock: another number of steps where the end would be off."""
        seen = self.cost(sizes, plan, done)
        if seen > self.seen:
            self.pace = max(SLOWEST_CLOCK, (self.spent - self.looked) / (seen - self.seen))
        self.looked = self.spent
        if abs(self._ends(sizes, plan, done) - self.seconds) > TOLERANCE * self.seconds:
            plan = self.fitted(sizes, plan, done)
        self.seen = self.cost(sizes, plan, done)
        return plan


def new_budget(
    seconds: float,
    ways: Sequence[tuple[float, ...]],
    timed: Callable[[float], float],
    epoch_s: float,
    plan: Plan,
) -> tuple[Budget, tuple[float, ...], Plan]:
    """The budget, the picture sizes and the plan that end in time.

    ways   through the picture sizes, of which the first is taken that leaves enough epochs, else the last
    timed  share of the full picture size -> seconds of a real step
    """
    began = time.monotonic()
    budget = Budget(seconds=seconds, step_s={}, epoch_s=epoch_s, began=began)
    for way in ways:
        for share in way:
            if share not in budget.step_s:
                budget.step_s[share] = timed(share)
        fitted = budget.fitted(way, plan)
        if fitted.epochs >= LEAST_EPOCHS:
            break
    budget.began = time.monotonic()
    return budget, way, fitted
