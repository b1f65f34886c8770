"""What a training step makes small: the loss of each sample, over all that is asked about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tellapart.config import OptimConfig
from tellapart.training.losses import LOSSES, NUMBER_LOSSES, binary_cross_entropy
from tellapart.types import Batch, Task

LEAST_LOSS = 0.1
"""Mean loss of a task below which its weight rises no further: as good as solved, it would outweigh the others."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The losses that the settings ask for, for the tasks of the data; empty is one class out of all."""

    optim: OptimConfig
    tasks: tuple[Task, ...] = ()

    def losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """Loss of each sample (B,), float32; of a mixed one, the losses of both targets by their shares."""
        losses = self._of(logits, batch.targets, self.optim.label_smoothing)
        if batch.partners is None or batch.shares is None:
            return losses
        others = self._of(logits, batch.partners, self.optim.label_smoothing)
        return batch.shares * losses + (1 - batch.shares) * others

    def unsmoothed(self, logits: Tensor, batch: Batch) -> Tensor:
        """Loss of each sample (B,) as it is told from others: without smoothing."""
        return self._of(logits, batch.targets, 0.0)

    def right(self, logits: Tensor, batch: Batch) -> Tensor:
        """How many samples of the batch were answered right, (); of several answers each counts its share."""
        targets = batch.targets
        if batch.partners is not None and batch.shares is not None:  # what each sample shows most of
            own = batch.shares >= 0.5
            targets = targets.where(own if targets.ndim == 1 else own[:, None], batch.partners)
        if not self.tasks:
            return (logits.argmax(1) == targets).sum()
        each = stretches(self.tasks, logits, targets)
        shares = [share for task, own, wanted in each for share in _right(task, own, wanted)]
        return torch.stack(shares).mean(0).sum() if shares else logits.new_zeros(())

    def _of(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        if not self.tasks:
            return LOSSES[self.optim.loss](logits, targets, smoothing)
        each = [
            self._task(task, own, wanted, smoothing) for task, own, wanted in stretches(self.tasks, logits, targets)
        ]
        weights: Sequence[float | Tensor] = self.optim.task_weights or weights_by_uncertainty(each)
        return torch.stack([weight * losses for weight, losses in zip(weights, each, strict=True)]).sum(0)

    def _task(self, task: Task, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Loss (B,) of one task; 0 where its answer is not known."""
        if task.kind == "labels":
            return binary_cross_entropy(logits, targets, smoothing)
        known = ~targets[:, 0].isnan()
        if task.kind == "class":
            classes = targets[:, 0].where(known, 0).long()
            return LOSSES[self.optim.loss](logits, classes, smoothing).where(known, 0)
        found, wanted = (
            (values - task.mean) / task.std for values in (logits[:, 0].float(), targets[:, 0].where(known, 0))
        )
        return NUMBER_LOSSES[self.optim.number_loss](found, wanted).where(known, 0)


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
