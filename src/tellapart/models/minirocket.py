"""84 fixed kernels at many dilations, and how often each exceeds some thresholds."""

import math
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellapart.models.sequences import compared, within

SPAN = 9
"""Steps that a kernel sees, those that a dilation leaves out not counted."""
MOST_DILATIONS = 32
MOST_CHANNELS = 9
"""That one kernel sees at most."""
GOLDEN = (math.sqrt(5) + 1) / 2
MOST_VALUES = 1 << 25
"""Of kernels, samples and steps together that are in memory at a time."""
MOST_PLACES = 1 << 18
"""Of a sample that thresholds are taken from: of a longer one so many are drawn, which is enough for its quantiles."""
MARGIN = 1e-5
"""Above a threshold, in deviations: what is level but for rounding, as where nothing changes, does not exceed it."""


def fixed_kernels() -> Tensor:
    """(84, 9): -1 at six places and 2 at three, in every way there is; each adds up to 0."""
    kernels = torch.full((math.comb(SPAN, 3), SPAN), -1.0)
    for kernel, places in zip(kernels, combinations(range(SPAN), 3), strict=True):
        kernel[list(places)] = 2.0
    return kernels


def dilations_of(steps: int, thresholds: int) -> dict[int, int]:
    """Dilation -> its thresholds a kernel, `thresholds` in all.

    The widest kernel sees about the whole sequence. Dilations rise by powers of two, and the share of each is how many
    of equal steps in the exponent round to it.
    """
    most = math.log2(max(1.0, (steps - 1) / (SPAN - 1)))
    rises = min(thresholds, MOST_DILATIONS)
    found = [int(2 ** (most * i / max(1, rises - 1)) + 1e-9) for i in range(rises)]
    counts = {dilation: found.count(dilation) * thresholds // rises for dilation in sorted(set(found))}
    for number in range(thresholds - sum(counts.values())):
        counts[list(counts)[number % len(counts)]] += 1
    return counts


class MiniRocket(nn.Module):
    """Values (B, C, T), 0 past the end -> (B, features): share of the steps at which a kernel exceeds a threshold.

    Every other kernel heeds only steps where it is wholly within the sequence, if there are any. The thresholds are
    quantiles of what the kernels give to training samples, so they need `look`.
    Source: Dempster et al. 2021, "MiniRocket" (arXiv:2012.08791), and its authors' form for several channels.
    """

    kernels: Tensor
    channels: Tensor
    thresholds: Tensor

    def __init__(self, channels: int, steps: int, features: int) -> None:
        """steps: of the longest sequence; features: about so many come out, a multiple of 84."""
        super().__init__()
        K = math.comb(SPAN, 3)
        self.counts = dilations_of(steps, max(1, features // K))
        self.features = K * sum(self.counts.values())
        self.register_buffer("kernels", fixed_kernels())
        self.register_buffer("channels", some_channels(len(self.counts) * K, channels).reshape(-1, K, channels))
        self.register_buffer("thresholds", torch.full((K, sum(self.counts.values())), MARGIN))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        own = within(lengths, x.shape[2])
        share = own / lengths[:, None, None]
        some = kernels_at_once(x, len(self.kernels), 2)
        found: list[Tensor] = []
        start = 0
        for number, (dilation, count) in enumerate(self.counts.items()):
            taken = torch.stack([share, wholly_within(lengths, x.shape[2], dilation)], 2)
            pieces = [
                self._shares(self._convolved(x, number, dilation, chosen), taken, chosen, range(start, start + count))
                for chosen in some
            ]
            found.append(pieces[0] if len(pieces) == 1 else torch.cat(pieces, 2))
            start += count
        return torch.cat(found, 1).flatten(1)

    def _shares(self, values: Tensor, taken: Tensor, chosen: slice, places: range) -> Tensor:
        """Values (B, k, T) of the chosen kernels, weights (B, 1, 2, T) -> (B, places, k), shares above thresholds."""
        thresholds, pairs = self.thresholds[chosen], (values.shape[0], -1, 2, values.shape[2])
        found = []
        for place in places:
            above = compared(torch.gt, values, thresholds[:, place, None], taken.dtype).reshape(pairs)
            found.append(above.mul_(taken).sum(3).flatten(1))
        return torch.stack(found, 1)

    @torch.no_grad()
    def look(self, x: Tensor, lengths: Tensor) -> None:
        """Take the thresholds from values (N, C, T): each kernel's quantiles are of one sample, drawn."""
        K = len(self.kernels)
        levels = (torch.arange(1, self.features + 1, dtype=torch.float64) * GOLDEN % 1).to(x)
        level, start = 0, 0
        for number, (dilation, count) in enumerate(self.counts.items()):
            rows = torch.randint(len(x), (K,)).to(x.device)
            quantiles = levels[level : level + K * count].reshape(K, count)
            for some in long_ones_apart(lengths[rows], kernels_at_once(x[:1], K, 1)):
                own = lengths[rows[some]]
                steps = int(own.max())
                if steps > MOST_PLACES:
                    values = self._convolved_somewhere(x[rows[some][0], :, :steps], number, dilation, some)
                else:
                    values = self._convolved_each(x[rows[some], :, :steps], number, dilation, some)
                found = own_quantiles(values, own.clamp(max=MOST_PLACES), quantiles[some])
                self.thresholds[some, start : start + count] = found + MARGIN
            level, start = level + K * count, start + count

    def _convolved(self, x: Tensor, number: int, dilation: int, chosen: slice = slice(None)) -> Tensor:
        """(B, C, T) -> (B, k, T): the chosen kernels over the sum of their channels, with silence all around."""
        weight = self._weight(number, chosen)
        return functional.conv1d(x, weight, padding=SPAN // 2 * dilation, dilation=dilation)

    def _convolved_each(self, x: Tensor, number: int, dilation: int, chosen: slice) -> Tensor:
        """(k, C, T) -> (k, T): each of the chosen kernels over the sample in its own row."""
        weight = self._weight(number, chosen)
        side_by_side = x.flatten(0, 1)[None]
        fits = functional.conv1d(
            side_by_side, weight, padding=SPAN // 2 * dilation, dilation=dilation, groups=len(weight)
        )
        return fits[0]

    def _convolved_somewhere(self, x: Tensor, number: int, dilation: int, chosen: slice) -> Tensor:
        """(C, T) -> (1, MOST_PLACES): the one chosen kernel at steps that are drawn; even ones would miss a beat."""
        weight = self._weight(number, chosen)[0]
        channels = weight.any(1)
        draws = torch.Generator().manual_seed(number)  # its own: whatever else is drawn stays what it is
        places = torch.randint(x.shape[1], (MOST_PLACES, 1), generator=draws)
        steps = (places + dilation * (torch.arange(SPAN) - SPAN // 2)).to(x.device)
        inside = (steps >= 0) & (steps < x.shape[1])
        seen = x[channels][:, steps.clamp(0, x.shape[1] - 1)] * inside
        return torch.einsum("cms,cs->m", seen, weight[channels])[None]

    def _weight(self, number: int, chosen: slice) -> Tensor:
        """(k, C, 9) of the chosen kernels, 0 for a channel that one does not see."""
        return self.channels[number, chosen, :, None] * self.kernels[chosen, None]


def kernels_at_once(x: Tensor, count: int, group: int) -> list[slice]:
    """Which of the kernels are taken together for (B, C, T), groups of so many never apart: all but where T is long."""
    if torch.compiler.is_exporting():
        return [slice(None)]
    most = max(group, MOST_VALUES // (x.shape[0] * x.shape[2]) // group * group)
    return [slice(None)] if most >= count else [slice(start, start + most) for start in range(0, count, most)]


def long_ones_apart(lengths: Tensor, pieces: list[slice]) -> list[slice]:
    """The pieces of samples of these lengths; each sample its own where one of a piece is too long to look at whole."""
    found: list[slice] = []
    for piece in pieces:
        own = range(*piece.indices(len(lengths)))
        apart = int(lengths[piece].max()) > MOST_PLACES
        found += [slice(each, each + 1) for each in own] if apart else [piece]
    return found


def some_channels(kernels: int, channels: int) -> Tensor:
    """(kernels, channels), 1 for each channel that a kernel sees: often few, up to 9, drawn."""
    most = min(channels, MOST_CHANNELS)
    sizes = (2 ** (torch.rand(kernels) * math.log2(most + 1))).long().clamp(max=most)
    ranks = torch.rand(kernels, channels).argsort(1).argsort(1)
    return (ranks < sizes[:, None]).float()


def wholly_within(lengths: Tensor, steps: int, dilation: int) -> Tensor:
    """(B, 1, steps): weights that take the mean over steps at which a kernel sees no padding; all own ones without."""
    edge = SPAN // 2 * dilation
    place = torch.arange(steps, device=lengths.device)
    inner = (place >= edge) & (place < lengths[:, None] - edge)
    taken = torch.where(lengths[:, None] > 2 * edge, inner, place < lengths[:, None])
    return (taken / taken.sum(1, keepdim=True))[:, None]


def own_quantiles(values: Tensor, lengths: Tensor, levels: Tensor) -> Tensor:
    """(R, Q), quantiles of the first `lengths` values of each row. values (R, T), levels (R, Q) in [0, 1]"""
    ordered = values.masked_fill(~within(lengths, values.shape[1])[:, 0], torch.inf).sort(1).values
    place = levels * (lengths[:, None] - 1)
    below, above = (ordered.gather(1, rounded.long()) for rounded in (place.floor(), place.ceil()))
    return below.lerp(above, place.frac())
