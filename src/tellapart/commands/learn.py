"""Training inside a run: fit, validate, record, save; stopped and gone on with at any step, to the same bits."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tellapart.checks import seconds_or_steps
from tellapart.commands.learner import Learner, batches, circumstances, settled_config, val_scores
from tellapart.commands.plateau import falls
from tellapart.commands.probing import Looks
from tellapart.commands.settling import fitted_at_once
from tellapart.commands.stop import Stop, stoppable
from tellapart.commands.timing import plan_again
from tellapart.commands.watch import Silence, Watch
from tellapart.config import TrainConfig
from tellapart.errors import DivergedError, Interrupted
from tellapart.evaluation.diagnosis import smaller_lr
from tellapart.evaluation.measures import better
from tellapart.files import write_text
from tellapart.models.views import at_first_sight
from tellapart.names import counted
from tellapart.runs.checkpoint import Saver, checkpoints, copied, moment
from tellapart.runs.run_folder import RunFolder
from tellapart.training.fit import TrainState, fit
from tellapart.training.optimisers import peak_lr
from tellapart.training.plan import Plan
from tellapart.training.statistics import settle_average
from tellapart.types import EpochEnd, Pause, Task

FITTED = "fitted at once"
"""The reason why training is over where no step is taken."""
WRITTEN_EVERY_S = 1.0
"""Seconds from one writing of the history to the next, at least."""


def learn(learner: Learner, run: RunFolder, looks: Looks, watch: Watch) -> None:
    """Train to the end, or until somebody asks to stop; then Interrupted says how to go on.

    Where training leaves the finite numbers DivergedError says so.
    """
    state, saver, promises = learner.state, Saver(run.checkpoints), circumstances(learner)
    history = Kept(run)
    looks.first()
    with stoppable() as stop, watch.work("training", learner.plan.steps, state.step):
        saves = Saves(learner.config.train, stop)
        try:
            for end in ends(learner, watch, lambda state: saves.due(state) or learner.looks_at_clock):
                if isinstance(end, EpochEnd):
                    note(end, learner)
                    history.write(learner.progress.history, now=learner.done)
                    looks.after(end)
                    if told(end.epoch, learner.plan.epochs):
                        watch.say(line(learner.progress.history[-1], learner.plan, learner.config.train.metric_taken))
                if learner.done or stop.requested:
                    break
                if learner.looks_at_clock and plan_again(learner):
                    write_text(run.config, settled_config(learner).to_toml())
                if saves.due(state):
                    saver.save(moment(state, learner.progress, promises))
                    saves.saved()
            saver.save(moment(state, learner.progress, promises))
        except DivergedError as error:
            saver.wait()
            raise DivergedError(f"{error} {remedy(learner, run)}") from None
        finally:
            failed = saver.wait()
            history.write(learner.progress.history, now=True)
        if failed is not None:
            raise failed
        if not learner.done:
            raise Interrupted(
                f"Interrupted after step {state.step:,} of {learner.plan.steps:,}; all of it is saved. "
                f"Go on: tellapart resume {shlex.quote(str(run.path))}"
            )


def ends(learner: Learner, watch: Watch, pause: Callable[[TrainState], bool]) -> Iterator[EpochEnd | Pause]:
    """What fit gives; where the plan is another one after a look at the clock, by that one."""
    made = batches(learner, Silence())
    while not learner.done:
        followed = learner.plan
        for end in fit(learner.state, lambda order: watch.each(made(order)), followed, pause):
            if isinstance(end, EpochEnd):
                settle_average(learner.state, made, followed)
            yield end
            if learner.plan is not followed:
                break


class Kept:
    """The history in the run folder: an epoch may take a tenth of a second, and to flush a file takes a while too."""

    def __init__(self, run: RunFolder) -> None:
        self._run, self._rows, self._since = run, 0, -math.inf

    def write(self, rows: list[dict[str, Any]], *, now: bool) -> None:
        """Write what is new, where the last time was not just before or `now` asks for it."""
        if len(rows) != self._rows and (now or time.monotonic() - self._since >= WRITTEN_EVERY_S):
            self._run.write_history(rows)
            self._rows, self._since = len(rows), time.monotonic()


class Saves:
    """When a checkpoint is due: every so many seconds or steps, and where somebody asked to stop."""

    def __init__(self, config: TrainConfig, stop: Stop) -> None:
        self._seconds, self._steps = seconds_or_steps(config.save_every)
        self._stop, self._since = stop, time.monotonic()

    def due(self, state: TrainState) -> bool:
        if self._stop.requested:
            return True
        if self._steps is not None:
            return state.step % self._steps == 0
        return self._seconds is not None and time.monotonic() - self._since >= self._seconds

    def saved(self) -> None:
        self._since = time.monotonic()


def note(end: EpochEnd, learner: Learner) -> None:
    """Add the epoch to the history; keep the weights of the best one, without a val part the last ones."""
    module, progress = at_first_sight(learner.state.judged), learner.progress
    found = val_scores(module, learner.loaded, learner.plan.autocast)
    row = {"epoch": end.epoch, "step": end.step, "lr": end.lr, "train_loss": end.loss}
    if not only_numbers(learner.loaded.spec.tasks):
        row["train_accuracy"] = end.accuracy
    row |= {f"val_{name}": value for name, value in (found or {}).items()}
    progress.history.append(row | {"seconds": round(end.seconds, 3)})
    if learner.config.optim.schedule == "plateau":
        learner.state.falls = falls(progress.history, learner.config)
    if found is None:
        progress.best_epoch = end.epoch
    elif better(learner.config.train.metric_taken, found, progress.best_scores):
        progress.best_epoch, progress.best_scores = end.epoch, found
        progress.best_weights = copied(learner.state.judged.state_dict())


def remedy(learner: Learner, run: RunFolder) -> str:
    """What to type where training left the finite numbers: no state that is saved is one of those."""
    smaller = f"{smaller_lr(learner.progress.probes, peak_lr(learner.config.optim)):g}"
    saved = checkpoints(run.checkpoints)
    if not saved:
        again = f"tellapart train --config {shlex.quote(str(run.config))} --lr {smaller}"
        return f"Nothing was saved before it. Train again: {again}"
    onwards = f"tellapart resume {shlex.quote(str(run.path))} --lr {smaller}"
    return f"What {saved[0].name} holds is from before it. Go on from there: {onwards}"


def reason(learner: Learner) -> str:
    """Why training is over."""
    if fitted_at_once(learner.config, learner.loaded):
        return FITTED
    if learner.state.step >= learner.plan.steps:
        return "all epochs done"
    metric = learner.config.train.metric_taken
    return f"early stop: {counted(learner.progress.since_best, 'epoch')} without a better {metric}"


def told(epoch: int, epochs: int) -> bool:
    """Whether an epoch gets a line: each of a short run, about 20 of a long one, and the last."""
    return epoch % max(1, epochs // 20) == 0 or epoch in (1, epochs)


def only_numbers(tasks: Sequence[Task]) -> bool:
    """Whether nothing is asked that an answer could be right or wrong about."""
    return bool(tasks) and all(task.kind == "number" for task in tasks)


def line(row: dict[str, Any], planned: Plan, metric: str = "accuracy") -> str:
    """The last line of the history for a person: the measure that picks the epoch, accuracy where there is one."""
    told = {key: f"val_{key.replace('-', '_')}" for key in dict.fromkeys(("accuracy", metric, "log-loss"))}
    val = "".join(f"  val {word} {row[key]:.4f}" for word, key in told.items() if key in row)
    return f"epoch {row['epoch']}/{planned.epochs}  loss {row['train_loss']:.4f}{val}  {row['seconds']:.1f} s"
