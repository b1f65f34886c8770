"""Random changes to whole batches of training pictures; each picture's draws are functions of (seed, epoch, sample)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tellapart.config import DataConfig
from tellapart.data.colour import coloured
from tellapart.data.cover import cut_out, erase
from tellapart.data.mix import mixed
from tellapart.data.resize import LOOKED_AT
from tellapart.data.sequence_augment import SequenceAugmentation, check_settings
from tellapart.data.trivial import trivially_changed
from tellapart.data.warp import warped
from tellapart.data.zoom import resized_crops
from tellapart.errors import SettingError
from tellapart.seeds import uniform
from tellapart.types import DataSpec, Order

if TYPE_CHECKING:
    from torch import Tensor

Draw = Callable[[str], "Tensor"]
"""Name of a draw -> float32 (B,) in [0, 1), one for each picture of the batch."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may happen to a training picture."""

    crop_padding: int | None = None
    """Pixels of mirrored padding on each side before a random crop."""
    resized_crop: float | None = None
    """Least share of the area that a random part covers, which is brought to the full size."""
    flip: bool = False
    """Whether half of the pictures are mirrored, left to right."""
    alternating: bool = False
    """Whether the mirrored half of one epoch is the plain half of the next."""
    rotate: float | None = None
    """Degrees at most, either way."""
    scale: float | None = None
    """Share at most by which a picture is enlarged or shrunk, below 1."""
    brightness: float | None = None
    """Share at most by which brightness is raised or lowered; likewise contrast and saturation."""
    contrast: float | None = None
    saturation: float | None = None
    cutout: int | None = None
    """Pixels a side of a square that is filled."""
    trivial: bool = False
    """Whether each picture is changed by one operation out of a set."""
    erasing: float | None = None
    """Share of the pictures of which a rectangle is filled."""
    mixup: float | None = None
    """Alpha of the shares by which pictures are blended with another; likewise cutmix."""
    cutmix: float | None = None
    fill: tuple[int, ...] = ()
    """What it is filled with, 0..255, one value for each channel."""

    @staticmethod
    def of(config: DataConfig, spec: DataSpec) -> Augmentation:
        """What the settings ask for; nothing for vectors. SettingError where a cutout could hide a whole picture,
        or where there are no colours to saturate; of grey pictures, that have none either, a recipe may ask for it.

        What is covered has the training part's mean colour, so that it is zero after normalisation.
        """
        if spec.kind != "image":
            return Augmentation()
        height, width = spec.shape[1:]
        if config.saturation and spec.channels not in LOOKED_AT:
            raise SettingError(
                f"saturation is {config.saturation}, but the pictures have {spec.channels} channels, and it is of "
                "colours, which have three. Leave it out; brightness and contrast are of any channels."
            )
        if config.cutout is not None and config.cutout >= min(height, width):
            raise SettingError(
                f"cutout is {config.cutout}, but the pictures have {width}x{height} pixels; "
                f"must be below {min(height, width)}."
            )
        return Augmentation(
            crop_padding=config.crop_padding,
            resized_crop=config.resized_crop,
            flip=bool(config.flip),
            alternating=bool(config.alternating),
            rotate=config.rotate,
            scale=config.scale,
            brightness=config.brightness,
            contrast=config.contrast,
            saturation=config.saturation,
            cutout=config.cutout,
            trivial=bool(config.trivial),
            erasing=config.erasing,
            mixup=config.mixup,
            cutmix=config.cutmix,
            fill=tuple(round(mean) for mean in spec.mean),
        )

    def __bool__(self) -> bool:
        moves = self.crop_padding or self.resized_crop or self.flip or self.turns
        return bool(moves or self.colours or self.trivial or self.cutout or self.erasing or self.mixes)

    @property
    def turns(self) -> bool:
        """Whether pixels come to lie between those of the picture they are read from."""
        return bool(self.rotate or self.scale)

    @property
    def colours(self) -> bool:
        return bool(self.brightness or self.contrast or self.saturation)

    @property
    def mixes(self) -> bool:
        """Whether each picture needs another one."""
        return bool(self.mixup or self.cutmix)


def augmentation_of(config: DataConfig, spec: DataSpec) -> Augmentation | SequenceAugmentation:
    """What the settings ask for, of data of any kind; SettingError where one is of another kind."""
    check_settings(config, spec)
    return SequenceAugmentation.of(config, spec) if spec.sequential else Augmentation.of(config, spec)


