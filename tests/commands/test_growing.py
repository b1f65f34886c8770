from dataclasses import replace
from types import SimpleNamespace

import pytest

from tellapart.commands.growing import FEWEST, SIZES, picture_sizes
from tellapart.config import DataConfig, ModelConfig, RunConfig, TrainConfig
from tellapart.types import DataSpec


def pictures(samples, side=32):
    spec = DataSpec(kind="image", shape=(3, side, side), classes=("a", "b"), mean=(0.5,) * 3, std=(0.2,) * 3)
    return SimpleNamespace(spec=spec, parts={"train": range(samples)})


AUTO = RunConfig(data="x", load=DataConfig(augment="auto"), model=ModelConfig(model="whitened-cnn"))


def test_many_pictures_grow_and_it_is_told():
    sizes, said = picture_sizes(AUTO, pictures(FEWEST))
    assert sizes == SIZES
    assert "62.5%" in said[0]


@pytest.mark.parametrize(
    ("config", "given"),
    [
        (AUTO, pictures(FEWEST - 1)),
        (AUTO, pictures(FEWEST, side=16)),
        (replace(AUTO, load=DataConfig(augment="light")), pictures(FEWEST)),
        (replace(AUTO, model=ModelConfig(model="resnet18")), pictures(FEWEST)),
        (replace(AUTO, train=TrainConfig(time="1m")), pictures(FEWEST)),
    ],
    ids=["few", "small", "by hand", "another model", "a time"],
)
def test_otherwise_they_have_their_full_size_from_the_start(config, given):
    assert picture_sizes(config, given) == ((1.0,), ())


def test_sizes_that_are_set_are_taken():
    config = replace(AUTO, load=DataConfig(augment="auto", sizes=(0.5, 1.0)))
    assert picture_sizes(config, pictures(10)) == ((0.5, 1.0), ())
