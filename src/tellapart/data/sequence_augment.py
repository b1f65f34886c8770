"""Random changes to padded batches of training sequences; each one's draws are functions of (seed, epoch, sample)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tellapart.config import DataConfig
from tellapart.data.sequence_mix import mixed_steps
from tellapart.errors import SettingError
from tellapart.seeds import uniform
from tellapart.types import DataSpec, Kind, Order

if TYPE_CHECKING:
    from torch import Tensor

Draw = Callable[[str], "Tensor"]
"""Name of a draw -> float32 (B,) in [0, 1), one for each sequence of the batch."""

OF_KINDS: dict[str, tuple[Kind, ...]] = {
    "jitter": ("series", "audio"),
    "time_warp": ("series", "audio"),
    "window": ("series", "audio", "text"),
    "channel_drop": ("series",),
    "token_drop": ("text",),
}
"""Setting -> the kinds of data that it is of."""
MIXES = ("mixup", "cutmix")
"""Settings that change a sample by another one."""
BENDS = 4
"""Stretches of equal length, each of its own pace, that a warped sequence is made of."""
LEAST_ERASED, MOST_ERASED = 0.02, 0.4
"""Share of the steps that are filled, as of the area of a picture."""
ADDENDS = 4
"""Even draws that a noise is the sum of: close to normal, and of exact operations, so the same bits in any batch."""
APART = 0x5851F42D4C957F2D
"""What the key of a sample is moved by from one of its steps to the next: odd, so that none comes back."""


@dataclass(frozen=True, kw_only=True)
class SequenceAugmentation:
    """What may happen to a training sequence."""

    jitter: float | None = None
    """Deviation of the noise that is added, in those of the channel."""
    scale: float | None = None
    """Share at most by which each channel moves away from its mean, or towards it."""
    time_warp: float | None = None
    """Share at most by which a stretch of it runs faster or slower."""
    window: float | None = None
    """Least share of its steps that a random part covers."""
    stretched: bool = False
    """Whether that part is brought to the length of the whole."""
    channel_drop: float | None = None
    """Share of the channels that are set to their mean."""
    token_drop: float | None = None
    """Share of the tokens that are left out."""
    erasing: float | None = None
    """Share of the sequences of which a stretch is set to the mean."""
    mixup: float | None = None
    """Alpha of the shares by which sequences are blended with another; likewise cutmix."""
    cutmix: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @staticmethod
    def of(config: DataConfig, spec: DataSpec) -> SequenceAugmentation:
        """What the settings ask for; a part of a series is stretched, of recordings and texts it is shorter."""
        if spec.kind == "text":
            return SequenceAugmentation(window=config.window, token_drop=config.token_drop)
        return SequenceAugmentation(
            jitter=config.jitter,
            scale=config.scale,
            time_warp=config.time_warp,
            window=config.window,
            stretched=spec.kind == "series",
            channel_drop=config.channel_drop,
            erasing=config.erasing,
            mixup=config.mixup,
            cutmix=config.cutmix,
            mean=spec.mean,
            std=spec.std,
        )

    def __bool__(self) -> bool:
        values = self.jitter or self.scale or self.channel_drop or self.erasing
        return bool(values or self.time_warp or self.window or self.token_drop or self.mixes)

    @property
    def mixes(self) -> bool:
        """Whether each sequence needs another one."""
        return bool(self.mixup or self.cutmix)


def check_settings(config: DataConfig, spec: DataSpec) -> None:
    """Raise SettingError where something is asked for that can't be done to data of this kind."""
    for name, kinds in OF_KINDS.items():
        value = getattr(config, name)
        if value is not None and spec.kind not in kinds:
            raise SettingError(
                f"{name} is {value:g}, which is of {' and '.join(kinds)}, not of {spec.kind}: leave it out."
            )
    for name in MIXES:
        value = getattr(config, name)
        if value and spec.kind == "vector":
            raise SettingError(f"{name} is {value:g}, which is of pictures, series and recordings: leave it out.")
        if value and spec.kind == "text":
            raise SettingError(
                f"{name} is {value:g}, but texts are tokens, and of two tokens no mixture is a token: leave it out. "
                "token_drop and window change training texts."
            )


