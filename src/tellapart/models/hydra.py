"""Groups of random kernels that compete at each step, and how often each is the winner."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.models.minirocket import kernels_at_once
from tellapart.models.sequences import compared, within

GROUPS, KERNELS, SPAN = 64, 8, 9
"""Half of the groups for the series, half for its differences; kernels that compete in each; steps that one sees."""
MARGIN = 1e-5
"""Up to which fits are level, in deviations, as they all are but for rounding where nothing changes."""
CHANNELS = (2, 8)
"""Least and most that a group sees, half of all between."""


class Hydra(nn.Module):
    """Values (B, C, T), 0 past the end -> (B, features), square roots of shares of the steps: 0 for what never wins.

    At each step a group counts for the kernel that fits best by how well it does, and for the one that fits worst by 1
    (all that are level count); so for each dilation, of the series and of its differences from step to step.
    Source: Dempster et al. 2023, "Hydra" (arXiv:2203.13652), and its authors' form for several channels.
    """

    kernels: Tensor
    channels: Tensor

    def __init__(self, channels: int, steps: int) -> None:
        """steps: of the longest sequence."""
        super().__init__()
        rises = int(math.log2(max(1.0, (steps - 1) / (SPAN - 1)))) + 1
        G, sides = GROUPS // 2, 2 * rises
        self.dilations = [2**rise for rise in range(rises) for _ in range(2)]
        self.features = sides * G * KERNELS * 2
        kernels = torch.randn(sides, G, KERNELS, SPAN)
        kernels -= kernels.mean(3, keepdim=True)
        self.register_buffer("kernels", kernels / kernels.abs().sum(3, keepdim=True))
        self.register_buffer("channels", some_channels(sides * G, channels).reshape(sides, G, channels))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        changes, fewer = differences(x, lengths)
        found: list[Tensor] = []
        for number, dilation in enumerate(self.dilations):
            values, count = (changes, fewer) if number % 2 else (x, lengths)
            found += self._won(values, count, number, dilation)
        return torch.cat(found, 1).clamp(min=0).sqrt()

    def _won(self, x: Tensor, lengths: Tensor, number: int, dilation: int) -> tuple[Tensor, Tensor]:
        """(B, G * KERNELS) twice: what each kernel wins by fitting best, and how often it fits worst, for each step."""
        share = (within(lengths, x.shape[2]) / lengths[:, None, None]).to(x.dtype)
        won, lost = [], []
        for chosen in kernels_at_once(x, GROUPS // 2 * KERNELS, KERNELS):
            groups = slice(*(None if end is None else end // KERNELS for end in (chosen.start, chosen.stop)))
            weight = self.channels[number, groups, None, :, None] * self.kernels[number, groups, :, None]
            fits = functional.conv1d(x, weight.flatten(0, 1), padding=SPAN // 2 * dilation, dilation=dilation)
            fits = fits.reshape(x.shape[0], -1, KERNELS, x.shape[2])
            best, worst = fits.amax(2), fits.amin(2)
            high = compared(torch.ge, fits, best[:, :, None] - MARGIN, x.dtype)
            won.append(high @ (best * share)[..., None])
            low = compared(torch.le, fits, worst[:, :, None] + MARGIN, x.dtype)
            lost.append(low @ share.expand_as(worst)[..., None])
        return torch.cat(won, 1).flatten(1), torch.cat(lost, 1).flatten(1)


def differences(x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C, T) and lengths -> what changes from each step to the next, likewise; of a single step one 0."""
    changes = functional.pad(x.diff(dim=2), (0, 1))
    return changes * within(lengths - 1, x.shape[2]), (lengths - 1).clamp(min=1)


def some_channels(groups: int, channels: int) -> Tensor:
    """(groups, channels), how often each group counts a channel: half of them, between 2 and 8, drawn with return."""
    least, most = CHANNELS
    drawn = torch.randint(channels, (groups, min(most, max(least, channels // 2)) if channels > 1 else 1))
    return functional.one_hot(drawn, channels).sum(1).float()
