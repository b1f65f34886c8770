"""Pictures of differing channels in one source: grey and colour go together, anything else must agree."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.data.formats import Files, lay

from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.data.agreement import agreeing
from tellapart.data.augment import Augmentation, augmented
from tellapart.data.items import listed_items, values_of
from tellapart.data.preview import enlarged
from tellapart.data.resident import load, load_labelled
from tellapart.data.resize import fit_picture
from tellapart.data.sizes import at_size
from tellapart.data.source import Entry
from tellapart.data.sources.arrays import ArraySource
from tellapart.errors import DataError, UnreadableError
from tellapart.types import Fit, Order, Part

DRAWS = np.random.default_rng(0)
CONFIG = DataConfig(val_share=0.2, test_share=0.2)


def entry(number: int, channels: int, part: Part | None = None) -> Entry:
    return Entry(id=str(number), label="a", part=part, digest=bytes([number] * 16), shape=(4, 4, channels))


def left(channels: list[int], wanted: int | None = None) -> list[int]:
    """Channels of the entries that stay."""
    stay, issues = agreeing("image", [entry(i, c) for i, c in enumerate(channels)], wanted)
    assert len(stay) + len(issues) == len(channels)
    return [e.shape[2] for e in stay]


@pytest.mark.parametrize(
    ("channels", "stay"),
    [
        ([1, 3, 1], [1, 3, 1]),
        ([5, 5, 3], [5, 5]),
        ([5, 1, 3], [1, 3]),
        ([4, 3, 4], [4, 4]),
        ([2, 5, 5, 5, 2], [5, 5, 5]),
        ([7], [7]),
        ([], []),
    ],
)
def test_the_most_frequent_channels_stay(channels: list[int], stay: list[int]) -> None:
    assert left(channels) == stay


@pytest.mark.parametrize(("wanted", "stay"), [(5, [5]), (1, [1, 3]), (3, [1, 3]), (2, [])])
def test_a_model_says_which_channels_stay(wanted: int, stay: list[int]) -> None:
    assert left([1, 3, 5], wanted) == stay


def test_what_is_trained_on_decides() -> None:
    entries = [entry(0, 5, "train"), *(entry(number, 3, "test") for number in range(1, 5))]
    assert [e.id for e in agreeing("vector", entries)[0]] == ["0"]


def array(channels: int, low: int = 0) -> bytes:
    file = io.BytesIO()
    np.save(file, DRAWS.integers(low, low + 90, (8, 10, channels)).astype(np.uint8))
    return file.getvalue()


def fields(each: int = 8) -> Files:
    return {f"{n}/{i}.npy": array(5, 80 * k) for k, n in enumerate(("corn", "rice")) for i in range(each)}


def test_each_stranger_is_an_issue(tmp_path: Path) -> None:
    source = open_source(lay(tmp_path, fields() | {"corn/odd.npy": array(2)}), CONFIG)
    (issue,) = load(source, CONFIG).issues
    assert (issue.path, issue.kind, issue.detail) == (
        "corn/odd.npy",
        "channels",
        "2 channels, but most pictures have 5",
    )


def test_data_of_other_channels_than_the_model_s_are_refused_by_name(tmp_path: Path) -> None:
    spec = load(open_source(lay(tmp_path / "a", fields()), CONFIG), CONFIG).spec
    other = open_source(lay(tmp_path / "b", {"corn/1.npy": array(2), "rice/1.npy": array(2)}), CONFIG)
    with pytest.raises(DataError, match=r"corn/1\.npy: 2 channels, but the model takes 5"):
        load_labelled(other, spec)


def test_a_picture_to_predict_of_other_channels_says_so(tmp_path: Path) -> None:
    spec = load(open_source(lay(tmp_path / "a", fields()), CONFIG), CONFIG).spec
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    good, wrong, flat = values_of([array(5), file.getvalue(), np.zeros((8, 10, 5), np.uint16)], spec)
    assert isinstance(good, np.ndarray)
    assert isinstance(flat, np.ndarray)
    assert str(wrong) == "3 channels, where 5 are taken"


def test_one_picture_of_the_model_s_channels_is_one_item() -> None:
    assert len(listed_items(np.zeros((6, 7, 5), np.uint8), 5)) == 1
    assert len(listed_items(np.zeros((6, 7, 5), np.uint8), 3)) == 6
    assert len(listed_items(np.zeros((9, 6, 7, 5), np.uint16), 5)) == 9


# ---- on the way to the model


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("size", [(5, 9), (31, 17)])
def test_channels_are_resized_one_by_one_as_those_of_a_colour_picture_are(fit: Fit, size: tuple[int, int]) -> None:
    six = DRAWS.integers(0, 256, (12, 20, 6), dtype=np.uint8)
    halves = [fit_picture(np.ascontiguousarray(half), *size, 3, fit) for half in (six[:, :, :3], six[:, :, 3:])]
    assert np.array_equal(fit_picture(six, *size, 6, fit), np.concatenate(halves, axis=2))


def test_a_picture_is_never_given_other_channels_than_it_has() -> None:
    with pytest.raises(UnreadableError, match="5 channels, where 3 are taken"):
        fit_picture(np.zeros((4, 4, 5), np.uint8), 4, 4, 3, "stretch")


@pytest.mark.parametrize("channels", [2, 4, 5, 64])
def test_every_augmentation_takes_any_channels(channels: int) -> None:
    values = DRAWS.integers(0, 256, (20, 12, 10, channels), dtype=np.uint8)
    config = DataConfig(
        flip=True, crop_padding=2, rotate=9.0, brightness=0.2, contrast=0.2, cutout=3, resized_crop=0.5, val_share=0.2
    )
    loaded = load(ArraySource("x", values, list("ab") * 10), config)
    part, way = loaded.parts["train"], Augmentation.of(config, loaded.spec)
    rows = part.keys.argsort()
    changed = augmented(part.inputs[:], rows, part.keys, Order(seed=0, epoch=0), way)
    assert changed.shape == (len(rows), 12, 10, channels)


def test_smaller_training_pictures_keep_each_channel_to_itself() -> None:
    values = np.zeros((20, 12, 12, 5), np.uint8)
    values[:] = [10, 50, 90, 130, 170]
    part = load(ArraySource("x", values + np.arange(20, dtype=np.uint8)[:, None, None, None], list("ab") * 10), CONFIG)
    small = at_size(part.parts["train"], 6).inputs[:]
    assert (small - small[..., :1]).unique(dim=0).flatten(0, -2).unique(dim=0).tolist() == [[0, 40, 80, 120, 160]]


@pytest.mark.parametrize(("channels", "shown"), [(1, (7, 7, 7)), (2, (7, 7, 7)), (4, (7, 8, 9)), (6, (7, 8, 9))])
def test_the_first_three_channels_are_shown_or_one(channels: int, shown: tuple[int, ...]) -> None:
    picture = np.broadcast_to(np.arange(7, 7 + channels, dtype=np.uint8), (4, 4, channels))
    assert enlarged(picture, 8).getpixel((4, 4)) == shown


# ---- arrays


def test_arrays_of_16_bits_are_scaled() -> None:
    values = np.full((4, 3, 3, 5), 65535, np.uint16)
    assert ArraySource("x", values, list("abab")).array.tolist() == np.full((4, 3, 3, 5), 255).tolist()


@pytest.mark.parametrize("shape", [(4, 3, 32, 32), (4, 1, 28, 28), (4, 3, 48, 64), (4, 12, 40, 40)])
def test_arrays_with_channels_first_are_told_how_to_turn_them(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"channels stand first\. Give array\.transpose\(0, 2, 3, 1\)"):
        ArraySource("x", np.zeros(shape, np.uint8), list("abab"))


@pytest.mark.parametrize("shape", [(4, 5, 5, 64), (4, 32, 32, 3), (4, 28, 28), (4, 3, 3, 1), (4, 1, 100, 12)])
def test_small_pictures_of_many_channels_are_taken(shape: tuple[int, ...]) -> None:
    assert ArraySource("x", np.zeros(shape, np.uint8), list("abab")).kind == "image"
