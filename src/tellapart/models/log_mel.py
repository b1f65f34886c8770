"""Sound as a picture of it: the logarithm of the power in bands of frequency, a frame every 10 ms."""

import math

import torch
from torch import Tensor, nn

from tellapart.models.normalise import Normalise
from tellapart.models.sequences import within
from tellapart.types import DataSpec

WINDOW_S, HOP_S = 0.025, 0.010
"""Seconds that a frame sees, and from one to the next."""
MOST_BANDS = 64
WIDTH_HZ = 100
"""Half the rate over this many bands at most, so that each holds a line of the spectrum: 64 from 12,800 Hz on."""
FLOOR = 1e-8
"""Least power that counts, 80 dB below the mean power of the training part."""
LEAST_SPREAD = 0.1
"""Added to the deviation of a recording, in nats: silence stays silence."""


class LogMel(nn.Module):
    """Raw samples (B, 1, T), lengths in samples -> (B, bands, frames) around zero, and lengths in frames.

    Frame i is around sample i * hop, and is a recording's own where that sample is. Past its ends is silence. The mean
    and deviation over all bands and frames of a recording are taken out: so loudness goes, and the spectrum stays,
    which those of each band alone would take out of a steady sound.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        self.normalise = Normalise(spec)
        self.hop = max(1, round(HOP_S * spec.rate))
        self.length = max(2, round(WINDOW_S * spec.rate))
        self.points = 2 ** math.ceil(math.log2(self.length))
        self.bands = max(1, min(MOST_BANDS, spec.rate // 2 // WIDTH_HZ))
        window = torch.hann_window(self.length)
        self.register_buffer("window", window / window.square().sum().sqrt(), persistent=False)
        self.register_buffer("filters", mel_filters(spec.rate, self.points, self.bands), persistent=False)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        own = within(lengths, x.shape[2]) & torch.isfinite(x)
        samples = self.normalise(x).masked_fill(~own, 0)[:, 0]
        spectrum = torch.stft(
            samples,
            self.points,
            self.hop,
            self.length,
            self.window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        power = torch.view_as_real(spectrum).square().sum(-1)
        with torch.autocast(x.device.type, enabled=False):  # the logarithm of what is faint needs all digits
            frames = self.filters @ power
        lengths = (lengths - 1) // self.hop + 1
        return standardised(frames.clamp(min=FLOOR).log(), lengths), lengths


class Hidden(nn.Module):
    """(B, F, T) with a stretch of bands and one of frames at 0, which is the mean, in training; else as it is.

    share  of the bands, and of a recording's own frames, that a stretch hides at most; it is drawn evenly, as is where
    Source: Park et al. 2019, "SpecAugment" (arXiv:1904.08779), without its warp, which did least there.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        bands = self._stretch(torch.full_like(lengths, x.shape[1]), x.shape[1])
        frames = self._stretch(lengths, x.shape[2])
        return x.masked_fill(bands[:, :, None] | frames[:, None], 0)

    def _stretch(self, own: Tensor, places: int) -> Tensor:
        """bool (B, places), where the stretch of each sample is, among the first `own` (B,) of them."""
        length, start = torch.rand(2, len(own), 1, device=own.device)
        length = length * self.share * own[:, None]
        start = start * (own[:, None] - length)
        place = torch.arange(places, device=own.device)
        hidden: Tensor = (place >= start) & (place < (start + length).floor())
        return hidden


def standardised(x: Tensor, lengths: Tensor) -> Tensor:
    """(B, F, T) less the mean of each sequence, by its deviation; 0 past its end."""
    own = within(lengths, x.shape[2])
    count = (lengths * x.shape[1])[:, None, None]
    spread = (x - (x * own).sum((1, 2), keepdim=True) / count) * own
    return spread / (LEAST_SPREAD + (spread.square().sum((1, 2), keepdim=True) / count).sqrt())


def mel_filters(rate: int, points: int, bands: int) -> Tensor:
    """(bands, points // 2 + 1): weight of each line of the spectrum in each band, triangles over the mel scale.

    From 0 Hz to half the rate, mel(f) = 2595 log10(1 + f / 700) as in HTK. Each triangle's weights add up to 1, so
    that white noise is as loud in each band.
    """
    most = 2595 * math.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (torch.linspace(0, most, bands + 2, dtype=torch.float64) / 2595) - 1)
    lines = torch.linspace(0, rate / 2, points // 2 + 1, dtype=torch.float64)
    low, middle, high = (corners[i : i + bands, None] for i in range(3))
    weights = torch.minimum((lines - low) / (middle - low), (high - lines) / (high - middle)).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True).clamp(min=1e-9)).float()
