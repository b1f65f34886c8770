"""Convolutions as products: which ones, and that they come to what a convolution comes to."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from tellapart.config import OptimConfig, TrainConfig
from tellapart.training import unrolled as room
from tellapart.training.plan import Extent, plan
from tellapart.training.unrolled import FEWEST, unrolled
from tellapart.world import World


@settings(deadline=None)
@given(
    batch=st.integers(1, 3),
    channels=st.sampled_from((1, 3, 8)),
    filters=st.sampled_from((1, 5)),
    height=st.integers(1, 8),
    width=st.integers(1, 8),
    side=st.sampled_from((3, 5)),
    whole=st.booleans(),
)
def test_a_product_and_its_gradients_are_those_of_the_convolution(batch, channels, filters, height, width, side, whole):
    torch.manual_seed(0)
    maps = torch.randn(batch, channels, height, width, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(filters, channels, side, side, dtype=torch.float64, requires_grad=True)
    ways = (room._Product.apply(maps, weights, whole), functional.conv2d(maps, weights, padding=side // 2))
    values = [(way, *torch.autograd.grad(way.sin().sum(), (maps, weights))) for way in ways]
    for ours, theirs in zip(*values, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.fixture
def products(monkeypatch):
    """Whether the convolution was one as well, for each product that was taken."""
    counted, inner = [], room._Product.apply
    monkeypatch.setattr(room._Product, "apply", lambda *args: counted.append(args[2]) or inner(*args))
    return counted


def answers(layer, maps, on):
    with torch.autocast("cpu", torch.bfloat16), unrolled(on):
        return layer(maps)


@pytest.mark.parametrize(("bias", "padding"), [(True, 1), (False, 1), (True, "same")])
def test_a_deep_layer_on_small_maps_answers_nearly_the_same_by_products(bias, padding, products):
    layer = nn.Conv2d(FEWEST, 32, 3, padding=padding, bias=bias)
    maps = torch.randn(4, FEWEST, 5, 6)
    ours, theirs = answers(layer, maps, True), answers(layer, maps, False)
    assert ours.dtype == theirs.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
    assert len(products) == (padding == 1)


@pytest.mark.parametrize(
    ("channels", "side", "whole"),
    [(FEWEST, room.TINY + 1, False), (FEWEST, room.TINY, True), (room.DEEP, room.TINY + 1, True)],
)
def test_tiny_maps_and_deep_ones_are_convolved_by_a_product_too_others_have_its_gradient(
    channels, side, whole, products
):
    layer, maps = nn.Conv2d(channels, 8, 3, padding=1), torch.randn(2, channels, side, side, requires_grad=True)
    found = []
    for on in (True, False):
        grads = torch.autograd.grad(answers(layer, maps, on).float().sin().sum(), (maps, layer.weight))
        found.append(grads)
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0.05, atol=0.05 * float(theirs.abs().max()))
    assert products == [whole]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(FEWEST // 2, 8, 3, padding=1),
        nn.Conv2d(FEWEST, 8, 3, padding=1, stride=2),
        nn.Conv2d(FEWEST, 8, 3, padding=2, dilation=2),
        nn.Conv2d(FEWEST, FEWEST, 3, padding=1, groups=2),
        nn.Conv2d(FEWEST, 8, 3),
        nn.Conv2d(FEWEST, 8, 1),
        nn.Conv2d(FEWEST, 8, (3, 1), padding=(1, 0)),
        nn.Conv2d(FEWEST, 8, 3, padding=1, padding_mode="reflect"),
    ],
    ids=str,
)
def test_any_other_layer_convolves(layer, products):
    maps = torch.randn(2, layer.in_channels, 6, 6)
    assert torch.equal(answers(layer, maps, True), answers(layer, maps, False))
    assert not products


def test_a_wide_map_is_convolved(products):
    answers(nn.Conv2d(FEWEST, 8, 3, padding=1), torch.randn(1, FEWEST, 4, room.WIDEST + 1), True)
    assert not products


def test_functional_calls_of_either_form_work(products):
    maps, weights = torch.randn(1, FEWEST, 4, 4), torch.randn(2, FEWEST, 3, 3)
    with unrolled(True):
        functional.conv2d(maps, weights, None, 1, 1)
        functional.conv2d(maps, weights, padding=1)
        functional.conv2d(maps, weights)
    assert len(products) == 1


@pytest.mark.parametrize(
    ("bf16", "tiles", "compiling", "taken"),
    [(True, True, "off", True), (True, False, "off", False), (False, True, "off", False), (True, True, "on", False)],
)
def test_products_are_planned_where_bf16_comes_in_tiles(bf16, tiles, compiling, taken):
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(2))
    sample = torch.zeros(1, 3, 8, 8)
    module(sample)
    world = World(device=torch.device("cpu"), threads=1, bf16=True, tiles=tiles)
    config = TrainConfig(precision="bf16" if bf16 else "fp32", compile=compiling)
    assert plan(module, (sample,), OptimConfig(), config, (Extent(samples=8, steps=1),), world).unrolled is taken