def augmented(pictures: Tensor, rows: Tensor, keys: Tensor, order: Order, augmentation: Augmentation) -> Tensor:
    """The chosen pictures, each by its own draws cut, moved, mirrored and turned, then coloured, partly covered.

    pictures  uint8 (N, H, W, C)
    rows      int64 (B,), which of them
    keys      int64 (B,), what their draws are a function of
    ->        uint8 (B, H, W, C), never a view of `pictures`
    """
    import torch

    draw = partial(uniform, keys, order.seed, order.epoch)
    if augmentation.resized_crop:
        mirrored = _mirrored(keys, order, augmentation.alternating) if augmentation.flip else None
        changed = resized_crops(pictures, rows, draw, augmentation.resized_crop, mirrored)
        if augmentation.crop_padding or augmentation.turns:
            all_of_them = torch.arange(len(rows), device=rows.device)
            changed = _moved(changed, all_of_them, keys, order, replace(augmentation, flip=False, alternating=False))
    else:
        changed = _moved(pictures, rows, keys, order, augmentation)
    if augmentation.colours:
        brightness = _factors(draw, "brightness", augmentation.brightness)
        contrast = _factors(draw, "contrast", augmentation.contrast)
        saturation = _factors(draw, "saturation", augmentation.saturation)
        changed = coloured(changed, brightness, contrast, saturation)
    if augmentation.trivial:
        trivially_changed(changed, draw)
    if augmentation.cutout:
        cut_out(changed, augmentation.cutout, augmentation.fill, draw)
    if augmentation.erasing:
        erase(changed, augmentation.erasing, augmentation.fill, draw)
    return changed


def in_pairs(pictures: Tensor, keys: Tensor, order: Order, augmentation: Augmentation) -> tuple[Tensor, Tensor]:
    """Each picture mixed with the one after it, and the share of it that is its own.

    pictures  uint8 (B + 1, H, W, C), as they come out of `augmented`; the last one is a partner alone
    keys      int64 (B,)
    ->        uint8 (B, H, W, C), and float32 (B,)
    """
    draw = partial(uniform, keys, order.seed, order.epoch)
    return mixed(pictures[:-1], pictures[1:], augmentation.mixup, augmentation.cutmix, draw)


def _moved(pictures: Tensor, rows: Tensor, keys: Tensor, order: Order, augmentation: Augmentation) -> Tensor:
    """The chosen pictures (B, H, W, C), cropped, mirrored and turned: one gather, no padded copy."""
    draw = partial(uniform, keys, order.seed, order.epoch)
    height, width = pictures.shape[1:3]
    padding = augmentation.crop_padding or 0
    if not (padding or augmentation.flip or augmentation.turns):
        return pictures[rows]
    y, x = _places(height, keys, draw, "crop-y", padding), _places(width, keys, draw, "crop-x", padding)
    if augmentation.flip:
        x = x.where(~_mirrored(keys, order, augmentation.alternating)[:, None], x.flip(1))
    if augmentation.turns:
        degrees, ratios = _swing(draw, "rotate", augmentation.rotate), 1 + _swing(draw, "scale", augmentation.scale)
        return warped(pictures[rows], y, x, degrees, ratios)
    if padding:
        y, x = _reflected(y, height), _reflected(x, width)
    return pictures[rows[:, None, None], y[:, :, None], x[:, None, :]]


def _mirrored(keys: Tensor, order: Order, alternating: bool) -> Tensor:
    """Which pictures are mirrored, bool (B,).

    alternating  drawn once for the run: each is mirrored in every second epoch
    Source of that: Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", section 3.6 (arXiv:2404.00498).
    """
    if not alternating:
        return uniform(keys, order.seed, order.epoch, "flip") < 0.5
    in_even = uniform(keys, order.seed, "flip-even") < 0.5
    return ~in_even if order.epoch % 2 else in_even


def _places(size: int, keys: Tensor, draw: Draw, name: str, padding: int) -> Tensor:
    """Where a random crop out of the padding is read, int64 (B, size); up to `padding` outside of [0, size)."""
    import torch

    places = torch.arange(size, device=keys.device).expand(len(keys), size)
    if not padding:
        return places
    shift = (draw(name) * (2 * padding + 1)).long() - padding
    return places + shift[:, None]


def _reflected(places: Tensor, size: int) -> Tensor:
    """The same places, mirrored at the first and the last pixel until they lie in [0, size)."""
    import torch

    period = max(2 * (size - 1), 1)
    turned = places % period  # torch's % is never negative
    return torch.minimum(turned, period - turned)


def _swing(draw: Draw, name: str, most: float | None) -> Tensor:
    """Draws in [-most, most), 0 where `most` is None; float64 (B,)."""
    return (2 * draw(name).double() - 1) * (most or 0.0)


def _factors(draw: Draw, name: str, most: float | None) -> Tensor | None:
    """Draws in [1 - most, 1 + most), float64 (B,); None where `most` is."""
    return 1 + _swing(draw, name, most) if most else None
