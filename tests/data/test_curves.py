"""Series and recordings as pictures of curves."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tellapart.data.curves import COLOURS, HEIGHT, WIDTH, curve, curve_sheet
from tellapart.data.preview import LABEL
from tellapart.types import Batch, DataSpec

NAN = float("nan")


def spec(channels: int = 1, kind: str = "series") -> DataSpec:
    scale = {"mean": (0.0,) * channels, "std": (1.0,) * channels}
    return DataSpec(kind=kind, shape=(channels, 9), classes=("up", "down"), rate=8000, **scale)  # type: ignore[arg-type]


def ink(picture: Image.Image) -> np.ndarray:
    """Where something is drawn, bool (H, W)."""
    return np.array(picture).min(axis=2) < 200


def steps(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_a_rising_series_rises_from_the_left_below_to_the_right_above() -> None:
    drawn = ink(curve(steps(0, 1), spec()))
    rows = [np.flatnonzero(column).mean() for column in drawn.T if column.any()]
    assert len(rows) >= WIDTH - 2
    assert rows[0] > 0.9 * HEIGHT
    assert rows[-1] < 0.1 * HEIGHT
    assert (np.diff(rows) < 0.5).all()


def test_a_missing_value_is_a_gap_and_one_between_two_of_them_a_dot() -> None:
    drawn = ink(curve(steps(0, 0, NAN, 0, NAN, 0, 0), spec())).any(axis=0)
    ends = np.flatnonzero(np.diff(drawn.astype(int)))
    assert len(ends) == 4


@pytest.mark.parametrize("length", [1, 2, 5000])
@pytest.mark.parametrize("value", [NAN, 0.0, 3.0])
@pytest.mark.parametrize("kind", ["series", "audio"])
def test_nothing_to_see_is_drawn_all_the_same(length: int, value: float, kind: str) -> None:
    assert curve(steps(*[value] * length), spec(kind=kind)).size == (WIDTH, HEIGHT)


def test_of_many_steps_the_lowest_and_the_highest_are_seen() -> None:
    long = np.zeros((100_000, 1), np.float32)
    long[50_000], long[50_001] = 5, -5
    middle = ink(curve(long, spec(), 100, 60))[:, 49:52]
    assert middle[:5].any()
    assert middle[-5:].any()


def test_the_first_channels_alone_are_drawn() -> None:
    many = np.tile(np.arange(10, dtype=np.float32), (2, 1))
    rows = ink(curve(many, spec(10))).any(axis=1)
    assert np.diff(np.concatenate([[False], rows, [False]]).astype(int)).clip(0).sum() == len(COLOURS)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (4, 1), (5, 2), (40, 8)])
def test_a_sheet_holds_thirty_two_of_them_at_most(count: int, rows: int) -> None:
    batch = Batch(
        inputs=torch.zeros(count, 1, 9),
        targets=torch.arange(count) % 2,
        keys=torch.arange(count),
        lengths=torch.arange(count) % 9 + 1,
    )
    size = Image.open(io.BytesIO(curve_sheet(batch, spec()))).size
    assert size == (4 * (WIDTH + 8) + 8, rows * (HEIGHT + LABEL + 8) + 8)


def test_under_a_mixed_series_stand_both_classes_however_long_their_names() -> None:
    series = {"inputs": torch.zeros(1, 1, 9), "keys": torch.arange(1), "lengths": torch.tensor([9])}
    named = replace(spec(), classes=("up", "i" * 300))
    plain = Batch(targets=torch.tensor([0]), **series)
    mixed = Batch(targets=torch.tensor([1]), partners=torch.tensor([0]), shares=torch.tensor([0.7]), **series)
    ends = []
    for batch in (plain, mixed):
        strip = ink(Image.open(io.BytesIO(curve_sheet(batch, named))))[8 + HEIGHT + 1 :].any(axis=0)
        ends.append(np.flatnonzero(strip).max() - 8)
    assert ends[0] < WIDTH / 4
    assert WIDTH / 2 < ends[1] < WIDTH
