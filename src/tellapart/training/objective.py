"""What a training step makes small: the loss of each sample, over all that is asked about it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from tellapart.config import OptimConfig
from tellapart.training.balance import class_weights, log_odds, log_priors, positive_weights
from tellapart.training.losses import LOSSES
from tellapart.training.soft import NUMBER_LOSSES, binary_cross_entropy, kl_divergence
from tellapart.training.teacher import Teacher, disagreement
from tellapart.types import Batch, DataSpec, Task

T = TypeVar("T", Tensor, Sequence[int])

LEAST_LOSS = 0.1
"""Mean loss of a task below which its weight rises no further: as good as solved, it would outweigh the others."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The losses that the settings ask for, for the tasks of the data; empty is one class out of all."""

    optim: OptimConfig
    tasks: tuple[Task, ...] = ()
    shift: Tensor | None = None
    """What is added to the logits (K,) while training, float32 on the device; None is nothing."""
    weights: Tensor | None = None
    """What the loss of a class, or of having a label, is multiplied by (K,), likewise."""
    teacher: Teacher | None = None
    """A model whose answers are learned beside the labels."""
    agree: Teacher | None = None
    """An older model, not to be wrong where that is right."""

    @staticmethod
    def balanced(
        optim: OptimConfig, spec: DataSpec, counts: Sequence[int], samples: int, device: torch.device
    ) -> Objective:
        """The objective whose classes count as `optim.balance` says, which is settled.

        counts   training samples of each logit (K,)
        samples  training samples in all
        """
        shifts, weights = [], []
        kinds = [task.kind for task in spec.tasks] or ["class"]
        for kind, own in zip(kinds, _cut(spec.tasks, counts), strict=True):
            shift, weight = torch.zeros(len(own)), torch.ones(len(own))
            if optim.balance == "logit-adjust" and kind != "number":
                shift = log_priors(own) if kind == "class" else log_odds(own, samples)
            elif optim.balance in ("weights", "class-balanced") and kind != "number":
                weight = class_weights(own, optim.balance) if kind == "class" else positive_weights(own, samples)
            shifts.append(shift)
            weights.append(weight)
        return Objective(
            optim=optim,
            tasks=spec.tasks,
            shift=torch.cat(shifts).to(device) if optim.balance == "logit-adjust" else None,
            weights=torch.cat(weights).to(device) if optim.balance in ("weights", "class-balanced") else None,
        )

    def losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """Loss of each sample (B,), float32; of a mixed one, the losses of both targets by their shares."""
        losses = self._of(logits, batch.targets, self.optim.label_smoothing)
        if batch.partners is not None and batch.shares is not None:
            others = self._of(logits, batch.partners, self.optim.label_smoothing)
            losses = batch.shares * losses + (1 - batch.shares) * others
        if self.teacher is not None:
            taught = self.teacher.shared(self.teacher.logits(*batch.given))
            learned = kl_divergence(logits[:, self.teacher.theirs], taught, self.optim.temperature)
            losses = (1 - self.optim.teacher_share) * losses + self.optim.teacher_share * learned
        if self.agree is not None:
            said = self.agree.logits(*batch.given)
            right = self.agree.right(said, _most_shown(batch)).float()
            off = disagreement(logits[:, self.agree.theirs], self.agree.shared(said), right)
            losses = losses + self.optim.agree_weight * off
        return losses

    def unsmoothed(self, logits: Tensor, batch: Batch) -> Tensor:
        """Loss of each sample (B,) as it is told from others: without smoothing."""
        return self._of(logits, batch.targets, 0.0)

    def blind(self, batch: Batch, outputs: int) -> Tensor:
        """Mean loss of the batch, (), of a model that guesses: all `outputs` logits equal, numbers at their mean.

        What is learned from other models is left out.
        """
        level = [task.mean if task.kind == "number" else 0.0 for task in self.tasks for _ in range(task.outputs)]
        row = torch.tensor(level or [0.0] * outputs, device=batch.targets.device)
        losses = replace(self, teacher=None, agree=None, shift=None).losses(row.expand(len(batch.targets), -1), batch)
        if batch.weights is None:
            return losses.mean()
        return (losses * batch.weights).sum() / batch.weights.sum().clamp(min=torch.finfo(torch.float32).tiny)

    def right(self, logits: Tensor, batch: Batch) -> Tensor:
        """How many samples of the batch were answered right, (); of several answers each counts its share."""
        targets = _most_shown(batch)
        if not self.tasks:
            return (logits.argmax(1) == targets).sum()
        each = stretches(self.tasks, logits, targets)
        shares = [share for task, own, wanted in each for share in _right(task, own, wanted)]
        return torch.stack(shares).mean(0).sum() if shares else logits.new_zeros(())

    def _of(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        if self.shift is not None:
            logits = logits.float() + self.shift
        if not self.tasks:
            losses = LOSSES[self.optim.loss](logits, targets, smoothing)
            return losses if self.weights is None else losses * self.weights[targets]
        weighed = _cut(self.tasks, logits.new_ones(logits.shape[1]) if self.weights is None else self.weights)
        each = [
            self._task(task, own, wanted, smoothing, weight)
            for (task, own, wanted), weight in zip(stretches(self.tasks, logits, targets), weighed, strict=True)
        ]
        weights: Sequence[float | Tensor] = self.optim.task_weights or weights_by_uncertainty(each)
        return torch.stack([weight * losses for weight, losses in zip(weights, each, strict=True)]).sum(0)

    def _task(self, task: Task, logits: Tensor, targets: Tensor, smoothing: float, weights: Tensor) -> Tensor:
        """Loss (B,) of one task; 0 where its answer is not known."""
        if task.kind == "labels":
            return binary_cross_entropy(logits, targets, smoothing, weights)
        known = ~targets[:, 0].isnan()
        if task.kind == "class":
            classes = targets[:, 0].where(known, 0).long()
            return (LOSSES[self.optim.loss](logits, classes, smoothing) * weights[classes]).where(known, 0)
        found, wanted = (
            (values - task.mean) / task.std for values in (logits[:, 0].float(), targets[:, 0].where(known, 0))
        )
        return NUMBER_LOSSES[self.optim.number_loss](found, wanted).where(known, 0)


def _most_shown(batch: Batch) -> Tensor:
    """The targets of what each sample shows most of, as `batch.targets`."""
    if batch.partners is None or batch.shares is None:
        return batch.targets
    own = batch.shares >= 0.5
    return batch.targets.where(own if batch.targets.ndim == 1 else own[:, None], batch.partners)


def _cut(tasks: Sequence[Task], values: T) -> list[T]:
    """One value for each logit (K,), cut into those of each task; of one class out of all they are one piece."""
    ends: list[int] = [*itertools.accumulate(task.outputs for task in tasks)] or [len(values)]
    return [values[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def stretches(tasks: Sequence[Task], logits: Tensor, targets: Tensor) -> Iterator[tuple[Task, Tensor, Tensor]]:
    """Each task with its logits (B, K of it) and its targets (B, columns of it)."""
    at = column = 0
    for task in tasks:
        yield task, logits[:, at : at + task.outputs], targets[:, column : column + task.columns]
        at, column = at + task.outputs, column + task.columns


def weights_by_uncertainty(losses: Sequence[Tensor]) -> list[Tensor]:
    """The weight of each task, as many as there are in all: in proportion to one over its mean loss in the batch.

    losses  (B,) of each task
    With uncertainty as a parameter, L exp(-s) + s, the best s is log L: so the weight that is learned there is 1 / L,
    and needs no learning. A task alone has the weight 1.
    Sources: Kendall et al. 2018, "Multi-Task Learning Using Uncertainty to Weigh Losses" (arXiv:1705.07115);
    Kirchdorfer et al. 2024, "Analytical Uncertainty-Based Loss Weighting in Multi-Task Learning" (arXiv:2408.07985).
    """
    inverse = torch.stack([1 / each.detach().mean().clamp(min=LEAST_LOSS) for each in losses])
    return list(inverse * (len(losses) / inverse.sum()))


def _right(task: Task, logits: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """The share of its answers that are right (B,); of a number none is told."""
    if task.kind == "class":
        yield (logits.argmax(1) == targets[:, 0]).float()
    elif task.kind == "labels":
        yield ((logits > 0) == (targets > 0.5)).float().mean(1)
