"""How far each weight is from the head."""

import pytest
import torch
from torch import nn

from tellapart.training.depths import layer_depths


def named(*weights: str) -> nn.Module:
    """A module with weights of these names, in this order; one ending in `weight` is a matrix."""
    module = nn.Module()
    for name in weights:
        *path, last = name.split(".")
        place = module
        for part in path:
            if part not in dict(place.named_children()):
                place.add_module(part, nn.Module())
            place = place.get_submodule(part)
        shape = (2, 2) if last in ("weight", "pos_embed") else (2,)
        place.register_parameter(last, nn.Parameter(torch.zeros(shape)))
    return module


@pytest.mark.parametrize(
    "depths",
    [
        {"1.weight": 2, "1.bias": 2, "4.weight": 1, "5.scale": 1, "8.weight": 0, "8.bias": 0},
        {"whiten.weight": 2, "blocks.1.weight": 1, "blocks.3.bias": 1, "head.weight": 0},
        {
            "conv1.weight": 3,
            "bn1.scale": 3,
            "layer1.0.conv1.weight": 2,
            "layer1.0.bn1.scale": 2,
            "layer1.0.shortcut.0.weight": 2,
            "layer1.1.conv1.weight": 1,
            "fc.weight": 0,
            "fc.bias": 0,
        },
        {
            "pos_embed": 3,
            "patch_embed.proj.weight": 3,
            "blocks.0.norm1.scale": 2,
            "blocks.0.attn.qkv.weight": 2,
            "blocks.1.attn.qkv.weight": 1,
            "norm.scale": 1,
            "head.weight": 0,
        },
        {
            "body.stem.0.weight": 3,
            "body.stages.0.blocks.0.conv.weight": 2,
            "body.stages.0.blocks.1.conv.weight": 1,
            "body.head.norm.scale": 1,
            "body.head.fc.weight": 0,
        },
    ],
    ids=["in sequence", "whitened-cnn", "resnet", "vit", "convnext inside another"],
)
def test_blocks_are_counted_from_the_head(depths: dict[str, int]) -> None:
    assert layer_depths(named(*depths)) == depths


def test_a_scale_before_the_first_matrix_is_of_the_first_block() -> None:
    module = nn.Sequential(nn.LayerNorm(3), nn.Linear(3, 3), nn.Linear(3, 2))
    assert layer_depths(module) == {"0.weight": 1, "0.bias": 1, "1.weight": 1, "1.bias": 1, "2.weight": 0, "2.bias": 0}


def test_layers_without_any_number_are_a_block_each() -> None:
    assert layer_depths(named("first.weight", "second.weight", "head.weight")) == {
        "first.weight": 2,
        "second.weight": 1,
        "head.weight": 0,
    }


def test_a_module_without_matrices_is_all_head() -> None:
    assert layer_depths(nn.LayerNorm(3)) == {"weight": 0, "bias": 0}
    assert layer_depths(nn.Identity()) == {}
