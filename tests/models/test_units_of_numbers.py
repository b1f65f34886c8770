"""Numbers in the unit of the data: the last layer of a model that is asked for how much."""

import torch

from tellapart.config import ModelConfig
from tellapart.models import MODELS, build_model
from tellapart.models.units import Units
from tellapart.types import DataSpec, Task

TASKS = (
    Task(name="kind", kind="class", classes=("a", "b")),
    Task(name="age", kind="number", mean=40.0, std=10.0),
    Task(name="tags", kind="labels", classes=("c",)),
)
SPEC = DataSpec(
    kind="image",
    shape=(3, 12, 12),
    classes=("kind=a", "kind=b", "age", "tags=c"),
    mean=(100.0,) * 3,
    std=(50.0,) * 3,
    tasks=TASKS,
)


def test_numbers_alone_are_moved() -> None:
    found = Units(SPEC)(torch.tensor([[1.0, 2.0, 0.5, 3.0]]))
    assert found.tolist() == [[1.0, 2.0, 45.0, 3.0]]


def test_a_model_begins_near_the_mean_of_the_number() -> None:
    inputs = torch.randint(0, 256, (8, 3, 12, 12), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    module = build_model(ModelConfig(model="cnn"), SPEC, seed=0)
    logits = module(inputs)
    assert logits.shape == (8, 4)
    assert ((logits[:, 2] - 40).abs() < 10).all()


def test_without_a_number_nothing_is_put_around_the_network() -> None:
    spec = DataSpec(**{**vars(SPEC), "tasks": (TASKS[0],), "classes": ("a", "b")})
    plain = DataSpec(**{**vars(SPEC), "tasks": (), "classes": ("a", "b")})
    for name, row in MODELS.items():
        if "image" in row.kinds:
            one, other = (build_model(ModelConfig(model=name), s, seed=0).state_dict() for s in (spec, plain))
            assert list(one) == list(other)
