"""What `augment` comes to: plain settings, with what was set by hand left alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tellapart.config import DataConfig
from tellapart.data.policy import fitting_policy, settled
from tellapart.data.resident import Loaded, load
from tellapart.data.sources.arrays import ArraySource
from tellapart.types import DataSpec

CLASSES = ("cat", "dog")


def loaded(side: int = 32, classes: tuple[str, ...] = CLASSES, C: int = 3) -> Loaded:
    """Forty pictures of noise."""
    pictures = np.random.default_rng(0).integers(0, 256, (40, side, side, C)).astype(np.uint8)
    labels = [classes[i % len(classes)] for i in range(40)]
    return load(ArraySource("noise", pictures, labels), DataConfig(val_share=0, test_share=0))


def changes(name: str, given: Loaded | None = None, mixes: bool = True, **by_hand: Any) -> dict[str, Any]:
    """The settings that a policy adds to those by hand."""
    before = DataConfig(augment=name, **by_hand)  # type: ignore[arg-type]
    after, _ = settled(before, given or loaded(), mixes)
    assert after.augment is None
    return {k: v for k, v in vars(after).items() if k != "augment" and v != getattr(before, k)}


def line(name: str, given: Loaded | None = None, **by_hand: Any) -> str:
    (said,) = settled(DataConfig(augment=name, **by_hand), given or loaded())[1]  # type: ignore[arg-type]
    return said


STRONG = {
    "crop_padding": 4,
    "flip": True,
    "alternating": True,
    "trivial": True,
    "erasing": 0.1,
    "mixup": 0.2,
    "cutmix": 1.0,
}


def test_what_each_policy_sets() -> None:
    assert changes("none") == {}
    assert changes("light") == {"crop_padding": 2, "flip": True, "alternating": True}
    assert changes("strong") == STRONG


@pytest.mark.parametrize(("side", "padding"), [(8, (1, 1)), (28, (2, 4)), (32, (2, 4)), (64, (4, 8)), (3, (1, 1))])
def test_a_crop_is_an_eighth_of_the_side_or_a_sixteenth_of_many_colour_pictures(
    side: int, padding: tuple[int, int]
) -> None:
    assert tuple(changes(policy, loaded(side))["crop_padding"] for policy in ("light", "strong")) == padding
    assert changes("light", loaded(side, C=1))["crop_padding"] == padding[1]


def test_what_is_set_by_hand_stays() -> None:
    by_hand = {"crop_padding": 0, "flip": False, "trivial": False, "erasing": 0.9, "mixup": 0.0, "cutmix": 0.3}
    assert changes("strong", **by_hand) == {}
    assert changes("strong", mixup=0.8) == {name: value for name, value in STRONG.items() if name != "mixup"}


def test_a_mirror_that_is_set_by_hand_asks_nobody() -> None:
    assert changes("light", loaded(classes=("0", "1")), flip=True) == {"crop_padding": 2, "alternating": True}


def test_a_crop_of_another_kind_is_not_cropped_again() -> None:
    assert "crop_padding" not in changes("light", resized_crop=0.35)


def test_a_cutout_is_not_erased_too() -> None:
    assert "erasing" not in changes("strong", cutout=8)


def test_where_pictures_can_t_be_mixed_more_are_erased() -> None:
    assert changes("strong", mixes=False) == {
        "crop_padding": 4,
        "flip": True,
        "alternating": True,
        "trivial": True,
        "erasing": 0.25,
    }


def test_digits_are_not_mirrored_and_it_is_said_why() -> None:
    given = loaded(classes=("0", "1"))
    assert changes("light", given) == {"crop_padding": 2, "flip": False}
    assert line("light", given) == "augmentation: light: crop_padding 2; no mirroring: class names are digits"


def test_the_line_says_what_was_chosen_and_why() -> None:
    assert line("auto") == (
        "augmentation: strong (20 colour pictures a class are few): "
        "crop_padding 4, flip, trivial, erasing 0.1, mixup 0.2, cutmix 1, alternating"
    )
    assert line("none") == "augmentation: none: nothing is changed"


def test_without_a_policy_nothing_is_set_or_said() -> None:
    config = DataConfig(crop_padding=3)
    assert settled(config, loaded()) == (config, ())


def test_settled_again_it_stays() -> None:
    once, _ = settled(DataConfig(augment="strong"), loaded())
    assert settled(once, loaded()) == (once, ())


def test_nothing_is_set_for_vectors() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    given = load(ArraySource("numbers", vectors, [str(i % 2) for i in range(40)]), DataConfig())
    assert settled(DataConfig(augment="strong"), given) == (DataConfig(), ())


def sounds() -> Loaded:
    return replace(loaded(), spec=DataSpec(kind="audio", shape=(1, 9), classes=("a", "b"), mean=(0.0,), std=(1.0,)))


def test_recordings_are_blended_where_they_can_be_mixed() -> None:
    assert changes("strong", sounds())["mixup"] == 0.2
    assert "mixup" not in changes("strong", sounds(), mixes=False)
    assert changes("strong", sounds(), mixup=0.0, window=0.5).keys() == {"jitter", "time_warp", "erasing"}
    assert line("auto", sounds()) == (
        "augmentation: none (what may be changed in audio hangs on what it is of): nothing is changed"
    )


def test_what_is_to_be_tried_changes_nothing_until_then() -> None:
    assert settled(DataConfig(augment="tried", window=0.5), sounds())[0] == DataConfig(window=0.5)
    for given in (sounds(), loaded()):
        assert line("tried", given) == "augmentation: none (until it is tried): nothing is changed"


@pytest.mark.parametrize(
    ("shape", "each", "policy", "why"),
    [
        ((3, 7, 60), 10, "none", "pictures of 7 pixels a side"),
        ((1, 8, 8), 10, "none", "pictures of 8 pixels a side"),
        ((1, 12, 12), 10, "light", "pictures of 12 pixels a side"),
        ((3, 15, 15), 9999, "light", "pictures of 15 pixels a side"),
        ((1, 28, 28), 6000, "light", "6,000 grey pictures a class"),
        ((1, 28, 28), 101, "light", "101 grey pictures a class"),
        ((1, 28, 28), 100, "strong", "100 grey pictures a class are few"),
        ((3, 32, 32), 5000, "light", "5,000 colour pictures a class"),
        ((3, 32, 32), 500, "strong", "500 colour pictures a class are few"),
        ((3, 128, 128), 20, "strong", "20 colour pictures a class are few"),
        ((5, 32, 32), 100, "strong", "100 banded pictures a class are few"),
        ((5, 32, 32), 101, "light", "101 banded pictures a class"),
    ],
)
def test_the_table_of_auto(shape: tuple[int, ...], each: int, policy: str, why: str) -> None:
    spec = DataSpec(kind="image", shape=shape, classes=tuple("abcd"), mean=(0.0,), std=(1.0,))
    assert fitting_policy(spec, 4 * each) == (policy, why)
