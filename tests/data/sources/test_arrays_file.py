"""Arrays and tensors in memory, as a file that a run can name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tellapart.config import Reading
from tellapart.data import open_source
from tellapart.data.sources import arrays_file as module
from tellapart.data.sources.arrays_file import are_arrays, arrays_file, plain
from tellapart.errors import DataError

X = np.arange(4 * 5 * 6 * 3, dtype=np.uint8).reshape(4, 5, 6, 3)
Y = np.array([0, 1, 1, 0])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tellapart" / module.FOLDER


def read(data: Any) -> tuple[list[str], list[Any]]:
    source = open_source(arrays_file(data), Reading())
    entries = source.entries()[0]
    return [entry.label for entry in entries], [source.value(entry).tolist() for entry in entries]


@pytest.mark.parametrize(
    "pair",
    [
        (X, Y),
        (X, Y.tolist()),
        (X, ["0", "1", "1", "0"]),
        (torch.tensor(X), torch.tensor(Y)),
        (torch.tensor(X).permute(0, 3, 1, 2), torch.tensor(Y, dtype=torch.int32)),
        {"x": X, "y": Y},
        {"images": torch.tensor(X), "labels": Y},
    ],
)
def test_arrays_lists_and_tensors_give_the_same_samples(pair: Any) -> None:
    assert are_arrays(pair)
    assert read(pair) == (["0", "1", "1", "0"], X.tolist())


def test_parts_are_named_as_in_a_file() -> None:
    data = {"x_train": X[:3], "y_train": Y[:3], "x_test": X[3:], "y_test": Y[3:]}
    assert [entry.part for entry in open_source(arrays_file(data), Reading()).entries()[0]] == ["train"] * 3 + ["test"]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((2, 3, 8, 9), (2, 8, 9, 3)),
        ((2, 8, 9, 3), (2, 8, 9, 3)),
        ((2, 12, 8, 9), (2, 8, 9, 12)),
        ((2, 3, 8, 3), (2, 8, 3, 3)),
        ((2, 8, 9), (2, 8, 9)),
        ((2, 7), (2, 7)),
    ],
)
def test_the_channels_of_a_tensor_come_last(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    assert plain(torch.zeros(shape, dtype=torch.uint8)).shape == wanted


def test_a_tensor_that_learns_and_one_of_bfloat16_are_numbers() -> None:
    assert plain(torch.ones(2, 3, requires_grad=True)).tolist() == [[1.0] * 3] * 2
    assert plain(torch.ones(2, 3, dtype=torch.bfloat16)).dtype == np.float32


def test_the_same_arrays_are_written_once(cache: Path) -> None:
    first = arrays_file((X, Y))
    written = first.stat().st_ino
    assert arrays_file((X.copy(), Y.tolist())) == first
    assert first.stat().st_ino == written
    assert arrays_file((X, 1 - Y)) != first
    assert len([*cache.iterdir()]) == 2


@pytest.mark.parametrize("data", ["photos", Path("x"), ["a", "b"], ("a", "b"), X, (X,), {"a": 1}, [(X, Y)], []])
def test_anything_else_is_no_arrays(data: Any) -> None:
    assert not are_arrays(data)


def test_python_objects_are_refused() -> None:
    with pytest.raises(DataError, match=r"y: Python objects, not numbers or words"):
        arrays_file((X, [0, None, 1, 2]))


def test_samples_and_labels_of_differing_number_are_refused() -> None:
    with pytest.raises(DataError, match=r"x is of shape \(4, 5, 6, 3\), but y has 3"):
        read((X, Y[:3]))


def test_without_room_it_is_said_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(DataError, match=r"can't be written: No space left on device. Save them with np.savez"):
        arrays_file((X, Y))
    assert [*cache.iterdir()] == []
