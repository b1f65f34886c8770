"""bf16 is taken where it is faster and loses nothing, by what is products of a module."""

import numpy as np
import pytest
import torch
from torch import nn

from tellapart.commands.learner import longer_than_first, new_learner
from tellapart.config import RunConfig
from tellapart.data.resident import load
from tellapart.data.sources.sequences import SequenceSource
from tellapart.models.recurrent import lstm
from tellapart.training.arithmetic import bf16_pays, products
from tellapart.types import DataSpec, Part
from tellapart.world import World

ROWS = DataSpec(kind="image", shape=(1, 28, 28), classes=("a", "b"), mean=(0.0,), std=(1.0,))


def world(bf16: bool = True, tiles: bool = True) -> World:
    return World(device=torch.device("cpu"), threads=1, bf16=bf16, tiles=tiles)


def test_products_are_counted_as_by_hand() -> None:
    convolving = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.Flatten(), nn.Linear(64 * 784, 2))
    assert products(convolving, (torch.zeros(1, 1, 28, 28),)) == ({nn.Conv2d: 28 * 28 * 64 * 9, nn.LSTM: 0}, 0)
    two = nn.LSTM(3, 5, num_layers=2, batch_first=True)
    first, second = 4 * 5 * (3 + 5), 4 * 5 * (5 + 5)
    assert products(two, (torch.zeros(1, 7, 3),)) == ({nn.Conv2d: 0, nn.LSTM: first + second}, 7)
    assert products(nn.LSTM(3, 5), (torch.zeros(7, 1, 3),))[1] == 7
    assert products(nn.Linear(2, 2), (torch.zeros(1, 2),)) == ({nn.Conv2d: 0, nn.LSTM: 0}, 0)


def test_counting_leaves_the_module_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    products(module, (torch.ones(1, 1, 5, 5),))
    assert module.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert not module[0]._forward_hooks


@pytest.mark.parametrize(
    ("steps", "batch", "longer", "on", "pays"),
    [
        (28, 128, 1.0, world(), True),
        (28, 128, 1.0, world(tiles=False), False),
        (28, 128, 1.0, world(bf16=False), False),
        (28, 4, 1.0, world(), False),  # too few products to pay for the cast
        (100, 128, 1.0, world(), True),
        (101, 128, 1.0, world(), False),  # its memory would be rounded too often
        (50, 128, 2.1, world(), False),
    ],
)
def test_an_lstm_over_short_sequences_is_cast_where_there_are_tiles(
    steps: int, batch: int, longer: float, on: World, pays: bool
) -> None:
    module = lstm(ROWS, layers=1, hidden=128)
    assert bf16_pays(module, (torch.zeros(1, 1, steps, 28),), batch, on, longer) is pays


@pytest.mark.parametrize(("val", "precision"), [(100, "bf16"), (101, "fp32")])
def test_the_longest_sequence_counts_that_training_meets_or_val(val: int, precision: str) -> None:
    lengths = [20, 100, 60, 30, val, 10]
    rows = [np.ones((length, 3), dtype=np.float32) for length in lengths]
    parts: list[Part] = ["train"] * 4 + ["val"] * 2
    config = RunConfig.of("s", {"model": "lstm", "hidden": 128, "batch": 128, "test_share": 0.0})
    loaded = load(SequenceSource("s", "series", rows, list("ababab"), parts=parts), config.load)
    assert longer_than_first(loaded) == val / 20
    assert new_learner(config, loaded, world()).plan.precision == precision