def changed(
    values: Tensor, lengths: Tensor, keys: Tensor, order: Order, augmentation: SequenceAugmentation
) -> tuple[Tensor, Tensor]:
    """The sequences, each by its own draws cut, warped, scaled, blurred by noise and partly covered; and their lengths.

    values   float32 (B, C, T), NaN where a value is missing, or int64 (B, T); 0 behind the end of each
    lengths  int64 (B,), each at least 1
    keys     int64 (B,), what their draws are a function of
    ->       likewise; T may be smaller
    """
    import torch

    draw = partial(uniform, keys, order.seed, order.epoch)
    if augmentation.token_drop:
        values, lengths = _thinned(values, lengths, keys, order, augmentation.token_drop)
    if augmentation.window and not augmentation.stretched:
        values, lengths = _cut(values, lengths, draw, augmentation.window)
    stretches = augmentation.window if augmentation.stretched else None
    if stretches or augmentation.time_warp:
        values = _read_at(values, _places(values.shape[-1], lengths, draw, stretches, augmentation.time_warp))
    if augmentation.scale or augmentation.jitter or augmentation.channel_drop or augmentation.erasing:
        values = _altered(values, lengths, keys, order, augmentation)
    outside = torch.arange(values.shape[-1], device=keys.device) >= lengths[:, None]
    return values.masked_fill(outside if values.ndim == 2 else outside[:, None], 0), lengths


def in_pairs(
    own: tuple[Tensor, Tensor],
    partners: tuple[Tensor, Tensor],
    keys: Tensor,
    order: Order,
    augmentation: SequenceAugmentation,
) -> tuple[Tensor, Tensor]:
    """Each sequence mixed with its partner, float32 (B, C, T) as long as it was, and the share (B,) that is its own.

    own, partners  values and lengths, as they come out of `changed`
    keys           int64 (B,), those of the own ones
    """
    draw = partial(uniform, keys, order.seed, order.epoch)
    return mixed_steps(own, partners, augmentation.mixup, augmentation.cutmix, draw)


def _thinned(values: Tensor, lengths: Tensor, keys: Tensor, order: Order, most: float) -> tuple[Tensor, Tensor]:
    """Without some of its tokens; of each text one is left at least."""
    import torch

    steps = torch.arange(values.shape[1], device=keys.device)
    inside = steps < lengths[:, None]
    draws = uniform(keys[:, None] + APART * steps, order.seed, order.epoch, "token-drop").where(inside, -1.0)
    kept = inside & ((draws >= most) | (draws == draws.amax(dim=1, keepdim=True)))
    spare = torch.zeros((len(values), values.shape[1] + 1), dtype=values.dtype, device=keys.device)
    spare.scatter_(1, (kept.cumsum(1) - 1).where(kept, values.shape[1]), values)
    return _trimmed(spare, kept.sum(1))


def _cut(values: Tensor, lengths: Tensor, draw: Draw, least: float) -> tuple[Tensor, Tensor]:
    """A part of each, drawn evenly from all that are as long; its share of the whole is drawn evenly, too."""
    import torch

    shares = least + (1 - least) * draw("window").double()
    parts = (shares * lengths).round().long().clamp(min=1)
    starts = (draw("window-start").double() * (lengths - parts + 1)).long()
    places = (starts[:, None] + torch.arange(values.shape[-1], device=lengths.device)).clamp(max=values.shape[-1] - 1)
    index = places if values.ndim == 2 else places[:, None].expand(values.shape)
    return _trimmed(values.gather(-1, index), parts)


