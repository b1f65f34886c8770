"""Stochastic depth: which samples skip a block, and how often."""

import pytest
import torch

from tellapart.config import ModelConfig
from tellapart.errors import SettingError
from tellapart.models import build_model
from tellapart.models.drop_path import DropPath, rates
from tellapart.models.resnet import BasicBlock
from tellapart.types import DataSpec

SPEC = DataSpec(kind="image", shape=(1, 8, 8), classes=("a", "b"), mean=(100.0,), std=(50.0,))


def test_a_sample_is_dropped_whole_or_grows_so_that_the_mean_stays() -> None:
    torch.manual_seed(0)
    out = DropPath(0.25).train()(torch.ones(4000, 2, 3, 3))
    values = out.flatten(1)
    assert (values == values[:, :1]).all()
    assert {round(v, 4) for v in values[:, 0].tolist()} == {0.0, round(1 / 0.75, 4)}
    assert out.mean().item() == pytest.approx(1, abs=0.03)  # three deviations of the mean of 4000 draws


def test_nothing_is_dropped_in_prediction() -> None:
    x = torch.randn(5, 2, 3, 3)
    assert torch.equal(DropPath(0.9).eval()(x), x)


def test_the_rate_rises_evenly_to_that_of_the_last_block() -> None:
    assert rates(0.4, 4) == pytest.approx([0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_blocks_of_a_network_have_those_rates(name: str) -> None:
    module = build_model(ModelConfig(model=name, widths=(2, 2, 2, 2), drop_path=0.8), SPEC, 0)
    found = [layer.rate for layer in module.modules() if isinstance(layer, DropPath)]
    assert found == pytest.approx([0.8 * (k + 1) / len(found) for k in range(len(found))])
    assert len(found) == {"resnet18": 8, "resnet50": 16}[name]


def test_a_sample_that_skips_a_block_comes_out_as_it_came_in() -> None:
    block, x = BasicBlock(3, 3, 1, "relu", 0.999999).train(), torch.rand(4, 3, 5, 5)
    torch.manual_seed(0)
    assert torch.equal(block(x), x)


def test_two_draws_differ_and_the_same_draws_agree() -> None:
    module = build_model(ModelConfig(model="resnet18", widths=(4, 4), drop_path=0.5), SPEC, 0).train()
    x = torch.randint(0, 256, (8, 1, 8, 8), dtype=torch.uint8)
    said = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        said.append(module(x))
    assert torch.equal(said[0], said[1])
    assert not torch.equal(said[0], said[2])


@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_a_share_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(SettingError, match="drop_path is"):
        ModelConfig(drop_path=value)
