"""Stochastic depth: samples that skip a block in training."""

from torch import Tensor, nn
from torch.nn import functional


class DropPath(nn.Module):
    """(B, C, H, W) -> the same: in training a sample becomes 0 with probability `rate`, or grows by 1 / (1 - rate).

    Put on what a block adds to its input, it makes the sample skip the block. In prediction nothing is dropped.
    Source: Huang et al. 2016, "Deep Networks with Stochastic Depth", section 3 (arXiv:1603.09382); growing in training
    is the same as its shrinking in prediction.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * functional.dropout(x.new_ones(len(x), 1, 1, 1), self.rate)


def rates(last: float, blocks: int) -> list[float]:
    """A rate for each block, rising evenly to that of the last (eq. 4 of the source): early blocks are needed more."""
    return [last * (block + 1) / blocks for block in range(blocks)]
