"""The sheet of training pictures: what stands under each."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tellapart.data.preview import CELL, LABEL, labels_of, preview_sheet
from tellapart.types import Batch, DataSpec, Task

CLASSES = ("automobile of a long name indeed", "cat")
SPEC = DataSpec(kind="image", shape=(3, 4, 4), classes=CLASSES, mean=(0.0,) * 3, std=(1.0,) * 3)


def batch(**more: Any) -> Batch:
    """Two pictures, of the first class and of the second."""
    inputs = torch.full((2, 3, 4, 4), 9, dtype=torch.uint8)
    return Batch(inputs=inputs, targets=torch.tensor([0, 1]), keys=torch.arange(2), **more)


def mixed(*shares: float) -> Batch:
    return batch(partners=torch.tensor([1, 1]), shares=torch.tensor(shares))


def size(made: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(made)).size


def test_a_plain_picture_has_its_class_under_it() -> None:
    assert labels_of(batch(), SPEC) == [[("", CLASSES[0])], [("", "cat")]]


def test_a_mixed_picture_has_both_classes_the_larger_first() -> None:
    assert labels_of(mixed(0.3, 0.7), SPEC)[0] == [("70 % ", "cat"), ("30 % ", CLASSES[0])]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_picture_mixed_with_its_own_class_has_one(share: float) -> None:
    assert labels_of(mixed(0.5, share), SPEC)[1] == [("", "cat")]


def test_a_picture_that_is_all_its_own_has_one() -> None:
    assert labels_of(mixed(0.999, 0.5), SPEC)[0] == [("", CLASSES[0])]


def test_a_picture_that_is_all_its_partner_s_has_that_one() -> None:
    assert labels_of(mixed(0.001, 0.5), SPEC)[0] == [("", "cat")]


def test_the_sheet_has_room_for_a_line_or_for_two() -> None:
    width = 2 * (CELL + 8) + 8
    assert size(preview_sheet(batch(), SPEC, columns=2)) == (width, CELL + LABEL + 16)
    assert size(preview_sheet(mixed(0.3, 0.7), SPEC, columns=2)) == (width, CELL + 2 * LABEL + 16)


def test_no_name_runs_into_the_next_picture() -> None:
    sheet = np.array(Image.open(io.BytesIO(preview_sheet(mixed(0.7, 0.7), SPEC, columns=2))))
    assert (sheet[CELL + 10 :, 8 + CELL + 2 : 8 + CELL + 8] == 255).all()


def test_several_tasks_stand_under_a_picture_in_words() -> None:
    tasks = (
        Task(name="what", kind="class", classes=("cat", "dog")),
        Task(name="has", kind="labels", classes=("fur", "tail")),
        Task(name="age", kind="number"),
    )
    spec = DataSpec(**{**vars(SPEC), "tasks": tasks, "separator": "|"})
    targets = torch.tensor([[1, 1, 1, 2.5], [torch.nan, 0, 1, torch.nan]])
    asked = Batch(inputs=batch().inputs, targets=targets, keys=torch.arange(2))
    assert labels_of(asked, spec) == [[("", "dog, fur|tail, 2.5")], [("", "–, tail, –")]]
