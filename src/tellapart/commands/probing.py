"""Looks into the network while it learns: when, on which samples, and what is told of them."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

from tellapart.commands.learner import Learner, batches, with_sizes
from tellapart.commands.watch import Silence, Watch
from tellapart.data.batches import sampled
from tellapart.errors import DivergedError
from tellapart.evaluation.diagnosis import Finding, findings
from tellapart.models import chosen, row_of
from tellapart.phases import phase
from tellapart.runs.run_folder import RunFolder
from tellapart.training.health import Probe, Spike, probe, spike, table
from tellapart.training.memory import out_of_memory
from tellapart.training.optimisers import peak_lr
from tellapart.types import Batch, EpochEnd, Order

PROBED = 256
"""Samples of a look, at most; fewer where a step has fewer."""
EVERY = 500
"""Steps of so many samples from one look to the next, at least: a look takes as long as two to five."""

log = logging.getLogger("tellapart")


class Looks:
    """Looks into the network of a learner where the settings ask for them, kept in its progress and its run folder."""

    def __init__(self, learner: Learner, run: RunFolder, watch: Watch) -> None:
        self._learner, self._run, self._watch = learner, run, watch
        few = sampled(learner.loaded.parts["train"], PROBED)
        batch = min(learner.config.train.samples_a_step, PROBED)
        self._few = replace(
            learner,
            config=replace(learner.config, train=replace(learner.config.train, batch=batch)),
            loaded=replace(learner.loaded, parts={**learner.loaded.parts, "train": few}),
        )

    def first(self) -> None:
        """Look before the first step, if it is the first; DivergedError where there is no finite loss to begin with."""
        if due(self._learner):
            taken = self._take()
            if taken is not None and taken.step == 0 and taken.loss is None:
                raise DivergedError(
                    "Before the first step the loss is no finite number. Look for values that are none, or huge, among "
                    "the data; or take a smaller or a normalised network."
                )
            self._keep(taken, None)

    def after(self, end: EpochEnd) -> None:
        """Look at the losses of an epoch that has ended, and into the network where that is due."""
        progress = self._learner.progress
        jump = None
        if self._learner.config.train.health and progress.probes:
            before = progress.history[-2]["train_loss"] if len(progress.history) > 1 else None
            jump = spike(end, before, progress.probes[0].blind)
        self._keep(self._take() if due(self._learner) else None, jump)

    def last(self) -> None:
        """Look when training is over: after its last checkpoint, so that a run that is lengthened does not hold it."""
        learner, probes = self._learner, self._learner.progress.probes
        if learner.config.train.health:
            self._keep(None if probes and probes[-1].step == learner.state.step else self._take(), None)

    def _take(self) -> Probe | None:
        """A look into the network of now; None where there is no memory for it."""
        try:
            return probe(self._learner.state, self._batch(), self._learner.plan)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            log.info("There is no memory for a look into the network after step %d.", self._learner.state.step)
            return None

    def _batch(self) -> Batch:
        """Training samples as a step of now has them, changed as in the first epoch: the same ones at each look."""
        learner, seed = self._learner, self._learner.config.train.seed
        share = phase(learner.config.load.sizes, learner.state.position, learner.plan.span)
        return next(iter(batches(with_sizes(self._few, (share,)), Silence())(Order(seed=seed, epoch=0))))

    def _keep(self, taken: Probe | None, jump: Spike | None) -> None:
        """Note what was seen; a line for each thing that is found wrong for the first time."""
        progress = self._learner.progress
        known = {finding.kind for finding in found(self._learner)}
        progress.probes += [taken] if taken else []
        progress.spikes += [jump] if jump else []
        if taken:
            self._run.write_health(table(progress.probes))
        for finding in found(self._learner):
            if finding.kind not in known:
                self._watch.say(f"health: {finding.sentence[0].lower()}{finding.sentence[1:]}")


def due(learner: Learner) -> bool:
    """Whether to look: before the first step, and at the end of an epoch from time to time."""
    state, probes = learner.state, learner.progress.probes
    if not learner.config.train.health or state.within:
        return False
    if state.step == 0:
        return not probes
    since = state.step - (probes[-1].step if probes else 0)
    smaller = min(1.0, PROBED / learner.config.train.samples_a_step)
    return since >= math.ceil(EVERY * smaller)


def found(learner: Learner) -> tuple[Finding, ...]:
    """What is wrong inside, by all looks so far."""
    settings = row_of(chosen(learner.config.model, learner.loaded.spec)).settings
    lr, progress = peak_lr(learner.config.optim), learner.progress
    return findings(progress.probes, progress.spikes, lr=lr, settings=settings)
