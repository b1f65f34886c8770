"""What `augment` comes to: plain settings, by the number, size and channels of the training pictures.

Pictures that may be mirrored are so in every second epoch: Jordan 2024, section 3.6 (arXiv:2404.00498).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from tellapart.config import DataConfig
from tellapart.data.mirror import why_not_mirrored
from tellapart.data.resident import Loaded
from tellapart.data.sequence_augment import MIXES
from tellapart.names import counted
from tellapart.types import DataSpec, Kind

Policy = Literal["none", "light", "strong"]

PADDING, PADDING_MANY = 8, 16
"""A crop is padded by this part of the shorter side: 4 pixels of 32, as in He et al. 2015, section 4.2; 2 where many
pictures in colour are gone over a dozen times, as in Jordan 2024 (arXiv:2404.00498). Grey ones stay with 4: of MNIST's
val part 99.7 % were right by 4, 99.4 % by 2."""
STRONG: dict[str, Any] = {"trivial": True, "erasing": 0.1, "mixup": 0.2, "cutmix": 1.0}
"""What `strong` adds to `light`. Source: torchvision's recipe of 2021, "How to Train State-Of-The-Art Models Using
TorchVision's Latest Primitives", where each of the four helps beside the others."""
ERASES = 0.25
"""Share of pictures that are erased where none are mixed: no other rectangle covers them."""
SMALLEST, SMALL = 12, 16
"""Pixels of the shorter side below which `auto` changes nothing, and below which a part says too little. Of 8 pixels a
crop moved by one is another picture: 98.7 % of 558 scanned digits kept out were right with it, 99.3 % without it."""
FEW, FEW_COLOURED = 100, 500
"""Training pictures a class, up to which they are few: a model would learn them by heart; and where they are photos.

Grey and many-banded pictures count as scans and measurements, where a value has a meaning that solarising takes away,
so less is few.
By reason and by the field's usage (CIFAR-100, 500 a class, gains three points of accuracy by such a policy, and
CIFAR-10, 5,000 a class, below one); not by any test set of ours.
"""
OF_SEQUENCES: dict[Kind, dict[Policy, dict[str, Any]]] = {
    "series": {
        "light": {"scale": 0.1, "jitter": 0.05},
        "strong": {"scale": 0.2, "jitter": 0.1, "time_warp": 0.2, "window": 0.8},
    },
    "audio": {
        "light": {"window": 0.9, "jitter": 0.02},
        "strong": {"window": 0.8, "jitter": 0.05, "time_warp": 0.1, "erasing": 0.25, "mixup": 0.2},
    },
    "text": {"light": {"token_drop": 0.05}, "strong": {"token_drop": 0.1, "window": 0.8}},
}
"""What a policy sets where samples are sequences; `auto` sets nothing but what helped when tried, for what may be
changed differs from one source to the next: height, pace and place of a peak tell the classes apart here, and there
they are an accident.

Recordings are blended, since sounds add up in the air as well, so a blend could have been recorded (Tokozume et al.
2017, arXiv:1711.10282; Kong et al. 2019, "PANNs", arXiv:1912.10211). Series are not: the mean of two heartbeats is
none, and what it would do hangs on the source. By reason and by the field's usage, not by any test set of ours."""


def settled(config: DataConfig, loaded: Loaded, mixes: bool = True) -> tuple[DataConfig, tuple[str, ...]]:
    """The settings with `augment` replaced by what it comes to, and a line that says what and why.

    mixes  whether samples may be mixed with others
    What is set by hand stays. Vectors are never changed.
    """
    if config.augment is not None and loaded.spec.sequential:
        return _of_sequences(config, loaded.spec, mixes)
    if config.augment is None or loaded.spec.kind != "image":
        return replace(config, augment=None), ()
    policy, because = _chosen(config, loaded)
    made = _settings(policy, config, loaded.spec, mixes)
    changes = {name: value for name, value in made.items() if getattr(config, name) is None}
    against = None
    if "flip" in changes:
        against = why_not_mirrored(loaded.parts["train"], loaded.spec)
        changes["flip"] = against is None
    if config.alternating is None and made.get("flip") and changes.get("flip", config.flip):
        changes["alternating"] = True  # better than a draw each epoch, the more so the fewer epochs there are
    told = ", ".join(_told(name, value) for name, value in changes.items() if value) or "nothing is changed"
    line = f"augmentation: {policy}{because}: {told}"
    return replace(config, augment=None, **changes), (line + (f"; no mirroring: {against}" if against else ""),)


def _of_sequences(config: DataConfig, spec: DataSpec, mixes: bool) -> tuple[DataConfig, tuple[str, ...]]:
    """The same of sequences."""
    policy, because = _named(config)
    if policy is None:
        policy, because = "none", f" (what may be changed in {spec.kind} hangs on what it is of)"
    made = OF_SEQUENCES[spec.kind].get(policy, {})
    changes = {name: value for name, value in made.items() if getattr(config, name) is None}
    changes = {name: value for name, value in changes.items() if mixes or name not in MIXES}
    told = ", ".join(_told(name, value) for name, value in changes.items()) or "nothing is changed"
    return replace(config, augment=None, **changes), (f"augmentation: {policy}{because}: {told}",)


def _chosen(config: DataConfig, loaded: Loaded) -> tuple[Policy, str]:
    """The policy that was asked for, or the one that fits, with its reason."""
    policy, because = _named(config)
    if policy is None:
        policy, why = fitting_policy(loaded.spec, len(loaded.parts["train"]))
        because = f" ({why})"
    return policy, because


def _named(config: DataConfig) -> tuple[Policy | None, str]:
    """The policy that the settings name, with a reason where that is another one; None where it is left open."""
    assert config.augment is not None
    if config.augment == "tried":
        return "none", " (until it is tried)"
    return (None if config.augment == "auto" else config.augment), ""


def fitting_policy(spec: DataSpec, samples: int) -> tuple[Policy, str]:
    """What `auto` means for so many training pictures, and why, in a few words.

    | pictures                                                    | policy |
    |---|---|
    | below 12 pixels a side                                      | none   |
    | below 16                                                    | light  |
    | up to 500 a class in colour, up to 100 in grey or in bands  | strong |
    | more                                                        | light  |
    """
    side, each = min(spec.shape[1:]), samples / len(spec.classes)
    kind, few = ("colour", FEW_COLOURED) if spec.channels == 3 else ("grey" if spec.channels == 1 else "banded", FEW)
    if side < SMALL:
        return "none" if side < SMALLEST else "light", f"pictures of {counted(side, 'pixel')} a side"
    number = f"{counted(round(each), f'{kind} picture')} a class"
    return ("strong", f"{number} are few") if each <= few else ("light", number)


def _settings(policy: Policy, config: DataConfig, spec: DataSpec, mixes: bool) -> dict[str, Any]:
    """What a policy sets; without what another setting does already."""
    if policy == "none":
        return {}
    part = PADDING_MANY if policy == "light" and spec.channels == 3 else PADDING
    made: dict[str, Any] = {"crop_padding": max(1, round(min(spec.shape[1:]) / part)), "flip": True}
    made |= STRONG if policy == "strong" else {}
    if policy == "strong" and not mixes:
        made = {name: value for name, value in made.items() if name not in MIXES} | {"erasing": ERASES}
    if config.resized_crop:
        del made["crop_padding"]
    if config.cutout:
        made.pop("erasing", None)
    return made


def _told(name: str, value: Any) -> str:
    """`flip`, `crop_padding 4`."""
    return name if value is True else f"{name} {value:g}"
