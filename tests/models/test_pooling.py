"""A map to one number a channel, three ways."""

import pytest
import torch

from tellapart.config import ModelConfig, Pooling
from tellapart.errors import SettingError
from tellapart.models import build_model
from tellapart.models.pooling import POOLINGS, GeneralisedMean
from tellapart.types import DataSpec

X = torch.tensor([1.0, 2.0, 3.0, 6.0]).reshape(1, 1, 2, 2)


@pytest.mark.parametrize(
    ("pooling", "value"), [("mean", 3.0), ("max", 6.0), ("gem", ((1 + 8 + 27 + 216) / 4) ** (1 / 3))]
)
def test_a_pool_of_four_pixels_by_hand(pooling: Pooling, value: float) -> None:
    assert POOLINGS[pooling]()(X).shape == (1, 1, 1, 1)
    assert POOLINGS[pooling]()(X).item() == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(("power", "value"), [(1.0, 3.0), (40.0, 6.0)])
def test_the_generalised_mean_goes_from_the_mean_to_the_maximum(power: float, value: float) -> None:
    pool = GeneralisedMean()
    torch.nn.init.constant_(pool.power, power)
    assert pool(X).item() == pytest.approx(value, rel=0.04)


def test_the_power_is_learned_even_from_dead_pixels() -> None:
    pool, x = GeneralisedMean(), torch.zeros(2, 3, 2, 2)
    x[0, 0, 0, 0] = 2.0
    pool(x).sum().backward()
    assert pool.power.grad is not None
    assert torch.isfinite(pool.power.grad).all()
    assert pool.power.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["vgg11", "resnet18"])
def test_the_setting_changes_what_a_model_says(name: str) -> None:
    spec = DataSpec(kind="image", shape=(1, 32, 32), classes=("a", "b"), mean=(100.0,), std=(50.0,))
    x = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    said = [
        build_model(ModelConfig(model=name, widths=(4, 4), pooling=pooling), spec, 0).eval()(x) for pooling in POOLINGS
    ]
    assert not any(torch.equal(said[a], said[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_an_unknown_pooling_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingError, match=r"pooling is 'average'.*mean, max, gem, last, attention"):
        ModelConfig(pooling="average")  # type: ignore[arg-type]
