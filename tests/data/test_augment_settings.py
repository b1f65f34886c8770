"""The settings of augmentation: their limits, and what becomes of them."""

import dataclasses
from typing import Any

import pytest

from tellapart.config import DataConfig, RunConfig
from tellapart.data.augment import Augmentation
from tellapart.errors import SettingError
from tellapart.types import DataSpec

ALL: dict[str, Any] = {
    "crop_padding": 4,
    "resized_crop": 0.35,
    "flip": True,
    "alternating": True,
    "rotate": 15.0,
    "scale": 0.2,
    "brightness": 0.3,
    "contrast": 0.4,
    "saturation": 0.5,
    "cutout": 8,
    "trivial": True,
    "erasing": 0.25,
    "mixup": 0.2,
    "cutmix": 1.0,
}
PICTURES = DataSpec(kind="image", shape=(3, 24, 32), classes=("a", "b"), mean=(125.3, 122.5, 113.9), std=(1.0,) * 3)
VECTORS = DataSpec(kind="vector", shape=(2,), classes=("a", "b"), mean=(float("inf"), 0.0), std=(1.0, 1.0))


def refused(**wrong: Any) -> str:
    """The message that these settings get."""
    with pytest.raises(SettingError) as caught:
        RunConfig.of("digits", wrong)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alternating": True}, "alternating is true, but flip is not: set flip = true too."),
        ({"alternating": "yes"}, "alternating is 'yes'; must be true or false."),
        ({"rotate": 0}, "rotate is 0; must be above 0 and at most 180."),
        ({"rotate": -5.0}, "rotate is -5; must be above 0 and at most 180."),
        ({"rotate": 180.5}, "rotate is 180.5; must be above 0 and at most 180."),
        ({"rotate": "much"}, "rotate is 'much'; must be a finite number."),
        ({"scale": 0}, "scale is 0; must be above 0 and below 1."),
        ({"scale": 1}, "scale is 1; must be above 0 and below 1."),
        ({"scale": float("nan")}, "scale is nan; must be a finite number."),
        ({"resized_crop": 0}, "resized_crop is 0; must be above 0 and below 1."),
        ({"resized_crop": 1}, "resized_crop is 1; must be above 0 and below 1."),
        ({"brightness": 0}, "brightness is 0; must be above 0 and at most 1."),
        ({"brightness": 1.5}, "brightness is 1.5; must be above 0 and at most 1."),
        ({"contrast": -0.5}, "contrast is -0.5; must be above 0 and at most 1."),
        ({"saturation": 2}, "saturation is 2; must be above 0 and at most 1."),
        ({"cutout": 0}, "cutout is 0; must be 1 or more."),
        ({"cutout": 2.5}, "cutout is 2.5; must be a whole number."),
        ({"crop_padding": -1}, "crop_padding is -1; must be 0 or more."),
        ({"trivial": 1}, "trivial is 1; must be true or false."),
        ({"erasing": -0.1}, "erasing is -0.1; must be 0 or more."),
        ({"erasing": 1.5}, "erasing is 1.5; must be a share of the pictures: at most 1."),
        ({"mixup": -1}, "mixup is -1; must be 0 or more."),
        ({"cutmix": -0.5}, "cutmix is -0.5; must be 0 or more."),
        (
            {"augment": "storng"},
            "augment is 'storng'. Did you mean 'strong'? There are: none, light, auto, strong, tried.",
        ),
        (
            {"mixup": 0.2, "hardest": (1.0, 0.5)},
            "hardest goes by each picture's own loss, and mixup shows none alone: leave one of them out.",
        ),
        (
            {"cutmix": 1, "hardest": (0.5,)},
            "hardest goes by each picture's own loss, and cutmix shows none alone: leave one of them out.",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_refused_by_its_name_value_and_limit(wrong: dict[str, Any], message: str) -> None:
    assert refused(**wrong) == message


@pytest.mark.parametrize(
    "limit",
    [{"rotate": 180}, {"scale": 0.999}, {"brightness": 1}, {"contrast": 1}, {"saturation": 1}, {"cutout": 1}],
    ids=lambda limit: next(iter(limit)),
)
def test_a_limit_itself_is_taken(limit: dict[str, Any]) -> None:
    assert RunConfig.of("digits", limit).flat().items() >= limit.items()


def test_flip_can_t_be_taken_from_alternating_afterwards() -> None:
    config = RunConfig.of("digits", {"flip": True, "alternating": True})
    with pytest.raises(SettingError, match="alternating is true, but flip is not"):
        config.changed({"flip": False})


def test_by_default_nothing_happens_to_a_picture() -> None:
    assert not Augmentation.of(DataConfig(), PICTURES)


def test_every_setting_reaches_the_pictures() -> None:
    made = dataclasses.asdict(Augmentation.of(DataConfig(**ALL), PICTURES))
    assert made == ALL | {"fill": (125, 122, 114)}


@pytest.mark.parametrize("name", [name for name in ALL if name != "alternating"])
def test_each_setting_alone_is_something_to_do(name: str) -> None:
    assert Augmentation.of(DataConfig(**{name: ALL[name]}), PICTURES)


def test_a_cutout_that_could_hide_a_picture_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        Augmentation.of(DataConfig(cutout=24), PICTURES)
    assert str(caught.value) == "cutout is 24, but the pictures have 32x24 pixels; must be below 24."
    assert Augmentation.of(DataConfig(cutout=23), PICTURES).cutout == 23


@pytest.mark.parametrize("off", ["crop_padding", "erasing", "mixup", "cutmix"])
def test_a_zero_is_nothing_to_do(off: str) -> None:
    assert not Augmentation.of(DataConfig(**{off: 0}), PICTURES)


def test_saturation_of_pictures_without_colours_is_refused() -> None:
    bands = DataSpec(kind="image", shape=(5, 24, 32), classes=("a", "b"), mean=(9.0,) * 5, std=(1.0,) * 5)
    with pytest.raises(SettingError, match=r"saturation is 0\.5, but the pictures have 5 channels.* Leave it out"):
        Augmentation.of(DataConfig(saturation=0.5), bands)
    assert Augmentation.of(DataConfig(brightness=0.5, contrast=0.5), bands).colours


def test_nothing_happens_to_vectors() -> None:
    assert Augmentation.of(DataConfig(**ALL), VECTORS) == Augmentation()
