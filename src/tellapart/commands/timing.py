"""Real steps before the first one: what they take, whether their memory suffices, and what follows for the plan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from tellapart.checks import seconds_of
from tellapart.commands.budget import SIZES, new_budget
from tellapart.commands.learner import Learner, batches, refused_sizes, with_sizes
from tellapart.commands.watch import Silence
from tellapart.config import TrainConfig
from tellapart.data.batches import in_order
from tellapart.data.resident import Loaded
from tellapart.evaluation.predict import BATCH, predict
from tellapart.training.rehearsal import TIMED, WARM, rehearse
from tellapart.types import Order


def settle(learner: Learner, asked: TrainConfig) -> None:
    """Real steps before the first one, where the settings ask for what only they can tell."""
    if asked.time is not None:
        plan_in_time(learner)
    elif asked.batch == "auto":
        try_step(learner)


def plan_in_time(learner: Learner) -> None:
    """Time a few real steps, then settle steps and picture sizes so that training ends in the time asked for."""
    asked = learner.config.train.time
    assert asked is not None
    config, epoch_s = learner.config, _validation_s(learner)
    ways: Sequence[tuple[float, ...]] = [config.load.sizes]
    if config.load.sizes == (1.0,):
        ways = [way for way in SIZES if not refused_sizes(learner, way)]

    few = replace(learner, loaded=first_samples(learner.loaded, (WARM + TIMED) * learner.config.train.samples_a_step))

    def timed(share: float) -> float:
        return rehearse(learner.state, batches(with_sizes(few, (share,)), Silence())(first), learner.plan)

    first = Order(seed=config.train.seed, epoch=0)
    learner.budget, sizes, learner.plan = new_budget(
        seconds_of("time", asked),
        ways,
        timed,
        epoch_s,
        learner.plan,
    )
    learner.config = with_sizes(learner, sizes).config


def plan_again(learner: Learner) -> bool:
    """Move the end of the schedule to where the time asked for ends, by the machine's pace; whether it was moved."""
    assert learner.budget is not None
    before = learner.plan
    learner.plan = learner.budget.planned_again(learner.config.load.sizes, before, learner.state.step)
    return learner.plan is not before


def first_samples(loaded: Loaded, count: int) -> Loaded:
    """The data with the first samples alone of the training part: enough to time a few steps on."""
    part = loaded.parts["train"]
    rows = slice(0, count)
    few = replace(part, inputs=part.inputs[rows], targets=part.targets[rows], keys=part.keys[rows], ids=part.ids[rows])
    return replace(loaded, parts={**loaded.parts, "train": few})


def try_step(learner: Learner) -> None:
    """Make one real step at the full size on copies: where memory runs out, batches go on in pieces from the start."""
    largest = batches(with_sizes(learner, (1.0,)), Silence())(Order(seed=learner.config.train.seed, epoch=0))
    rehearse(learner.state, islice(largest, 1), learner.plan)


def _validation_s(learner: Learner) -> float:
    """Seconds that validation takes after an epoch, from a part of it."""
    part = learner.loaded.parts.get("val")
    if part is None:
        return 0.0
    began, count = time.perf_counter(), 0
    for batch in islice(in_order(part, BATCH), 2):
        predict(learner.state.judged, [batch], part.ids[: len(batch.targets)], learner.loaded.spec.classes)
        count += len(batch.targets)
    return (time.perf_counter() - began) * len(part) / count
