"""Classes of unequal size: what makes each count the same in training, as in balanced accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from tellapart.config import Balance
from tellapart.seeds import seed_of
from tellapart.types import Task

UNEVEN = 10
"""How many times the smallest class the largest must have for `auto` to balance them."""
BETA = 0.999
"""Of the effective number of samples: past 1 / (1 - BETA) a class gains nothing by more of them."""
MOST = 100.0
"""Weight of a label's positives at most: a label of one sample would outweigh all others."""

Way = Literal["none", "weights", "class-balanced", "sampler", "logit-adjust"]


def settled_balance(asked: Balance, counts: Sequence[int], tasks: Sequence[Task]) -> tuple[Way, str]:
    """The way that is taken, and a line about it where `auto` has chosen one.

    counts  training samples of each logit (K,)
    Of `auto`: where the largest class has ten times the samples of the smallest, logits are adjusted, the one way
    that is consistent for the balanced error; of several tasks, or below that, nothing is done.
    """
    if asked != "auto":
        return asked, ""
    if tasks or len(counts) < 2 or max(counts) < UNEVEN * max(1, min(counts)):
        return "none", ""
    times = max(counts) / max(1, min(counts))
    return (
        "logit-adjust",
        f"balance: logit-adjust, for {times:.0f} times as many samples of one class as of another",
    )


def class_weights(counts: Sequence[int], way: Way) -> Tensor:
    """The weight of each class in the loss (K,), float32; the mean over the training samples is 1.

    weights         in proportion to 1 / n of the class's samples n
    class-balanced  to (1 - BETA) / (1 - BETA^n), one over the effective number of samples (Cui et al. 2019,
                    "Class-Balanced Loss Based on Effective Number of Samples", eq. 2, arXiv:1901.05555)
    """
    n = torch.tensor(counts, dtype=torch.float64).clamp(min=1)
    raw = 1 / n if way == "weights" else (1 - BETA) / (1 - BETA**n)
    return (raw * n.sum() / (raw * n).sum()).float()


def positive_weights(counts: Sequence[int], samples: int) -> Tensor:
    """For each label how much more a sample that has it weighs than one that has not (K,), float32: (N - n) / n."""
    n = torch.tensor(counts, dtype=torch.float64).clamp(min=1)
    return ((samples - n).clamp(min=1) / n).clamp(max=MOST).float()


def log_priors(counts: Sequence[int]) -> Tensor:
    """The log of each class's share of the training samples (K,), float32: what is added to its logit in training.

    A class that is rare has to win by more there, so that afterwards, without it, it wins as often as it should.
    Source: Menon et al. 2021, "Long-Tail Learning via Logit Adjustment", eq. 10 with tau 1 (arXiv:2007.07314).
    """
    n = torch.tensor(counts, dtype=torch.float64).clamp(min=1)
    return (n / n.sum()).log().float()


def log_odds(counts: Sequence[int], samples: int) -> Tensor:
    """The same for labels, each by itself (K,): the log of n / (N - n)."""
    return -positive_weights(counts, samples).log()


def balanced_rows(targets: Tensor, count: int, seed: int, epoch: int) -> Tensor:
    """So many rows, each class as often as any other, or once more; int64 (count,), rising.

    targets  int64 (N,)
    Of a class each row stands as often as any other of it, or once more; which do is a function of seed and epoch.
    """
    draws = torch.Generator().manual_seed(seed_of(seed, "balance", epoch))
    classes = torch.unique(targets).tolist()
    share, rest = divmod(count, len(classes))
    more = set(torch.randperm(len(classes), generator=draws)[:rest].tolist())
    chosen = []
    for place, k in enumerate(classes):
        rows, wanted = (targets == k).nonzero().flatten().cpu(), share + (place in more)
        whole, left = divmod(wanted, len(rows))
        chosen += [*[rows] * whole, rows[torch.randperm(len(rows), generator=draws)[:left]]]
    return torch.cat(chosen).sort().values.to(targets.device)
