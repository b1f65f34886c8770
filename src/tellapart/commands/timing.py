"""Real steps before the first one: what they take, whether their memory suffices, and what follows for the plan."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from tellapart.checks import seconds_of
from tellapart.commands.budget import SIZES, new_budget
from tellapart.commands.learner import Learner, batches, refused_sizes, with_sizes
from tellapart.commands.transfer import fitting_freeze, frozen_epochs
from tellapart.commands.watch import Silence
from tellapart.commands.widening import widened
from tellapart.config import TrainConfig
from tellapart.data.batches import in_order
from tellapart.data.resident import Loaded
from tellapart.errors import SettingError
from tellapart.evaluation.predict import BATCH, predict
from tellapart.models.views import at_first_sight
from tellapart.training.compiled import GAIN, WORTH_S, cannot_compile, compiled
from tellapart.training.rehearsal import TIMED, WARM, rehearse
from tellapart.types import Order

log = logging.getLogger("tellapart")


def settle(learner: Learner, asked: TrainConfig) -> Learner:
    """Real steps before the first one, where the settings ask for what only they can tell; the learner comes out."""
    settle_compiling(learner, asked)
    if asked.time is not None:
        plan_in_time(learner)
        wide = widened(learner)
        if wide is not learner:
            learner = wide
            settle_compiling(learner, asked)
            plan_in_time(learner)
    elif asked.batch == "auto":
        try_step(learner)
    settle_freezing(learner)
    return learner


def settle_freezing(learner: Learner) -> None:
    """Settle what stays frozen, where weights were taken and the settings leave it open; it is told."""
    transfer = learner.config.transfer
    if learner.adopted is None or transfer.freeze not in (None, "auto") or transfer.preset is not None:
        return
    samples, classes = len(learner.loaded.parts["train"]), len(learner.loaded.spec.classes)
    freeze, why = fitting_freeze(learner.adopted, samples, classes, learner.plan.epochs)
    learner.config = replace(learner.config, transfer=replace(transfer, freeze=freeze))
    learner.plan = replace(learner.plan, frozen=frozen_epochs(learner.config))
    learner.said = (*learner.said, f"freeze auto: {freeze} ({why})")


def plan_in_time(learner: Learner) -> None:
    """Time a few real steps, then settle steps and picture sizes so that training ends in the time asked for."""
    asked = learner.config.train.time
    assert asked is not None
    config, epoch_s = learner.config, _validation_s(learner)
    ways: Sequence[tuple[float, ...]] = [config.load.sizes]
    if config.load.sizes == (1.0,):
        ways = [way for way in SIZES if not refused_sizes(learner, way)]

    learner.budget, sizes, learner.plan = new_budget(
        seconds_of("time", asked),
        ways,
        lambda share: step_seconds(learner, share),
        epoch_s,
        learner.plan,
    )
    learner.config = with_sizes(learner, sizes).config


def settle_compiling(learner: Learner, asked: TrainConfig) -> None:
    """Find out whether the step is compiled: asked for, it is tried; left open, a GPU is timed both ways if it pays."""
    state = learner.state
    if asked.compile == "on":
        try:
            step_seconds(learner, 1.0)
        except RuntimeError as error:
            if not cannot_compile(error):
                raise
            raise SettingError(
                f"compile is 'on', but torch can't compile here: {str(error).splitlines()[0]} Take --compile off."
            ) from None
    elif asked.compile == "auto" and learner.world.device.type == "cuda":
        eager = step_seconds(learner, 1.0)
        whole = seconds_of("time", asked.time) if asked.time is not None else eager * learner.plan.steps
        state.compiled = compiled(state.module) if whole >= WORTH_S else None
        if state.compiled is not None and not _is_quicker(learner, eager):
            state.compiled = None


def _is_quicker(learner: Learner, eager: float) -> bool:
    """Whether the compiled step beats the eager one, in seconds, by enough to be taken."""
    try:
        return step_seconds(learner, 1.0) < GAIN * eager
    except RuntimeError as error:
        if not cannot_compile(error):
            raise
        log.warning("torch can't compile here, so steps stay eager: %s", str(error).splitlines()[0])
        return False


def step_seconds(learner: Learner, share: float) -> float:
    """Seconds of a real step at a share of the full picture size, on the first training samples."""
    train = learner.config.train
    few = replace(learner, loaded=first_samples(learner.loaded, (WARM + TIMED) * train.samples_a_step))
    made = batches(with_sizes(few, (share,)), Silence())(Order(seed=train.seed, epoch=0))
    return rehearse(learner.state, made, learner.plan)


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
    module, began, count = at_first_sight(learner.state.judged), time.perf_counter(), 0
    for batch in islice(in_order(part, BATCH), 2):
        few = part.ids[: len(batch.targets)]
        predict(module, [batch], few, learner.loaded.spec.classes, learner.plan.autocast)
        count += len(batch.targets)
    return (time.perf_counter() - began) * len(part) / count
