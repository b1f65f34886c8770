"""VGG: the layers of the paper, and a head for every size."""

import pytest
import torch
from torch import nn

from tellapart.config import ModelConfig
from tellapart.models import build_model
from tellapart.models.norm import Norm
from tellapart.types import DataSpec


def spec_of(side: int) -> DataSpec:
    return DataSpec(kind="image", shape=(3, side, side), classes=tuple("abcde"), mean=(120.0,) * 3, std=(60.0,) * 3)


@pytest.mark.parametrize("layers", [11, 13, 16, 19])
def test_its_name_is_the_number_of_convolutions_and_the_paper_s_three_dense_layers(layers: int) -> None:
    with torch.device("meta"):
        module = build_model(ModelConfig(model=f"vgg{layers}"), spec_of(224), 0)
    assert len([m for m in module.modules() if isinstance(m, nn.Conv2d)]) + 3 == layers


def test_the_size_of_the_picture_does_not_change_the_weights() -> None:
    with torch.device("meta"):
        shapes = [
            [p.shape for p in build_model(ModelConfig(model="vgg11"), spec_of(s), 0).parameters()] for s in (1, 224)
        ]
    assert shapes[0] == shapes[1]


@pytest.mark.slow
def test_its_maps_are_those_of_torchvision_s_network_with_the_same_weights() -> None:
    torchvision = pytest.importorskip("torchvision")
    reference = torchvision.models.vgg11_bn().features.eval()
    own = build_model(ModelConfig(model="vgg11"), spec_of(32), 0).eval()
    with torch.no_grad():
        for one in own.modules():
            if isinstance(one, Norm):  # so that a norm at the wrong place shows
                one.running_mean.uniform_(-0.1, 0.1)
                one.running_var.uniform_(0.5, 2.0)
        for layer in reference:
            if isinstance(layer, nn.Conv2d):
                layer.bias.zero_()  # a norm follows, so ours has none
    body = own[1:-5]
    kept = list(body.state_dict().values())
    slots = [n for n in reference.state_dict() if not n.endswith("num_batches_tracked")]
    slots = [n for n in slots if not (isinstance(reference[int(n.split(".")[0])], nn.Conv2d) and n.endswith("bias"))]
    reference.load_state_dict(dict(zip(slots, kept, strict=True)), strict=False)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(body(x), reference(x), rtol=1e-4, atol=1e-4)
