"""Sequences of many lengths in one batch: what is past the end of each counts for nothing."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tellapart.config import Pooling
from tellapart.models.norm import Norm


class SequenceNetwork(nn.Module):
    """What each step says, a body over the steps, a pool of them, and one layer to the classes.

    raw (B, C, T) or (B, T), lengths (B,)  ->  logits (B, K). Of pictures (B, C, H, W) there are no lengths.
    front  raw values and lengths -> values (B, F, T), 0 past the end of each sequence, and lengths
    body   values and lengths -> values (B, features, T), and lengths
    pool   values and lengths -> (B, features)
    """

    def __init__(
        self, front: nn.Module, body: nn.Module, pool: nn.Module, features: int, outputs: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.front = front
        self.body = body
        self.pool = pool
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Linear(features, outputs)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        pooled = self.pool(*self.body(*self.front(x, lengths)))
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def within(lengths: Tensor, steps: int) -> Tensor:
    """bool (B, 1, steps), which of them are a sequence's own. lengths (B,)"""
    return (torch.arange(steps, device=lengths.device) < lengths[:, None])[:, None]


def compared(way: Callable[..., Tensor], values: Tensor, level: Tensor, dtype: torch.dtype) -> Tensor:
    """1 where `torch.gt`, `ge` or `le` holds, else 0, in numbers of that type, without a gradient.

    Written at once as numbers: on a processor truth values first, and numbers of them then, take eight times as long.
    """
    if torch.compiler.is_exporting():
        return way(values, level).to(dtype)
    return way(values.detach(), level.detach(), out=torch.empty_like(values, dtype=dtype))


def backwards(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, F) -> the same, each sequence from its last step to its first; what is past its end stays there."""
    step = torch.arange(x.shape[1], device=x.device)
    place = torch.where(step < lengths[:, None], lengths[:, None] - 1 - step, step)
    return x.gather(1, place[:, :, None].expand(-1, -1, x.shape[2]))


def halved(lengths: Tensor) -> Tensor:
    """Lengths after a layer that goes on by two steps; an odd last step counts."""
    return (lengths + 1) // 2


class MaskedNorm(Norm):
    """Norm whose mean and deviation are of the sequences' own steps alone; past their ends it gives 0.

    x (B, F, ..., T), mask bool, (B, 1, ..., T)  ->  (B, F, ..., T). Where all steps are own it is torch's BatchNorm.
    """

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        assert mask is not None
        x = x.float()  # sums over all steps need more than the digits of bf16
        own, form = mask.to(x.dtype), (1, -1, *(1,) * (x.ndim - 2))
        if not self.training:
            return super().forward(x) * own
        axes = (0, *range(2, x.ndim))
        count = own.sum() * (x[0, 0].numel() // x.shape[-1])
        mean = (x * own).sum(axes) / count
        spread = (x - mean.reshape(form)) * own
        variance = spread.square().sum(axes) / count
        self._remember(mean.detach(), variance.detach(), count)
        # a single value has no spread: it is seen as in prediction
        single = count < 2
        mean = torch.where(single, self._running(self.running_mean), mean)
        variance = torch.where(single, self._running(self.running_var), variance)
        scale = (variance + self.eps).rsqrt() * self.weight
        return ((x - mean.reshape(form)) * scale.reshape(form) + self.bias.reshape(form)) * own

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """Let the running statistics go towards those of the batch, as far as `momentum` says."""
        share = torch.where(count < 2, 0.0, self.momentum or 0.0)
        self._running(self.running_mean).lerp_(mean, share)
        self._running(self.running_var).lerp_(variance * (count / (count - 1).clamp(min=1)), share)

    @staticmethod
    def _running(statistic: Tensor | None) -> Tensor:
        assert statistic is not None
        return statistic


class Last(nn.Module):
    """(B, F, T) -> (B, F): the last step of each sequence; of what was read backwards too, that half's first step."""

    def __init__(self, both: bool = False) -> None:
        super().__init__()
        self.both = both

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        last = x.gather(2, (lengths - 1)[:, None, None].expand(-1, x.shape[1], 1))[:, :, 0]
        half = x.shape[1] // 2
        return torch.cat([last[:, :half], x[:, half:, 0]], 1) if self.both else last


class Mean(nn.Module):
    """(B, F, T) -> (B, F): over the steps of each sequence."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return (x * within(lengths, x.shape[2])).sum(2) / lengths[:, None]


class Max(nn.Module):
    """(B, F, T) -> (B, F): over the steps of each sequence."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return x.masked_fill(~within(lengths, x.shape[2]), -torch.inf).amax(2)


class Attention(nn.Module):
    """(B, F, T) -> (B, F): mean of the steps, each weighed by the softmax of a learned score.

    Source: Yang et al. 2016, "Hierarchical Attention Networks for Document Classification", eq. 5 to 7.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.project = nn.Linear(features, features)
        self.score = nn.Linear(features, 1, bias=False)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        score = self.score(self.project(x.transpose(1, 2)).tanh()).transpose(1, 2)
        weight: Tensor = score.masked_fill(~within(lengths, x.shape[2]), -torch.inf).softmax(2)
        return (x * weight).sum(2)


STEP_POOLINGS: dict[Pooling, Callable[[int], nn.Module]] = {
    "mean": lambda _: Mean(),
    "max": lambda _: Max(),
    "last": lambda _: Last(),
    "attention": Attention,
}
"""Pools of steps; they are given the number of features."""
