"""Whether pictures may be mirrored: by the names of the classes, and by planted cases for the quick model."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from tellapart.data import mirror
from tellapart.data.resident import Resident
from tellapart.types import DataSpec, Task

B = ("1000", "1000", "1110", "1010", "1110")
"""A small b; from the other side it is a d."""


def spec_of(classes: Sequence[str], tasks: tuple[Task, ...] = ()) -> DataSpec:
    return DataSpec(kind="image", shape=(1, 4, 4), classes=tuple(classes), mean=(0.0,), std=(1.0,), tasks=tasks)


def why_not_mirrored(part: Resident, classes: Sequence[str]) -> str | None:
    return mirror.why_not_mirrored(part, spec_of(classes))


def part(pictures: np.ndarray, targets: Sequence[int]) -> Resident:
    N = len(pictures)
    return Resident(
        inputs=torch.from_numpy(pictures.astype(np.uint8)),
        targets=torch.tensor(targets),
        keys=torch.arange(N),
        ids=tuple(map(str, range(N))),
    )


def letters(N: int, side: int = 20) -> Resident:
    """Drawings of b (class 0) and of d (class 1), in places of their own under noise."""
    draws, shape = np.random.default_rng(0), np.array([[int(dot) for dot in row] for row in B])
    pictures = draws.integers(0, 60, (N, side, side, 1))
    for i, picture in enumerate(pictures):
        drawn = np.kron(shape if i % 2 == 0 else shape[:, ::-1], np.ones((3, 3)))
        y, x = draws.integers(0, side - drawn.shape[0] + 1), draws.integers(3, side - drawn.shape[1] - 2)
        picture[y : y + drawn.shape[0], x : x + drawn.shape[1], 0] += (150 * drawn).astype(int)
    return part(pictures, [i % 2 for i in range(N)])


def textures(N: int, seed: int = 0, C: int = 1) -> Resident:
    """Fine noise (class 0), and coarse and brighter noise (class 1)."""
    draws = np.random.default_rng(seed)
    fine = draws.integers(0, 200, (N // 2, 16, 16, C))
    coarse = 40 + np.kron(draws.integers(0, 200, (N // 2, 4, 4, C)), np.ones((1, 4, 4, 1)))
    return part(np.concatenate([fine, coarse]), [0] * (N // 2) + [1] * (N // 2))


SAFE = textures(100)


@pytest.mark.parametrize("N", [80, 400])
def test_shapes_that_are_each_other_s_mirror_image_are_found(N: int) -> None:
    found = why_not_mirrored(letters(N), ("bee", "dee"))
    assert found is not None
    assert found.startswith("a quick model has ")
    assert found.endswith("% of mirrored ones")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("C", [1, 3])
def test_textures_look_the_same_from_both_sides(seed: int, C: int) -> None:
    assert why_not_mirrored(textures(300, seed, C), ("fine", "coarse")) is None


def test_classes_that_nobody_could_tell_apart_speak_against_nothing() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 8, 8, 3))
    assert why_not_mirrored(part(noise, [i % 4 for i in range(200)]), ("aa", "bb", "cc", "dd")) is None


def test_a_handful_of_pictures_says_nothing() -> None:
    assert why_not_mirrored(letters(20), ("bee", "dee")) is None


def test_one_class_alone_says_nothing() -> None:
    assert why_not_mirrored(part(np.zeros((40, 4, 4, 1)), [0] * 40), ("all",)) is None


def test_the_handwritten_digits_would_be_found_under_any_name() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    given = part(digits.images[..., np.newaxis] * 15, digits.target.tolist())
    found = why_not_mirrored(given, [f"class-{k}" for k in "abcdefghij"])
    assert found is not None
    assert found.startswith("a quick model has 9")


@pytest.mark.parametrize("classes", [("0", "1", "2"), ("10", "11"), ("6", "nine", "9"), (" 3", "4 ")])
def test_digits_are_not_mirrored(classes: tuple[str, ...]) -> None:
    assert why_not_mirrored(SAFE, classes) == "class names are digits"


@pytest.mark.parametrize("classes", [("a", "b"), ("A", "b", "other"), ("п", "р"), ("1", "x")])
def test_single_letters_are_not_mirrored(classes: tuple[str, ...]) -> None:
    assert why_not_mirrored(SAFE, classes) == "class names are single letters"


@pytest.mark.parametrize(
    "name",
    ["left", "Left", "turn_right", "arrow-left", "turnLeft", "links", "mano derecha", "HAND LEFT", "lhs2", "право"],
)
def test_a_word_for_a_side_is_not_mirrored(name: str) -> None:
    assert why_not_mirrored(SAFE, ("straight", name)) == f"the class {name!r} is named after a side"


@pytest.mark.parametrize(
    "classes", [("cat", "dog"), ("bright", "leftover"), ("x", "other"), ("1", "two"), ("copyright", "aleft")]
)
def test_other_names_say_nothing(classes: tuple[str, ...]) -> None:
    assert why_not_mirrored(SAFE, classes) is None


def asked(given: Resident, *tasks: Task) -> str | None:
    """The same of tasks whose targets are those of the part, each column alike."""
    columns = given.targets.float()[:, None].repeat(1, sum(task.columns for task in tasks))
    return mirror.why_not_mirrored(replace(given, targets=columns), spec_of(("x",), tasks))


def test_one_of_several_tasks_is_enough() -> None:
    safe, sided = (
        Task(name=name, kind="class", classes=classes)
        for name, classes in (("grain", ("fine", "coarse")), ("hand", ("left", "right")))
    )
    assert asked(SAFE, safe) is None
    assert asked(SAFE, safe, sided) == "hand: the class 'left' is named after a side"


def test_shapes_of_one_of_several_tasks_are_looked_at_where_its_answer_is_known() -> None:
    task = Task(name="letter", kind="class", classes=("bee", "dee"))
    found = asked(letters(400), task)
    assert found is not None
    assert found.startswith("letter: a quick model has ")
    unknown = replace(letters(400), targets=torch.full((400, 1), torch.nan))
    assert mirror.why_not_mirrored(unknown, spec_of(("bee", "dee"), (task,))) is None


def test_a_number_may_be_an_angle() -> None:
    assert asked(SAFE, Task(name="angle", kind="number")) == "angle is a number, which a mirror may change"