def _trimmed(values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """No longer than the longest of them; the device is waited for."""
    return values[..., : int(lengths.max())], lengths


def _places(steps: int, lengths: Tensor, draw: Draw, window: float | None, warp: float | None) -> Tensor:
    """Where each step is read, float64 (B, T) in [0, length - 1]: between two steps where it is no whole number."""
    import torch

    last = (lengths - 1).double()
    along = torch.arange(steps, device=lengths.device) / last.clamp(min=1)[:, None]
    along = along.clamp(max=1)
    if warp:
        paces = [1 + warp * (2 * draw(f"pace-{bend}").double() - 1) for bend in range(BENDS)]
        ends = [torch.zeros_like(last)]
        for pace in paces:
            ends.append(ends[-1] + pace)
        bend = (along * BENDS).long().clamp(max=BENDS - 1)
        start, pace = (torch.stack(each[:BENDS], dim=1).gather(1, bend) for each in (ends, paces))
        along = (start + (along * BENDS - bend) * pace) / ends[-1][:, None]
    if window:
        shares = window + (1 - window) * draw("window").double()
        along = (1 - shares[:, None]) * draw("window-start").double()[:, None] + along * shares[:, None]
    return (along * last[:, None]).clamp(min=0).minimum(last[:, None])


def _read_at(values: Tensor, places: Tensor) -> Tensor:
    """The values (B, C, T) at places (B, T), straight from one step to the next; missing where the nearer one is."""
    below = places.floor().long()
    above = (below + 1).clamp(max=values.shape[-1] - 1)
    share = (places - below).float()[:, None]
    low, high = (values.gather(-1, each[:, None].expand(values.shape)) for each in (below, above))
    nearer = high.where(share > 0.5, low)
    between = low + (high - low) * share
    return nearer.where(between.isnan() | (share == 0), between)


def _altered(values: Tensor, lengths: Tensor, keys: Tensor, order: Order, augmentation: SequenceAugmentation) -> Tensor:
    """The values (B, C, T) scaled about their means, with noise, without some channels and a stretch of steps."""
    import torch

    channels, steps = values.shape[1:]
    mean, std = (
        torch.tensor(each, dtype=torch.float32, device=keys.device)[:, None]
        for each in (augmentation.mean, augmentation.std)
    )
    each_channel = keys[:, None] + APART * torch.arange(channels, device=keys.device)
    if augmentation.scale:
        draws = uniform(each_channel, order.seed, order.epoch, "scale")
        factors = 1 + augmentation.scale * (2 * draws - 1)
        values = mean + (values - mean) * factors[..., None]
    if augmentation.jitter:
        each_value = each_channel[..., None] + APART * (channels * torch.arange(steps, device=keys.device))
        total = sum(uniform(each_value, order.seed, order.epoch, f"jitter-{n}") for n in range(ADDENDS))
        values = values + (total - ADDENDS / 2) * (12 / ADDENDS) ** 0.5 * (augmentation.jitter * std)
    hidden = torch.zeros_like(values, dtype=torch.bool)
    if augmentation.channel_drop:
        draws = uniform(each_channel, order.seed, order.epoch, "channel-drop")
        gone = (draws < augmentation.channel_drop) & (draws < draws.amax(dim=1, keepdim=True))
        hidden = hidden | gone[..., None]
    if augmentation.erasing:
        draw = partial(uniform, keys, order.seed, order.epoch)
        shares = LEAST_ERASED + (MOST_ERASED - LEAST_ERASED) * draw("erasing-share").double()
        erased = (shares * lengths).long()
        starts = (draw("erasing-start").double() * (lengths - erased + 1)).long()[:, None]
        step = torch.arange(steps, device=keys.device)
        covered = (
            (step >= starts) & (step < starts + erased[:, None]) & (draw("erasing") < augmentation.erasing)[:, None]
        )
        hidden = hidden | covered[:, None]
    return torch.where(hidden & ~values.isnan(), mean, values)
