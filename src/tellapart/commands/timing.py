"""Real steps before the first one: what they take, whether their memory suffices, and what follows for the plan."""

from __future__ import annotations

import time
from itertools import islice

from tellapart.checks import seconds_of
from tellapart.commands.budget import new_budget
from tellapart.commands.learner import Learner, batches, settled_config, with_sizes
from tellapart.commands.watch import Silence
from tellapart.data.batches import in_order
from tellapart.evaluation.predict import BATCH, predict
from tellapart.files import write_text
from tellapart.runs.run_folder import RunFolder
from tellapart.training.fit import convolves
from tellapart.training.rehearsal import rehearse
from tellapart.types import Order


def plan_in_time(learner: Learner) -> None:
    """Time a few real steps, then settle steps and picture sizes so that training ends in the time asked for."""
    asked = learner.config.train.time
    assert asked is not None
    config, sizes = learner.config, learner.config.load.sizes
    epoch_s = _validation_s(learner)
    resizable = learner.loaded.spec.kind == "image" and convolves(learner.state.module)

    def timed(share: float) -> float:
        return rehearse(learner.state, batches(with_sizes(learner, (share,)), Silence())(first), learner.plan)

    first = Order(seed=config.train.seed, epoch=0)
    learner.budget, sizes, learner.plan = new_budget(
        seconds_of("time", asked),
        config.load.sizes,
        resizable and config.load.sizes == (1.0,),
        timed,
        epoch_s,
        learner.plan,
    )
    learner.config = with_sizes(learner, sizes).config


def plan_again(learner: Learner, run: RunFolder) -> None:
    """Move the end of the schedule to where the time asked for ends, by what has been seen of the machine's pace."""
    assert learner.budget is not None
    planned = learner.budget.planned_again(learner.config.load.sizes, learner.plan, learner.state.step)
    if planned is not learner.plan:
        learner.plan = planned
        write_text(run.config, settled_config(learner).to_toml())


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
